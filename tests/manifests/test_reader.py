"""A manifest from outside is read strictly or refused with a ManifestError, whatever the bytes."""

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES
from manifests.errors import JsonError, ManifestError
from manifests.manifest import Manifest
from manifests.reader import MAX_BYTES, read_manifest, read_manifest_file
from manifests.strict_json import parse
from tests.manifests.test_chain import CHAIN, as_json

FULL = CHAIN[2]  # with every part a manifest may have
GOOD = FULL.model_dump_json(by_alias=True, indent=2).encode()


def changed(*path: str, to: Any) -> bytes:
    document = as_json(FULL)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(document).encode()


def without(key: str) -> bytes:
    document = as_json(FULL)
    del document[key]
    return json.dumps(document).encode()


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:01Z"])
def test_a_moment_that_no_clock_shows_is_refused(time: str):
    with pytest.raises(ManifestError):
        read_manifest(changed("time", to=time))


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z"])
def test_the_first_and_the_last_moment_are_read(time: str):
    assert read_manifest(changed("time", to=time)).time == datetime.fromisoformat(time)


def test_what_the_store_writes_is_read_back():
    assert read_manifest(GOOD) == FULL


PART = as_json(FULL)["adherence"]["parts"][0]  # asked for and not found
REFUSED = {
    "empty": b"",
    "not UTF-8": GOOD.replace(b"a bag", b"\xff\xfe"),
    "UTF-16 without a mark": GOOD.decode().encode("utf-16-le"),
    "UTF-16 cut in two": GOOD.decode().encode("utf-16")[:-1],
    "no JSON": GOOD[:-2],
    "two documents": GOOD + GOOD,
    "NaN": GOOD.replace(b"7.5", b"NaN"),
    "Infinity": GOOD.replace(b"7.5", b"-Infinity"),
    "a float beyond range": GOOD.replace(b"7.5", b"1e999"),
    "an endless integer": GOOD.replace(b"7.5", b"9" * 5000),
    "a key twice": GOOD.replace(b'"device":', b'"device": "gpu",\n "device":'),
    "a broken character": GOOD.replace(b"a bag", rb"\ud800"),
    "nesting 10,000 deep": b"[" * 10_000 + b"]" * 10_000,
    "nesting in a field": GOOD.replace(b'"a bag"', b"[" * 100 + b"]" * 100),
    "nesting after an unfinished string": b'"' + b'\\"[{' * 30_000,
    "too large": GOOD + b" " * MAX_BYTES,
    "a list": b"[" + GOOD + b"]",
    "a number": b"7",
    "an unknown field": changed("points", to=20),
    "an unknown field within": changed("request", "eta", to=0.0),
    "another version": changed("schema", to="genai-lab/manifest/2"),
    "no version": without("schema"),
    "no digest": without("digest"),
    "a number as text": changed("request", "steps", to="30"),
    "a whole number with a point": changed("request", "steps", to=30.5),
    "a truth value": changed("request", "steps", to=True),
    "a text as number": changed("request", "prompt", to=3),
    "too many steps": changed("request", "steps", to=10**6),
    "a seed a browser would corrupt": changed("request", "seed", to=2**60),
    "a path as file": changed("image", "file", to="../../etc/passwd"),
    "an absolute path": changed("image", "file", to="/etc/passwd"),
    "a hidden file": changed("image", "file", to=".bashrc"),
    "a file with a newline": changed("image", "file", to="a.png\n"),
    "a source with a path": changed("request", "source", "file", to="a/b.png"),
    "a hash too short": changed("image", "sha256", to="ab"),
    "a run that is no id": changed("run", to="<b>run</b>"),
    "a prompt of 3,000 characters": changed("request", "prompt", to="x" * 3000),
    "time without zone": changed("time", to="2026-11-20T06:00:00"),
    "a negative time taken": changed("seconds", to=-1),
    "sequence zero": changed("sequence", to=0),
    "an opinion of nothing": changed("adherence", "parts", to=[]),
    "an opinion with a grade": changed("adherence", "points", to=20),
    "an opinion without a judge": changed("adherence", "judge", to=""),
    "more found than there is": changed("adherence", "found", to=2),
    "a part twice": changed("adherence", "parts", to=[PART, PART]),
    "a part of another kind": changed("adherence", "parts", to=[PART | {"kind": "place"}]),
    "more than certain": changed("adherence", "parts", to=[PART | {"probability": 1.5}]),
    "a word that is markup": changed("adherence", "parts", to=[PART | {"first": "<b>"}]),
    "a huge image": changed("image", "width", to=30_000),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(data: bytes):
    with pytest.raises(ManifestError) as caught:
        read_manifest(data)
    for language in LANGUAGES:
        assert "\n" not in caught.value.in_language(language)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        b"\xfe\xff" + GOOD.decode().encode("utf-16-be"),
    ],
)
def test_what_an_editor_puts_before_it_does_no_harm(data: bytes):
    assert read_manifest(data) == read_manifest(GOOD)


@pytest.mark.parametrize("count", [2_000, 20_000])
def test_a_key_twice_among_many_is_found_in_time_that_grows_with_their_number(count: int):
    keys = ",".join(f'"k{number}":0' for number in range(count))
    data = f'{{{keys},"k{count - 1}":0}}'.encode()
    start = time.process_time()
    with pytest.raises(JsonError, match=f"k{count - 1}"):
        parse(data, max_bytes=len(data))
    assert time.process_time() - start < count / 10_000


def test_a_refusal_names_the_field_in_the_readers_language():
    with pytest.raises(ManifestError) as caught:
        read_manifest(changed("request", "steps", to="30"))
    assert "request.steps" in caught.value.in_language("en")
    assert "whole number" in caught.value.in_language("en")
    assert "nombre entier" in caught.value.in_language("fr")
    assert caught.value.fault
    assert caught.value.fault.path == ("request", "steps")


def test_an_opinion_that_miscounts_is_told_what_it_should_say():
    with pytest.raises(ManifestError) as caught:
        read_manifest(changed("adherence", "found", to=0))
    assert caught.value.fault
    assert caught.value.fault.field == "adherence.found"
    assert [expected.values["expected"] for expected in caught.value.fault.expected] == ["1"]


OPINIONS = st.fixed_dictionaries(
    {
        "judge": st.just("mini-judge") | st.text(max_size=3),
        "weights_sha256": st.just("ef" * 32) | st.text(max_size=3),
        "parts": st.lists(
            st.fixed_dictionaries(
                {
                    "kind": st.sampled_from(["object", "color", "background", "size"]),
                    "asked": st.sampled_from(["red", "car", "Red", ""]),
                    "probability": st.floats(-0.1, 1.1),
                    "first": st.sampled_from(["red", "car"]),
                }
            ),
            max_size=4,
        ),
        "found": st.integers(-1, 4),
    }
)


@settings(deadline=None, max_examples=300)
@given(OPINIONS)
def test_an_opinion_that_is_read_agrees_with_itself(opinion: dict[str, Any]):
    manifest = read_or_refuse(changed("adherence", to=opinion))
    if manifest is None:
        return
    adherence = manifest.adherence
    assert adherence is not None
    assert adherence.found == sum(part.first == part.asked for part in adherence.parts)
    assert 1 <= len({part.kind for part in adherence.parts}) == len(adherence.parts) <= 3
    assert all(0 <= part.probability <= 1 for part in adherence.parts)


def test_brackets_in_a_prompt_are_no_nesting():
    manifest = read_manifest(changed("request", "prompt", to='[{"' * 400 + "\\"))
    assert manifest.request.prompt == '[{"' * 400 + "\\"


def read_or_refuse(data: bytes) -> Manifest | None:
    try:
        return read_manifest(data)
    except ManifestError as error:
        if not all(error.in_language(language) for language in LANGUAGES):
            raise AssertionError("an error without words") from error
        return None


@settings(deadline=None)
@given(st.binary(max_size=500))
@example(b'"\\')
@example(b'"' * 200_000)
@example(b"{" * 200_000)
@example(b'{"a":' * 40_000)
def test_any_bytes(data: bytes):
    assert read_or_refuse(data) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4)
    ),
)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_good_manifest_with_any_value_in_any_place(data: st.DataObject):
    document = as_json(FULL)
    place, key = document, data.draw(st.sampled_from(list(document)))
    if isinstance(place[key], dict) and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(list(place)))
    place[key] = data.draw(JSON)
    manifest = read_or_refuse(json.dumps(document).encode("utf-8", "surrogatepass"))
    if manifest:
        assert read_manifest(manifest.model_dump_json(by_alias=True).encode()) == manifest


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=3))
def test_a_good_manifest_with_some_bytes_changed(at: int, some: bytes):
    read_or_refuse(GOOD[:at] + some + GOOD[at + len(some) :])


# --- files


def test_a_file_is_read(tmp_path: Path):
    path = tmp_path / "one.json"
    path.write_bytes(GOOD)
    assert read_manifest_file(path) == FULL


def test_a_huge_file_is_not_read_into_memory(tmp_path: Path):
    path = tmp_path / "one.json"
    with path.open("wb") as file:
        file.truncate(2 * 10**12)  # sparse: two terabytes that take no room
    with pytest.raises(ManifestError):
        read_manifest_file(path)


@pytest.mark.parametrize("kind", ["absent", "folder", "link", "pipe", "dangling link", "device"])
def test_anything_but_a_regular_file_is_refused_at_once(tmp_path: Path, kind: str):
    path = tmp_path / "one.json"
    (tmp_path / "real.json").write_bytes(GOOD)
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(tmp_path / "real.json")
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    with pytest.raises(ManifestError):
        read_manifest_file(path)
