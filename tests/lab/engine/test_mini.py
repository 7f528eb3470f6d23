"""The bundled model as it is committed: it loads, repeats itself, and its script makes the same pixels."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exercises.parameters import Parameters
from lab.engine.local import LocalEngine
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.models.availability import availability
from lab.models.registry import MODELS
from lab.records.code import python_script
from lab.records.verify import verify
from manifests.store import Store
from tests.lab.engine.asking import asked, made, photo

pytestmark = pytest.mark.skipif(
    not availability("mini").available, reason="the weights of mini are not in this copy of the project"
)
PROMPT = "sleek black wireless headphones on a minimalist gray background, studio lighting"


@pytest.fixture(scope="module")
def mini_engine() -> Iterator[LocalEngine]:
    engine = LocalEngine()
    yield engine
    engine.close()


def test_it_repeats_itself_and_hears_the_prompt(mini_engine: LocalEngine) -> None:
    request = asked(prompt=PROMPT, width=256, height=256, steps=4)
    first, again = (made(mini_engine, request) for _ in range(2))
    assert first.image.tobytes() == again.image.tobytes()
    other = made(mini_engine, asked(prompt="a red car", width=256, height=256, steps=4))
    assert other.image.tobytes() != first.image.tobytes()
    assert first.image.size == (MODELS["mini"].native_size,) * 2


def test_unknown_words_make_no_difference(mini_engine: LocalEngine) -> None:
    prompts = (PROMPT, "black headphones on a gray background, studio lighting")
    pictures = [
        made(mini_engine, asked(prompt=prompt, width=256, height=256, steps=2)).image for prompt in prompts
    ]
    assert pictures[0].tobytes() == pictures[1].tobytes()


def test_its_records_verify_and_its_scripts_make_the_same_pixels(
    mini_engine: LocalEngine, tmp_path: Path
) -> None:
    store = Store(tmp_path, "tp2", "jane")
    source = store.add_source(photo())
    plans = {
        "text": Parameters(prompt=PROMPT, steps=3),
        "image": Parameters(mode="img2img", prompt=PROMPT, steps=5, strength=0.6, scheduler="DDIM"),
    }
    expected = []
    for run, plan in plans.items():
        request = request_for(plan, "mini", source)
        *_, last = generate(store, mini_engine, "studio", run, request, model="mini").events()
        assert isinstance(last, PictureSaved)
        record = last.record
        data = record.image_path.read_bytes()
        assert verify(record.manifest, data, photo(), mini_engine).verdict == "identical"
        (store.folder / f"{run}.py").write_text(python_script(record.manifest), encoding="utf-8")
        expected.append(record.manifest.image.pixels_sha256)
    runner = "import runpy, sys\nfor name in sys.argv[1:]: runpy.run_path(name + '.py')"
    done = subprocess.run(
        [sys.executable, "-c", runner, *plans],
        cwd=store.folder,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[::2] == expected
