"""The notebooks: built of one source, without outputs, run by Papermill offline; what they make counts."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from exercises.i18n import LANGUAGES
from grading.results import Grade
from manifests.store import Store
from notebooks.build import SOURCES, built
from notebooks.execute import HERE, LAST, STUDENT, environment, execute, execute_all, notebooks
from tests.hub.conftest import free_port, wait_until

NAMES = [source.stem for source in sorted(SOURCES.glob("*.md"))]
COMFYUI = "07_comfyui"
BAR = 600  # seconds for all of them


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def outputs(notebook: Path) -> list[Any]:
    cells = nbformat.read(notebook, nbformat.NO_CONVERT).cells
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]


def test_the_notebooks_are_those_of_their_sources() -> None:
    there = {path: path.read_text(encoding="utf-8") for path in HERE.glob("*/*.ipynb")}
    assert there == built(), "run: python -m notebooks.build"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_committed_notebook_has_no_outputs_and_is_a_notebook(language: str) -> None:
    for path in (HERE / language).glob("*.ipynb"):
        notebook = nbformat.read(path, nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert outputs(path) == []
        assert {cell.execution_count for cell in code} == {None}


@pytest.mark.parametrize("name", NAMES)
def test_papermill_finds_the_parameters_of_each(name: str) -> None:
    for language in LANGUAGES:
        found = papermill.inspect_notebook(HERE / language / f"{name}.ipynb")
        assert {"language", "assignment", "work", "model", "skip_widgets"} <= found.keys()
        assert found["language"]["default"] == f'"{language}"'
        assert found["skip_widgets"]["default"] == "True"


@pytest.mark.parametrize("name", NAMES)
def test_every_text_stands_in_both_languages(name: str) -> None:
    kinds = re.findall(r"^::: (\w+)$", (SOURCES / f"{name}.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert kinds.count("parameters") == 1
    texts = "".join({"en": "e", "fr": "f"}.get(kind, " ") for kind in kinds)
    assert set(texts.split()) == {"ef"}


def test_all_run_offline_and_what_they_made_counts(out: Path) -> None:
    seconds = execute_all(out, "en")
    assert list(seconds) == NAMES
    assert sum(seconds.values()) < BAR, seconds
    shown = {path.stem: outputs(path) for path in (out / "en").glob("*.ipynb")}
    assert not any(each.output_type == "error" for made in shown.values() for each in made)
    for name in ("02_first_image", "03_sweep", "04_image_to_image", "06_grid"):
        assert any("image/png" in each.get("data", {}) for each in shown[name]), name

    work = out / "en" / "submissions" / STUDENT
    command = [sys.executable, "-m", "genai_lab", "check", "tp2", "--work", str(work), "--json"]
    root = HERE.parent
    said = json.loads(subprocess.run(command, cwd=root, capture_output=True, check=False).stdout)
    done = {check["id"].split("/")[0] for check in said["checks"] if check["passed"]}
    assert {"smoke", "sweep", "img2img", "studio"} <= done
    assert not [c for c in said["checks"] if c["id"].startswith(("smoke/", "sweep/")) and not c["passed"]]
    graded = Grade.model_validate_json((out / "en" / "grades" / STUDENT / "grade.json").read_bytes())
    verdicts = {check.id: check.passed for check in graded.checks if not check.id.startswith("hand_in/")}
    assert verdicts == {c["id"]: c["passed"] for c in said["checks"] if c["id"] in verdicts}
    assert graded.points > 4
    figures = "".join(str(each.data) for each in shown[LAST][1:])  # the first says whose lab it is
    assert "sweep" in figures
    assert STUDENT not in figures


def test_comfyuis_draws_nothing_and_says_so_while_there_is_no_server(out: Path) -> None:
    done = execute(HERE / "en" / f"{COMFYUI}.ipynb", out, work=str(out / "work"))
    assert "COMFYUI_API_URL: –" in str(outputs(done))
    assert not (out / "work").exists()

    def test_comfyuis_draws_on_the_bundled_server_and_the_graph_is_in_the_manifest(out: Path) -> None:
        port = free_port()
        command = [sys.executable, "-m", "genai_lab", "comfy", "--port", str(port)]
        with subprocess.Popen(command, cwd=HERE.parent) as server:
            try:
                wait_until(lambda: listens(port), "ComfyUI's protocol was served")
                small = {"steps": [2, 3], "guidance": [5.0, 9.0], "comfyui": f"http://127.0.0.1:{port}"}
                execute(HERE / "fr" / f"{COMFYUI}.ipynb", out, work=str(out / "work"), **small)
            finally:
                server.terminate()
        records = Store(out / "work", "tp2", STUDENT).records()
        assert [r.manifest.model.id for r in records] == ["comfy:mini.safetensors"] * 5
        assert all(r.manifest.model_dump()["service"] for r in records)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_widgets_come_only_where_they_are_wanted(out: Path) -> None:
    first = notebooks("fr")[1]
    small = {"work": str(out / "work"), "steps": 2, "prompt": "une tasse rouge"}
    done = execute(first, out, skip_widgets=False, **small)
    shown = outputs(done)
    assert any("application/vnd.jupyter.widget-view+json" in each.get("data", {}) for each in shown)
    assert "studio (studio)" in str(shown)


def test_a_wrong_parameter_ends_in_words_in_the_notebooks_language(out: Path) -> None:
    with pytest.raises(PapermillExecutionError) as raised:
        execute(notebooks("fr")[0], out, work=str(out / "work"), assignment="nowhere")
    assert "il n’y a pas ici de devoir" in raised.value.evalue
    assert "Traceback" not in "".join(raised.value.traceback)
