"""Whatever is changed, taken out or put in shows in the chain, at its place."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES
from manifests.chain import ChainBreak, digest, sealed, verify_chain
from manifests.errors import ManifestError
from manifests.manifest import Cost, Image, Manifest, Source
from manifests.reader import read_manifest
from tests.manifests.conftest import ADHERENCE, make_draft


def make_chain(length: int) -> list[Manifest]:
    chain: list[Manifest] = []
    source = Source(file="abc.png", sha256="cd" * 32)
    for number in range(1, length + 1):
        draft = make_draft("run", source=source if number % 2 else None)
        facts = vars(draft) | {"cost": Cost(amount=0.04, currency="EUR", usage={"tokens": 7})}
        if number > 2:
            facts["adherence"] = ADHERENCE
        chain.append(
            sealed(
                student="ada",
                assignment="tp2",
                attempt=number,
                time=datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=number),
                image=Image(
                    file=f"run-{number}.png",
                    bytes=10,
                    width=16,
                    height=16,
                    sha256="01" * 32,
                    pixels_sha256="23" * 32,
                ),
                sequence=number,
                previous=chain[-1].digest if chain else None,
                **facts,
            )
        )
    return chain


CHAIN = make_chain(5)


def as_json(manifest: Manifest) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(manifest.model_dump_json(by_alias=True))
    return document


def leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        return [leaf for key, child in value.items() for leaf in leaves(child, (*path, key))]
    return [path]


def test_an_untouched_chain_is_whole_in_any_order():
    assert verify_chain(CHAIN) == []
    assert verify_chain(reversed(CHAIN)) == []
    assert verify_chain([]) == []
    assert verify_chain(read_manifest(json.dumps(as_json(m)).encode()) for m in CHAIN) == []


def test_the_digest_is_of_everything_else():
    assert all(digest(m) == m.digest for m in CHAIN)
    assert digest(CHAIN[0].model_copy(update={"digest": "0" * 64})) == CHAIN[0].digest


def test_the_digest_does_not_change_with_the_program():
    """Manifests written today must hold in later versions: these numbers may never change."""
    assert CHAIN[0].digest == "2c409e7d0380752faa38442267252b2f0b429a5137986696279918a0acaa0019"
    assert CHAIN[2].digest == "a2bf07ae59d1250850dc35d31baa596a0a016e62023fb01f02d2e06cfe8af453"


def test_the_digest_can_be_made_from_the_file_as_the_document_says():
    document = as_json(CHAIN[0])
    recorded = document.pop("digest")
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sha256(f"genai-lab/chain/1\n{canonical}".encode()).hexdigest() == recorded


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_an_edit_of_any_field_shows_at_its_manifest(data: st.DataObject):
    index = data.draw(st.integers(0, len(CHAIN) - 1))
    document = as_json(CHAIN[index])
    path = data.draw(st.sampled_from(leaves(document)))
    place = document
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    if isinstance(old, bool | int | float):
        place[path[-1]] = old + data.draw(st.sampled_from([-1, 1, 0.5]))
    elif isinstance(old, str):
        at = data.draw(st.integers(0, max(0, len(old) - 1)))
        place[path[-1]] = old[:at] + data.draw(st.sampled_from("0123456789abc")) + old[at + 1 :]
    else:
        place[path[-1]] = data.draw(
            st.sampled_from([0.5, 1, "x", "ab" * 32, {"file": "a.png", "sha256": "ab" * 32}])
        )
    try:
        edited = read_manifest(json.dumps(document).encode())
    except ManifestError:
        return  # found out even sooner
    if edited == CHAIN[index]:
        return  # a digit became itself
    breaks = verify_chain([*CHAIN[:index], edited, *CHAIN[index + 1 :]])
    assert ChainBreak(edited.sequence, "edited") in breaks


@pytest.mark.parametrize("index", range(4))
def test_a_manifest_taken_out_is_missed_at_its_number(index: int):
    assert verify_chain(CHAIN[:index] + CHAIN[index + 1 :]) == [ChainBreak(index + 1, "missing")]


@pytest.mark.parametrize("index", range(4))
def test_a_manifest_rewritten_with_a_fresh_digest_breaks_the_next_link(index: int):
    fields = {name: getattr(CHAIN[index], name) for name in Manifest.model_fields if name != "digest"}
    forged = sealed(**fields | {"seconds": 99.0})
    assert verify_chain([*CHAIN[:index], forged, *CHAIN[index + 1 :]]) == [ChainBreak(index + 2, "link")]


def test_a_manifest_put_in_is_a_duplicate():
    fields = {name: getattr(CHAIN[2], name) for name in Manifest.model_fields if name != "digest"}
    forged = sealed(**fields | {"seconds": 99.0})
    assert ChainBreak(3, "duplicate") in verify_chain([*CHAIN, forged])


def test_a_first_manifest_with_a_predecessor_is_a_break():
    fields = {name: getattr(CHAIN[0], name) for name in Manifest.model_fields if name != "digest"}
    assert verify_chain([sealed(**fields | {"previous": "0" * 64})]) == [ChainBreak(1, "link")]


def test_a_forged_number_gives_one_break_and_not_a_million():
    fields = {name: getattr(CHAIN[0], name) for name in Manifest.model_fields if name != "digest"}
    forged = sealed(**fields | {"sequence": 1_000_000})
    assert verify_chain([*CHAIN, forged]) == [ChainBreak(6, "missing")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_break_has_words(language: Any):
    texts = {ChainBreak(7, kind).text(language) for kind in ("edited", "missing", "duplicate", "link")}
    assert len(texts) == 4
    assert all("7" in text for text in texts)
