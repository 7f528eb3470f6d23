"""`genai-lab models`: what can run here and why not, and weights fetched from a Hub."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.cli.models import models
from lab.models.registry import MODELS
from tests.lab.models.hub import hub

SD15 = MODELS["sd15"]
TOKEN = "hf_a_secret_token"


@pytest.fixture(autouse=True)
def _no_hub_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def test_the_list_says_what_can_run_and_how_to_get_the_rest(mini_is_tiny: Path) -> None:
    done = CliRunner().invoke(models, ["list"])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert next(line for line in lines if line.startswith("mini")).split()[-1] == "ready"
    assert next(line for line in lines if line.startswith("sd15")).split()[-1] == "missing"
    said = " ".join(done.stdout.split())
    assert "genai-lab models pull sd15" in said
    assert "HF_TOKEN" in said


def test_json_is_one_document_with_every_model(mini_is_tiny: Path) -> None:
    done = CliRunner().invoke(models, ["list", "--json"])
    rows = {row["id"]: row for row in json.loads(done.stdout)["models"]}
    assert list(rows) == list(MODELS)
    assert rows["mini"]["available"] is True
    assert rows["sd3-medium"]["available"] is False
    assert rows["sd3-medium"]["state"] == "missing_gated_weights"


@pytest.fixture
def repository(tiny_mini: Path, tmp_path: Path) -> Path:
    """A repository as the Hub has them: full and half precision, pickles, and single-file weights."""
    folder = shutil.copytree(tiny_mini, tmp_path / "repository")
    for file in list(folder.glob("*/*.safetensors")):
        shutil.copy(file, file.with_suffix(".fp16.safetensors"))
        shutil.copy(file, file.with_suffix(".bin"))
    (folder / "v1-5-pruned.safetensors").write_bytes(b"0" * 1000)
    (folder / "README.md").write_text("# Card")
    return folder


def pull(model: str, url: str, home: Path, offline: str = "0") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": offline}
    environment |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "LANG": "en_GB.UTF-8"}
    command = [sys.executable, "-m", "genai_lab", "models", "pull", model]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def controlnet(tiny_mini: Path, tmp_path: Path) -> Path:
    """The same of a ControlNet."""
    folder = shutil.copytree(tiny_mini.with_name("controlnet"), tmp_path / "controlnet")
    (weights,) = folder.glob("*.safetensors")
    shutil.copy(weights, weights.with_suffix(".fp16.safetensors"))
    shutil.copy(weights, weights.with_suffix(".bin"))
    return folder


def test_pull_fetches_what_is_loaded_and_nothing_else(
    repository: Path, controlnet: Path, tmp_path: Path
) -> None:
    assert SD15.controlnet
    with hub({SD15.revision: repository, SD15.controlnet.revision: controlnet}) as server:
        done = pull("sd15", server.url, tmp_path / "home")
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "sd15 can run here."
        fetched = {path.rsplit("/resolve/", 1)[-1] for path in server.asked if "/resolve/" in path}
        assert server.tokens == {f"Bearer {TOKEN}"}
    names = {name.partition("/")[2] for name in fetched}
    led = {name.partition("/")[2] for name in fetched if name.startswith(SD15.controlnet.revision)}
    assert led == {"config.json", "diffusion_pytorch_model.fp16.safetensors"}
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in names
    assert "model_index.json" in names
    assert not any(name.endswith((".bin", ".md")) for name in names)
    assert "v1-5-pruned.safetensors" not in names
    assert "unet/diffusion_pytorch_model.safetensors" not in names


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [(403, "GatedRepo", "accept its licence"), (404, "RepoNotFound", "HTTP 404"), (401, "", "HTTP 401")],
)
def test_a_refusal_is_one_clear_line_without_the_token(
    repository: Path, tmp_path: Path, status: int, error: str, said: str
) -> None:
    with hub({SD15.revision: repository}, status, error) as server:
        done = pull("sd15", server.url, tmp_path / "home")
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert TOKEN not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_no_network_is_one_clear_line(tmp_path: Path) -> None:
    done = pull("sd15", "http://127.0.0.1:9", tmp_path / "home", offline="1")
    assert done.returncode == 2
    assert "could not be fetched" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("model", "said"), [("mini", "comes with the project"), ("nope", "sd15")])
def test_what_is_not_fetched_is_said(model: str, said: str) -> None:
    done = CliRunner().invoke(models, ["pull", model])
    assert said in str(done.exception)
