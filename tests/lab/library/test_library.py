"""`from lab import ...`: the same records and checks as by page and command line, errors in words."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lab
from exercises.errors import UserError
from exercises.i18n import LANGUAGES, Language
from grading.results import Grade
from lab.library.opened import LibraryError
from manifests.settings import WorkSettings
from manifests.store import Store
from tests.lab.engine.asking import photo

PROMPT = "a red mug on a blue background"
SMALL = {"width": 64, "height": 64, "steps": 4}


@pytest.fixture
def work(tmp_path: Path, mini_is_tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("GENAI_LANGUAGE", "en")  # which `open_lab` may change
    lab.open_lab("tp2", work=tmp_path / "work")
    yield tmp_path / "work"
    lab.close_lab()


def store(work: Path, assignment: str = "tp2") -> Store:
    return Store(work, assignment, WorkSettings().student)


def test_importing_the_library_and_opening_a_lab_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys; from lab import *; import lab;"
        f"open_lab('tp2', work={str(tmp_path)!r}); exercises(); check();"
        "print(*set(sys.modules) & {'torch', 'gradio', 'diffusers', 'transformers'})"
    )
    root = Path(lab.__file__).parents[1]
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_public_name_has_a_docstring_and_a_place_in_the_docs() -> None:
    page = (Path(lab.__file__).parents[1] / "docs" / "library.md").read_text(encoding="utf-8")
    for name in lab.__all__:
        assert getattr(lab, name).__doc__, name
        assert f"`{name}(" in page, name
    assert set(lab.__all__) <= set(dir(lab))
    with pytest.raises(AttributeError, match="no_such_name"):
        lab.no_such_name  # noqa: B018


def test_a_planned_run_counts_as_one_made_in_the_page(work: Path) -> None:
    before = lab.check().of("smoke")
    made = lab.run("smoke")
    assert [p.record.manifest_path for p in made] == [store(work).newest("smoke").manifest_path]  # type: ignore[union-attr]
    assert made[0].manifest.made_through is None
    after = lab.check().of("smoke")
    assert (before.points, after.points) == (0, 1)
    assert before.missing
    assert not after.missing


def test_a_sweep_and_a_grid_change_what_they_say_and_are_shown_as_one_labelled_picture(work: Path) -> None:
    swept = lab.sweep("steps", [2, 4], PROMPT, width=64, height=64)
    assert [p.manifest.request.steps for p in swept] == [2, 4]  # type: ignore[union-attr]
    assert swept.columns == ("2 steps", "4 steps")
    crossed = lab.grid(("seed", [1, 2]), ("prompt", [PROMPT, "a green car"]), **SMALL)
    asked = [(p.manifest.request.seed, p.manifest.request.prompt) for p in crossed]
    assert asked == [(1, PROMPT), (2, PROMPT), (1, "a green car"), (2, "a green car")]
    assert crossed.sheet().width > crossed[0].image.width
    assert crossed._repr_png_().startswith(b"\x89PNG")  # type: ignore[union-attr]
    assert {r.manifest.run for r in store(work).records()} == {"studio"}
    assert len(lab.pictures("studio")) == 6


def test_image_to_image_keeps_the_photo_and_verify_makes_a_picture_again(work: Path, tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    file.write_bytes(photo())
    made = lab.img2img(file, PROMPT, strengths=[0.5, 0.9], **SMALL)
    assert [p.manifest.request.strength for p in made] == [0.5, 0.9]  # type: ignore[union-attr]
    assert lab.verify(made[0]).verdict in ("identical", "compatible")
    assert lab.compare(made[0], made[1]).mean_absolute > 0


def test_what_a_model_says_stands_in_the_notebook(work: Path, fixed_judge: object) -> None:
    lab.open_lab("api-analysis", work=work)
    with pytest.raises(UserError):
        lab.ask("studio.png")  # type: ignore[arg-type]
    picture = lab.generate(PROMPT, **SMALL)
    answer = lab.ask(picture)
    assert answer.answered.text
    assert answer.asked.images[0].stem == picture.record.stem
    assert list((work / "api-analysis" / "analyses").glob("*.json"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_errors_are_words_in_the_language_chosen_and_a_notebook_shows_no_traceback(
    work: Path, language: Language
) -> None:
    lab.open_lab("prompts", work=work, language=language)
    with pytest.raises(UserError) as raised:
        lab.generate(PROMPT)
    assert "Studio" in str(raised.value)
    assert ("n’a pas" in str(raised.value)) == (language == "fr")
    assert raised.value._render_traceback_() == [str(raised.value)]


def test_what_cannot_be_is_said_before_anything_is_drawn(work: Path) -> None:
    wrong: list[Callable[[], object]] = [
        lambda: lab.open_lab("nowhere", work=work),
        lambda: lab.generate(PROMPT, steps=0),
        lambda: lab.generate(PROMPT, colour="red"),
        lambda: lab.run("nothing"),
        lambda: lab.run("img2img"),
        lambda: lab.img2img("no_such_file.png", PROMPT),
        lambda: lab.sweep("steps", [], PROMPT),
        lambda: lab.sweep("prompt", ["a"], PROMPT),
        lambda: lab.class_metrics(work / "grades"),
        lambda: lab.verify("studio.png"),  # type: ignore[arg-type]
        lambda: lab.compare(Path("a.png"), lab.pictures()),  # type: ignore[arg-type]
        lambda: lab.check().of("swep"),
    ]
    for call in wrong:
        with pytest.raises(UserError):
            call()
    assert store(work).records() == []


def test_one_of_several_that_fails_ends_the_others_and_says_which(work: Path) -> None:
    with pytest.raises(LibraryError, match="studio"):
        lab.sweep("width", [64, 2048], PROMPT, height=64, steps=2)
    assert len(store(work).records()) == 1


def test_a_lab_that_is_not_open_yet_is_refused(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dates = {"tp2": {}, "prompts": {"opens": "2999-01-01T00:00:00+00:00"}}
    monkeypatch.setenv("GENAI_OPEN", json.dumps(dates))
    for closed in ("prompts", "seeds"):
        with pytest.raises(LibraryError, match="tp2"):
            lab.open_lab(closed, work=work)


def test_a_class_in_figures(work: Path, tmp_path: Path) -> None:
    checks = [
        {"id": "smoke/smoke/recorded", "title": "Recorded", "passed": True, "points": 1, "maximum": 1},
        {"id": "baseline/baseline/recorded", "title": "Baseline", "passed": False, "points": 0, "maximum": 1},
    ]
    for student, points in (("ada", 4.0), ("bob", 8.0)):
        grade = {"student": student, "assignment": "tp2", "gradable": True, "points": points, "total": points}
        folder = tmp_path / "grades" / student
        folder.mkdir(parents=True)
        written = Grade.model_validate({**grade, "maximum": 20, "checks": checks}).model_dump_json()
        (folder / "grade.json").write_text(written)
    figures = lab.class_metrics(tmp_path / "grades")
    assert (figures.students, figures.mean, figures.median, figures.maximum) == (2, 6, 6, 20)
    assert figures.passed == {"smoke": 1.0, "baseline": 0.0}
    assert figures.causes == {"Baseline": 2}
    assert "Baseline" in repr(figures)
