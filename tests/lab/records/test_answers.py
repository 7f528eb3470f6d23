"""What the student writes is saved field by field, onto what is on disk, and nothing is lost on the way."""

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from exercises.i18n import Bilingual
from exercises.kinds.evaluation import Criterion
from exercises.kinds.parts import Subject
from lab.records import answers as answering
from lab.records.exercise_answers import putting, step_why
from manifests.answers import Answers, SubjectAnswer, load_answers, save_answers
from manifests.errors import AnswersError
from manifests.store import Record

WORDS = Bilingual(en="x", fr="x")
CRITERIA = [Criterion(id=name, title=WORDS, hint=WORDS) for name in ("realism", "artifacts", "usability")]


def test_each_change_touches_its_own_field_only(tmp_path: Path) -> None:
    for change in (
        answering.image("baseline", "t2i_run01_baseline-2"),
        answering.score("baseline", "realism", 2),
        answering.score("extreme", "realism", 0),
        answering.set_reason("baseline", 0, "sharp"),
        answering.reflection("eight lines"),
    ):
        answering.update(tmp_path, "fr", change)
    answers = load_answers(tmp_path)
    assert answers.language == "fr"
    assert answers.reflection == "eight lines"
    assert answers.evaluations["baseline"] == SubjectAnswer(
        image="t2i_run01_baseline-2", scores={"realism": 2}, reasons=["sharp"]
    )
    assert answers.evaluations["extreme"].scores == {"realism": 0}


@pytest.mark.parametrize(
    "change",
    [
        answering.set_reason("baseline", 1, ""),
        answering.observed("seen", "run_a", "outline", ""),
        answering.observed("seen", None, "so", ""),
        answering.reflection(""),
        step_why("iterate", "iteration", ""),
        putting("prompt", "text")(""),
    ],
)
def test_a_box_that_was_only_passed_through_writes_nothing(change: answering.Change) -> None:
    answers = Answers()
    change(answers)
    assert answers == Answers()


@pytest.mark.parametrize("run", ["run_a", None])
def test_an_observation_can_be_taken_back(run: str | None) -> None:
    answers = Answers()
    for text in ("Coarser edges.", ""):
        answering.observed("seen", run, "outline", text)(answers)
    own = answers.observations["seen"]
    assert (own.pictures["run_a"] if run else own.conclusions) == {"outline": ""}


def test_texts_that_cannot_be_read_for_a_moment_are_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering.update(tmp_path, "en", answering.reflection("eight lines"))

    def busy(*_: object) -> bytes:
        monkeypatch.undo()  # the next time it can be read
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("manifests.answers.read_regular_file", busy)
    with pytest.raises(AnswersError):
        answering.update(tmp_path, "en", answering.score("baseline", "realism", 2))
    assert load_answers(tmp_path).reflection == "eight lines"


def test_a_score_can_be_taken_back(tmp_path: Path) -> None:
    answering.update(tmp_path, "en", answering.score("baseline", "realism", 1))
    answers = answering.update(tmp_path, "en", answering.score("baseline", "realism", None))
    assert answers.evaluations["baseline"].scores == {}


def test_a_total_from_elsewhere_is_dropped_when_a_score_changes(tmp_path: Path) -> None:
    written = Answers(evaluations={"baseline": SubjectAnswer(scores={"realism": 2}, total=2)})
    save_answers(tmp_path, written)
    answers = answering.update(tmp_path, "en", answering.score("baseline", "realism", 1))
    assert answers.evaluations["baseline"].total is None


def test_reasons_keep_their_places_and_lose_empty_ends(tmp_path: Path) -> None:
    for index, text in ((2, "third"), (0, "first")):
        answers = answering.update(tmp_path, "en", answering.set_reason("baseline", index, text))
    assert answers.evaluations["baseline"].reasons == ["first", "", "third"]
    answers = answering.update(tmp_path, "en", answering.set_reason("baseline", 2, "  "))
    assert answers.evaluations["baseline"].reasons == ["first"]


def test_changes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    def write(number: int) -> None:
        answering.update(tmp_path, "en", answering.score(f"subject{number}", "realism", number % 3))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert len(load_answers(tmp_path).evaluations) == 40


def test_an_unreadable_file_is_put_aside_before_the_first_change(tmp_path: Path) -> None:
    (tmp_path / "answers.json").write_text("{")
    answering.update(tmp_path, "en", answering.reflection("anew"))
    assert load_answers(tmp_path).reflection == "anew"
    assert (tmp_path / "answers.unreadable-1.json").read_text() == "{"


def test_a_text_is_cut_where_the_page_s_box_ends(tmp_path: Path) -> None:
    answering.update(tmp_path, "en", answering.reflection("é" * 300_000))
    answers = answering.update(tmp_path, "en", answering.set_reason("baseline", 0, "x" * 300_000))
    assert answers == load_answers(tmp_path)
    assert len(answers.reflection) == answering.REFLECTION_LENGTH
    assert len(answers.evaluations["baseline"].reasons[0]) == answering.REASON_LENGTH


def test_answers_that_grow_too_long_are_refused_and_the_old_ones_stay(tmp_path: Path) -> None:
    answering.update(tmp_path, "en", answering.reflection("short"))

    def flood(answers: Answers) -> None:
        answers.reflection = "x" * 300_000

    with pytest.raises(AnswersError):
        answering.update(tmp_path, "en", flood)
    assert load_answers(tmp_path).reflection == "short"


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({}, (0, 0)),
        ({"realism": 2, "artifacts": 1, "usability": 0}, (3, 3)),
        ({"realism": 2, "unknown": 2}, (2, 1)),
        ({"realism": 3, "artifacts": 1.5, "usability": "two"}, (0, 0)),
        ({"realism": True, "artifacts": 1.0}, (0, 0)),
    ],
)
def test_the_total_counts_valid_scores_of_the_grid(scores: dict[str, Any], expected: tuple[int, int]) -> None:
    assert answering.total(SubjectAnswer(scores=scores), CRITERIA) == expected


def test_nothing_answered_is_nothing_in_total() -> None:
    assert answering.total(None, CRITERIA) == (0, 0)


def test_a_subject_is_answered_with_any_attempt_of_its_runs_newest_first() -> None:
    runs = ["t2i_run02_steps15", "smoke", "t2i_run05_guid12", "t2i_run02_steps15"]
    records = [
        cast(Record, SimpleNamespace(manifest=SimpleNamespace(run=run, sequence=number)))
        for number, run in enumerate(runs)
    ]
    subject = Subject(id="extreme", title=WORDS, one_of=("t2i_run02_steps15", "t2i_run05_guid12"))
    assert [r.manifest.sequence for r in answering.candidates(records, subject)] == [3, 2, 0]
