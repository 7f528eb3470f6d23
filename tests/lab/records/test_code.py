"""The printed script: it makes the same pixels on diffusers alone, and no text can leave its string."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lab
from exercises.parameters import Parameters
from lab.engine.local import LocalEngine
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.records.code import NoScript, python_script
from manifests.manifest import Between, Cost, Manifest
from manifests.masks import rectangle
from manifests.store import Record, Store
from tests.lab.engine.asking import photo

RUNS = {
    "text2img": Parameters(prompt="two 'red' backpacks \"on\" {gray}\n\\", negative_prompt="blue", steps=8),
    "img2img": Parameters(mode="img2img", prompt="a bag", strength=0.6, steps=10, scheduler="DDIM", seed=5),
    "area": Parameters(mode="inpaint", prompt="a bag", strength=1.0, steps=6, width=64, height=64),
    "whole": Parameters(mode="inpaint", prompt="a bag", strength=0.7, steps=6, width=64, height=64, seed=3),
    "way": Parameters(prompt="a bag", negative_prompt="red", scheduler="DDIM", steps=5, width=64, height=64),
    "led": Parameters(mode="control", prompt="a bag", control_scale=0.8, steps=5, width=64, height=64),
    "unguided": Parameters(prompt="", guidance_scale=0, steps=4, scheduler="UniPC", width=64, height=96),
}


@pytest.fixture
def records(tmp_path: Path, engine: LocalEngine) -> dict[str, Record]:
    store = Store(tmp_path / "work", "tp2", "jane")
    source = store.add_source(photo())
    made: dict[str, Record] = {}
    for name, parameters in RUNS.items():
        mask = store.add_mask(rectangle(64, 64, 16, 16, 48, 40), 8 if name == "area" else None)
        request = request_for(parameters, "mini", source, mask)
        if name == "way":
            other = Between(prompt="a blue car", seed=7, place=0.3)
            request = request.model_copy(update={"between": other})
        *_, last = generate(store, engine, "studio", name, request, model="mini").events()
        assert isinstance(last, PictureSaved)
        made[name] = last.record
    return made


def test_the_scripts_make_the_recorded_pixels_again(records: dict[str, Record], tmp_path: Path) -> None:
    """All in one process, each script as it was printed: importing diffusers takes longer than all runs."""
    folder = tmp_path / "work" / "tp2"
    for name, record in records.items():
        (folder / f"{name}.py").write_text(python_script(record.manifest, "fr"), encoding="utf-8")
    runner = "import runpy, sys\nfor name in sys.argv[1:]: runpy.run_path(name + '.py')"
    done = subprocess.run(
        [sys.executable, "-c", runner, *records],
        cwd=folder,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split()
    expected = [record.manifest.image.pixels_sha256 for record in records.values()]
    assert printed[::2] == expected  # what the script made
    assert printed[1::2] == expected  # what the manifest says


def test_the_script_names_no_place_of_this_machine(
    records: dict[str, Record], tiny_mini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs on any machine that has the project, or the weights in a folder of its own."""
    texts = [python_script(record.manifest) for record in records.values()]
    monkeypatch.delenv("GENAI_MINI_WEIGHTS", raising=False)
    for text in (*texts, *(python_script(record.manifest) for record in records.values())):
        assert str(tiny_mini) not in text
        for place in (Path(lab.__file__).parent, Path.home(), Path.cwd()):
            assert str(place) not in text
        assert 'files("lab.models.mini")' in text


def test_the_script_needs_nothing_of_this_project(records: dict[str, Record]) -> None:
    for record in records.values():
        tree = ast.parse(python_script(record.manifest))
        modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        modules |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert modules <= {"hashlib", "importlib.resources", "os", "pathlib", "torch", "diffusers", "PIL"}


MANIFEST: dict[str, Any] = {
    "student": "jane",
    "assignment": "tp2",
    "exercise": "sweep",
    "run": "a_run",
    "attempt": 1,
    "time": "2026-11-20T10:00:00Z",
    "request": {
        "mode": "img2img",
        "prompt": "a bag",
        "negative_prompt": "red",
        "width": 512,
        "height": 512,
        "steps": 30,
        "guidance_scale": 7.5,
        "scheduler": "EulerA",
        "seed": 42,
        "strength": 0.6,
        "source": {"file": "0123456789abcdef.png", "sha256": "0" * 64},
    },
    "effective_steps": 18,
    "model": {"id": "sd15", "repository": "a/b", "revision": "main", "weights_sha256": None},
    "versions": {
        "python": "3.12",
        "torch": "2.13",
        "diffusers": "0.42",
        "transformers": "5.23",
        "genai_lab": "0.1",
    },
    "device": "cuda (A100)",
    "dtype": "float16",
    "seconds": 1.0,
    "image": {
        "file": "a_run.png",
        "bytes": 1,
        "width": 512,
        "height": 512,
        "sha256": "0" * 64,
        "pixels_sha256": "1" * 64,
    },
    "sequence": 1,
    "previous": None,
    "digest": "0" * 64,
}


def manifest(**changes: Any) -> Manifest:
    """A manifest of Stable Diffusion 1.5 in which parts are replaced, unvalidated where they are strings."""
    document = Manifest.model_validate_json(_json(MANIFEST))
    for path, value in changes.items():
        part, _, name = path.rpartition("__")
        if part:
            inner = getattr(document, part).model_copy(update={name: value})
            document = document.model_copy(update={part: inner})
        else:
            document = document.model_copy(update={name: value})
    return document


def _json(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document)


INJECTIONS = [
    "1\nimport os",
    "1\r\nimport os",
    "'\nimport os\n'",
    '"""\nimport os\n"""',
    "\\\nimport os",
    "1\x0cimport os",
]


def shape(script: str) -> list[str]:
    """The kinds of all nodes of a script: the same whatever its strings say."""
    return [type(node).__name__ for node in ast.walk(ast.parse(script))]


@given(
    text=st.sampled_from(INJECTIONS) | st.text(max_size=200),
    where=st.sampled_from(["prompt", "negative_prompt"]),
)
def test_no_prompt_leaves_its_string(text: str, where: str) -> None:
    script = python_script(manifest(**{f"request__{where}": text or "x"}))
    assert shape(script) == shape(python_script(manifest()))
    strings = {node.value for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Constant)}
    assert (text or "x") in strings


@given(
    text=st.sampled_from(INJECTIONS) | st.text(min_size=1, max_size=100),
    where=st.sampled_from(
        ["versions__torch", "versions__diffusers", "device", "dtype", "model__repository", "model__revision"]
    ),
)
def test_nothing_else_of_a_manifest_becomes_code(text: str, where: str) -> None:
    script = python_script(manifest(**{where: text}))
    assert shape(script) == shape(python_script(manifest()))


def test_a_hub_model_is_named_by_repository_revision_and_variant() -> None:
    script = python_script(manifest())
    assert "'stable-diffusion-v1-5/stable-diffusion-v1-5'" in script
    assert "revision='451f4fe16113bff5a5d2269ed5ad43b0592e9a14'" in script  # not the manifest's "main"
    assert "variant='fp16'" in script
    assert "dtype=torch.float16" in script
    assert "pipe.to('cuda')" in script
    assert "revision='" + "a" * 40 in python_script(manifest(model__revision="a" * 40))


def test_a_flow_matching_model_keeps_its_scheduler_in_the_script() -> None:
    script = python_script(manifest(model__id="sd3-medium"))
    assert "pipe.scheduler" not in script
    assert "EulerAncestral" not in script


@pytest.mark.parametrize("model", ["gpt-image-9", "openai/dall-e", ""])
def test_an_image_from_elsewhere_has_no_script(model: str) -> None:
    with pytest.raises(NoScript):
        python_script(manifest(model__id=model))


def test_an_image_that_was_paid_for_has_no_script() -> None:
    with pytest.raises(NoScript):
        python_script(manifest(cost=Cost(amount=0.1, currency="EUR")))


def test_comments_are_in_the_readers_language() -> None:
    assert python_script(manifest(), "en") != python_script(manifest(), "fr")
