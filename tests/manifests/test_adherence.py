"""The machine's opinion in a manifest: kept and vouched for where there is one, else not there."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from manifests.chain import digest, verify_chain
from manifests.reader import read_manifest
from manifests.schema import manifest_schema
from manifests.store import Store
from tests.manifests.conftest import ADHERENCE, make_draft, make_picture

# As it was written before there were opinions, with the digest it had then.
OLD = b"""{"schema":"genai-lab/manifest/1","student":"ada","assignment":"tp2","exercise":"exercise",
"run":"smoke","attempt":1,"time":"2026-11-20T13:30:42.043184Z","request":{"mode":"text2img","prompt":"a bag",
"negative_prompt":"","width":16,"height":16,"steps":30,"guidance_scale":7.5,"scheduler":"EulerA","seed":42,
"strength":null,"source":null},"effective_steps":30,"model":{"id":"mini","repository":"lab/mini",
"revision":"1","weights_sha256":"abababababababababababababababababababababababababababababababab"},
"versions":{"python":"3.11","torch":"2.13.0","diffusers":"0.42.1","transformers":"5.23.0",
"genai_lab":"0.1.0"},"device":"cpu","dtype":"float32","batch_size":1,"batch_index":0,"seconds":0.5,
"image":{"file":"smoke.png","bytes":1529,"width":16,"height":16,
"sha256":"fc1a80a3a0c37e1d28a03bbc7341310bb76fd556f13a5156bfd928bc3ab5ea55",
"pixels_sha256":"4fca05f1d7f9c355405c546942e1983df61017aea651b32d047a8c1a4b96c4e5"},"cost":null,
"sequence":1,"previous":null,
"digest":"f704771a9a818b42a48cd8e1a0098d810a1e63909ff7bc57d1a320daa8f59d93"}"""


def test_a_manifest_from_before_is_read_and_its_digest_still_holds():
    manifest = read_manifest(OLD)
    assert manifest.adherence is None
    assert verify_chain([manifest]) == []


def test_without_an_opinion_the_field_is_not_written(store: Store):
    record = store.save(make_draft(), make_picture())
    assert "adherence" not in json.loads(record.manifest_path.read_bytes())


def test_an_opinion_is_written_read_back_and_in_the_schema(store: Store):
    record = store.save(replace(make_draft(), adherence=ADHERENCE), make_picture())
    document = json.loads(record.manifest_path.read_bytes())
    assert document["adherence"]["parts"][1] == {
        "kind": "background",
        "asked": "gray",
        "probability": 0.9371,
        "first": "gray",
    }
    assert store.records()[0].manifest.adherence == ADHERENCE
    validator = Draft202012Validator(manifest_schema())
    validator.validate(document)
    for key in document["adherence"]:
        rest = {name: value for name, value in document["adherence"].items() if name != key}
        with pytest.raises(ValidationError):
            validator.validate(document | {"adherence": rest})


def test_an_opinion_that_is_changed_or_taken_out_shows_in_the_chain(store: Store):
    manifest = store.save(replace(make_draft(), adherence=ADHERENCE), make_picture()).manifest
    better = ADHERENCE.model_copy(update={"found": 2})
    for opinion in (better, None):
        forged = manifest.model_copy(update={"adherence": opinion})
        assert digest(forged) != manifest.digest
        assert [each.kind for each in verify_chain([forged])] == ["edited"]


def test_pictures_with_and_without_an_opinion_stand_in_one_chain(store: Store):
    for opinion in (None, ADHERENCE, None):
        store.save(replace(make_draft(), adherence=opinion), make_picture())
    assert verify_chain(store.chain()) == []
