"""Weights on this machine: found where they are whole, hashed once, and hashed anew when they change."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lab.models import availability as module
from lab.models import weights
from lab.models.availability import availability
from lab.models.registry import MODELS
from lab.models.weights import find_weights, weight_files, weights_sha256

SD15 = MODELS["sd15"]


@pytest.fixture
def copy(tiny_mini: Path, tmp_path: Path, mini_is_tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(tiny_mini, tmp_path / "copy")
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(folder))
    return folder


def test_a_whole_folder_is_found(copy: Path) -> None:
    assert find_weights(MODELS["mini"]) == copy
    assert availability("mini").available


PARTS = [
    "model_index.json",
    "unet/diffusion_pytorch_model.safetensors",
    "text_encoder/model.safetensors",
    "vae",
]


@pytest.mark.parametrize("part", PARTS)
def test_a_folder_without_one_of_its_parts_is_not_there(copy: Path, part: str) -> None:
    gone = copy / part
    if gone.is_dir():
        shutil.rmtree(gone)
    else:
        gone.unlink()
    assert find_weights(MODELS["mini"]) is None
    assert availability("mini").code == "missing_bundled_weights"


def test_weights_in_shards_are_whole_only_with_all_of_them(copy: Path) -> None:
    whole = copy / "unet" / "diffusion_pytorch_model.safetensors"
    names = [f"diffusion_pytorch_model-0000{k}-of-00002.safetensors" for k in (1, 2)]
    index = {"weight_map": {"a": names[0], "b": names[1]}}
    (copy / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    for name in names:
        shutil.copy(whole, copy / "unet" / name)
    whole.unlink()
    assert find_weights(MODELS["mini"]) == copy
    assert [file.name for file in weight_files(copy, None) if file.parent.name == "unet"] == names
    (copy / "unet" / names[1]).unlink()
    assert find_weights(MODELS["mini"]) is None


def test_an_index_that_is_no_json_is_no_model(copy: Path) -> None:
    (copy / "model_index.json").write_bytes(b"\xff{")
    assert find_weights(MODELS["mini"]) is None


def test_the_hash_changes_with_any_byte_and_with_nothing_else(copy: Path) -> None:
    before = weights_sha256(copy, None)
    (copy / "README.md").write_text("not a weight")
    assert weights_sha256(copy, None) == before
    file = copy / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    assert weights_sha256(copy, None) != before


def test_the_hash_does_not_depend_on_where_the_folder_lies(copy: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(copy, tmp_path / "elsewhere")
    assert weights_sha256(moved, None) == weights_sha256(copy, None)


def test_a_file_is_read_once(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = weights_sha256(copy, None)

    def never(*_: Any) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(weights.hashlib, "file_digest", never)
    assert weights_sha256(copy, None) == first


@pytest.mark.parametrize("memory", [b"", b"[1]", b"{not json", b"\xff"])
def test_a_broken_memory_of_hashes_costs_only_time(copy: Path, memory: bytes) -> None:
    first = weights_sha256(copy, None)
    weights._memory_file().write_bytes(memory)
    assert weights_sha256(copy, None) == first


def test_a_home_that_cannot_be_written_costs_only_time(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(weights_sha256(copy, None)) == 64


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_hub_models_are_found_in_the_hubs_cache_by_their_revision(tiny_mini: Path, hub_cache: Path) -> None:
    assert availability("sd15").code == "missing_weights"
    repository = hub_cache / f"models--{SD15.repository.replace('/', '--')}"
    snapshot = shutil.copytree(tiny_mini, repository / "snapshots" / SD15.revision)
    assert find_weights(SD15) is None  # these are not the variant's files
    for file in snapshot.glob("*/*.safetensors"):
        file.rename(file.with_suffix(".fp16.safetensors"))
    assert find_weights(SD15) == snapshot
    assert availability("sd15").folder == snapshot
    (repository / "snapshots" / SD15.revision).rename(repository / "snapshots" / ("0" * 40))
    assert find_weights(SD15) is None


def test_a_model_larger_than_this_machine_is_said_to_be(
    tiny_mini: Path, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = hub_cache / "models--black-forest-labs--FLUX.1-schnell"
    shutil.copytree(tiny_mini, repository / "snapshots" / MODELS["flux-schnell"].revision)
    monkeypatch.setattr(module, "has_gpu", lambda: False)
    monkeypatch.setattr(module, "memory_gib", lambda: 8.0)
    assert availability("flux-schnell").code == "too_large"
    monkeypatch.setattr(module, "memory_gib", lambda: 64.0)
    assert availability("flux-schnell").code == "ready"
    monkeypatch.setattr(module, "memory_gib", lambda: 8.0)
    monkeypatch.setattr(module, "has_gpu", lambda: True)
    assert availability("flux-schnell").code == "ready"


def test_a_library_that_a_model_alone_needs_is_asked_for(
    tiny_mini: Path, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = hub_cache / "models--Qwen--Qwen-Image-Edit"
    shutil.copytree(tiny_mini, repository / "snapshots" / MODELS["qwen-image-edit"].revision)
    monkeypatch.setattr("lab.models.availability.find_spec", lambda _: None)
    state = availability("qwen-image-edit")
    assert state.code == "missing_library"
    assert "torchvision" in state.text("en")
    assert "torchvision" in state.text("fr")
