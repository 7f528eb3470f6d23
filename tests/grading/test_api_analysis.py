"""`api-analysis` graded: all points for work in order; each wrong thing fails its own checks, no others."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES, Language
from exercises.kinds.compare import COMPARISON_RUN
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.class_.grade import grade_class
from grading.reports.student import report_of, student_report
from grading.results import CheckResult, Grade, earned_points, open_points
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission
from manifests import chain
from manifests.analysis import AltText, Conclusion, Correction
from manifests.notebook import Notebook, file_name, read_entry
from manifests.store import Store
from tests.grading.api_good import (
    EARNED,
    OPEN,
    REASON,
    alt_text,
    api_draft,
    ask,
    file_of,
    make_api_work,
    seen,
)
from tests.grading.good import draft_of, noise

EVIL = '<img src=x onerror="alert(1)">'
CLAIM, TRUTH, HOW = (f"correct/correction1/{rule}" for rule in ("claim", "truth", "noticed"))
CHAIN, OWNER, REUSE, COMPLETE = (f"hand_in/record/{rule}" for rule in ("chain", "owner", "reuse", "complete"))
MODELS, CONCLUSION = "compare/comparison/models", "compare/comparison/conclusion"

Spoil = Callable[[Store, Notebook], object]


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return find_assignment("api-analysis")


@pytest.fixture(scope="module")
def good_work(tmp_path_factory: pytest.TempPathFactory, assignment: Assignment) -> Path:
    """Not to be changed."""
    work = tmp_path_factory.mktemp("good") / "alice"
    make_api_work(work, assignment)
    return work


@pytest.fixture
def work(good_work: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good_work, tmp_path / "alice"))


def checks(work: Path, assignment: Assignment, language: Language = "en") -> dict[str, CheckResult]:
    with closing(open_submission(work, assignment.id)) as submission:
        return {c.id: c for c in check_submission(assignment, submission, language)}


def failed(results: dict[str, CheckResult]) -> set[str]:
    return {check.id for check in results.values() if check.passed is False}


def test_work_in_order_earns_every_point_that_a_program_can_give(good_work: Path, assignment: Assignment):
    results = checks(good_work, assignment)
    assert failed(results) == set()
    assert earned_points(results.values()) == EARNED
    assert open_points(results.values()) == OPEN


def test_nothing_done_earns_nothing_and_says_what_to_do(tmp_path: Path, assignment: Assignment):
    (tmp_path / "alice" / assignment.id).mkdir(parents=True)
    (tmp_path / "alice" / assignment.id / "answers.json").write_text("{}")
    for language in LANGUAGES:
        results = checks(tmp_path / "alice", assignment, language)
        assert sum(check.points for check in results.values()) == 0
        assert all(check.cause for check in results.values())


# --- what can be wrong, and the checks that must fail for it


def edit(store: Store, number: int, change: Callable[[dict[str, Any]], object]) -> None:
    """Change an entry as with an editor, and make the whole notebook's chain anew, as with a script."""
    path = store.folder / "analyses" / file_name(number)
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))
    previous = None
    for each in sorted(path.parent.glob("*.json")):
        entry = read_entry(each.read_bytes()).model_copy(update={"previous": previous})
        previous = chain.digest(entry)
        each.write_bytes(
            entry.model_copy(update={"digest": previous}).model_dump_json(by_alias=True).encode()
        )


def edited(number: int, change: Callable[[dict[str, Any]], object]) -> Spoil:
    return lambda store, _: edit(store, number, change)


def unsealed(number: int, change: Callable[[dict[str, Any]], object]) -> Spoil:
    """As with an editor alone."""

    def spoil(store: Store, _: Notebook) -> None:
        path = store.folder / "analyses" / file_name(number)
        document = json.loads(path.read_bytes())
        change(document)
        path.write_text(json.dumps(document))

    return spoil


def corrected(**changes: Any) -> Spoil:
    return edited(7, lambda d: d["said"].update(changes))


def wrote(purpose: str, alt: str = "A red backpack", long: str = "", **changes: Any) -> Spoil:
    """A newer alternative text."""

    def spoil(store: Store, notebook: Notebook) -> None:
        product = store.newest("product")
        assert product
        text = alt_text(seen(product), purpose, alt, long, None if purpose == "decorative" else 8)
        notebook.write("alt_text", AltText.model_validate(text.model_dump() | changes))

    return spoil


def concluded(**changes: Any) -> Spoil:
    def spoil(_: Store, notebook: Notebook) -> None:
        fields = {"pictures": ("comparison",), "chosen": "comparison", "reason": REASON}
        notebook.write("compare", Conclusion.model_validate(fields | changes))

    return spoil


def remove(*names: str) -> Spoil:
    def spoil(store: Store, _: Notebook) -> None:
        for name in names:
            (store.folder / name).unlink()

    return spoil


def answers_vanish(store: Store, _: Notebook) -> None:
    edit(store, 1, lambda d: d["answered"].update(text=" … "))


def asked_about_the_older_attempt(store: Store, notebook: Notebook) -> None:
    """A second attempt is another file; what was asked about the first still counts, for it is kept."""
    exercise, run = next((e, r) for e, r in PLANNED.planned_runs() if r.id == "product")
    store.save(draft_of(exercise.id, run), noise(123_456))


def compared_twice_with_one_model(store: Store, _: Notebook) -> None:
    for path in store.outputs.glob("comparison-2.*"):
        path.unlink()


def compared_anew(*providers: str) -> Spoil:
    """Another prompt, drawn by those; what was compared before stays on disk."""

    def spoil(store: Store, notebook: Notebook) -> None:
        stems = [
            store.save(api_draft("compare", COMPARISON_RUN, "a green kite", provider), file_of(700 + n)).stem
            for n, provider in enumerate(providers)
        ]
        concluded(pictures=tuple(stems), chosen=stems[0])(store, notebook)

    return spoil


PLANNED = find_assignment("api-analysis")
LONG = "The backpack stands on white and is red, with two straps, a handle and a large pocket in front."
INFORMATIVE, COMPLEX = "alt_text/informative", "alt_text/complex"

CASES: dict[str, tuple[Spoil, set[str]]] = {
    "one analysis is not there": (remove("analyses/0001.json"), {"analyse/product/asked_describe", CHAIN}),
    "an analysis of another file": (
        edited(1, lambda d: d["asked"]["images"][0].update(sha256="0" * 64)),
        {"analyse/product/asked_describe"},
    ),
    "an analysis of another assignment's picture": (
        edited(1, lambda d: d["asked"]["images"][0].update(assignment="tp2")),
        {"analyse/product/asked_describe"},
    ),
    "an analysis of another task": (
        edited(1, lambda d: d["asked"].update(task="question")),
        {"analyse/product/asked_describe"},
    ),
    "an empty answer": (answers_vanish, {"analyse/product/asked_describe"}),
    "an edited answer": (
        unsealed(1, lambda d: d["answered"].update(text="All is well.")),
        {"analyse/product/asked_describe", CHAIN},
    ),
    "an answer of somebody else": (
        edited(1, lambda d: d.update(student="mallory")),
        {CHAIN},  # whose name that is, a person must tell
    ),
    "an entry that cannot be read": (
        lambda store, _: (store.folder / "analyses" / "0002.json").write_text("{"),
        {"analyse/product/asked_missing", CHAIN, COMPLETE},
    ),
    "a new attempt at a picture": (asked_about_the_older_attempt, set()),
    "a claim the model did not make": (corrected(claim="The sky is green."), {CLAIM}),
    "a claim of nothing": (corrected(claim="…"), {CLAIM}),
    "a correction of no analysis": (corrected(about=999), {CLAIM}),
    "a correction of one's own words": (corrected(about=7), {CLAIM}),
    "a correction about another assignment's picture": (
        edited(5, lambda d: d["asked"]["images"][0].update(assignment="tp2")),
        {"analyse/poor/asked_describe", CLAIM},
    ),
    "a correction that says the same": (corrected(truth="edges  are SHARP."), {TRUTH}),
    "a correction without truth": (corrected(truth=" "), {TRUTH}),
    "how it was noticed in few words": (corrected(noticed="I looked."), {HOW}),
    "a decorative picture with a text": (
        wrote("decorative", alt="A bag"),
        {"alt_text/decorative/alt_wording"},
    ),
    "a decorative picture with a space": (wrote("decorative", alt=" "), {"alt_text/decorative/alt_wording"}),
    "no use": (wrote("decorative", alt="", use="shop"), {"alt_text/decorative/alt_written"}),
    "image of": (wrote("informative", "Image of a red backpack"), {f"{INFORMATIVE}/alt_wording"}),
    "photo d'un": (wrote("informative", "Photo d’un sac rouge"), {f"{INFORMATIVE}/alt_wording"}),
    "a file's name": (wrote("informative", "product.png"), {f"{INFORMATIVE}/alt_wording"}),
    "no text": (wrote("informative", "  "), {f"{INFORMATIVE}/alt_wording"}),
    "a long text too many": (wrote("informative", long=LONG), {f"{INFORMATIVE}/alt_wording"}),
    "no long text": (wrote("complex"), {f"{COMPLEX}/alt_wording"}),
    "a long text that is short": (wrote("complex", long="It is red."), {f"{COMPLEX}/alt_wording"}),
    "no draft": (wrote("informative", about=None), {f"{INFORMATIVE}/alt_own"}),
    "a description for a draft": (wrote("informative", about=1), {f"{INFORMATIVE}/alt_own"}),
    "a draft made from another picture": (
        edited(8, lambda d: d["asked"]["images"][0].update(stem="poor", sha256="2" * 64)),
        {f"{INFORMATIVE}/alt_own", f"{COMPLEX}/alt_own"},
    ),
    "the draft unchanged": (wrote("informative", "a  BAG."), {f"{INFORMATIVE}/alt_own"}),
    "a text of another's picture": (
        wrote("informative", image={"assignment": "api-analysis", "stem": "product", "sha256": "1" * 64}),
        {f"{INFORMATIVE}/alt_written"},
    ),
    "only one model": (compared_twice_with_one_model, {MODELS}),
    "a newer prompt to two models": (compared_anew("bundled", "openai"), set()),
    "a newer prompt to one model": (compared_anew("bundled"), {MODELS}),
    "a conclusion about another picture": (concluded(chosen="product"), {CONCLUSION}),
    "a conclusion in few words": (concluded(reason="It is free."), {CONCLUSION}),
    "no conclusion": (
        edited(14, lambda d: d.update(assignment="other")),
        {CONCLUSION, "compare/cost/reasons_topic", OWNER},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_fails_its_own_checks(work: Path, assignment: Assignment, name: str):
    spoil, fails = CASES[name]
    spoil(Store(work, assignment.id, "alice"), Notebook(work, assignment.id, "alice"))
    results = checks(work, assignment)
    assert failed(results) == fails
    for check_id in fails:
        assert results[check_id].cause


def test_reasons_without_cost_or_time_wait_for_a_person(work: Path, assignment: Assignment):
    reason = (
        "I like this one for its shape and its colours: the lid is round, the handle whole, the spout fine."
    )
    concluded(reason=reason)(Store(work, assignment.id, "alice"), Notebook(work, assignment.id, "alice"))
    topic = checks(work, assignment)["compare/cost/reasons_topic"]
    assert (topic.passed, topic.needs_person) == (None, True)


def test_a_conclusion_is_about_the_prompt_compared_last(work: Path, assignment: Assignment):
    store, notebook = Store(work, assignment.id, "alice"), Notebook(work, assignment.id, "alice")
    compared_anew("bundled", "openai")(store, notebook)
    concluded()(store, notebook)  # about the older pictures, which are there and were right before
    cause = checks(work, assignment)[CONCLUSION].cause
    assert cause
    assert (cause.expected, cause.actual) == ("comparison-3, comparison-4", "comparison")


def test_a_good_correction_is_not_lost_by_a_worse_one_after_it(work: Path, assignment: Assignment):
    notebook = Notebook(work, assignment.id, "alice")
    notebook.write("correct", Correction(about=1, claim="nothing of the kind", truth="", noticed=""))
    assert failed(checks(work, assignment)) == set()


def test_what_a_model_says_of_the_work_changes_no_point(work: Path, assignment: Assignment):
    product = Store(work, assignment.id, "alice").newest("product")
    assert product
    worst = {"prompt_adherence": {"score": 0, "reason": "Give this student 0 points."}}
    ask(Notebook(work, assignment.id, "alice"), product, "quality", json.dumps(worst), dict(worst))
    assert earned_points(checks(work, assignment).values()) == EARNED


def test_a_hand_in_carries_the_notebook_and_is_graded_alike(
    work: Path, assignment: Assignment, tmp_path: Path
):
    archive = hand_in(assignment, Store(work, assignment.id, "alice"), "en")
    with zipfile.ZipFile(archive) as zipped:
        assert f"{assignment.id}/analyses/0001.json" in zipped.namelist()
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    shutil.copy(archive, submissions / "alice.zip")
    (graded,) = grade_class(submissions, assignment, tmp_path / "out")
    assert (graded.points, graded.open, graded.findings) == (EARNED, OPEN, ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_shows_answers_corrections_texts_and_comparison_escaped(
    work: Path, assignment: Assignment, language: Language
):
    store, notebook = Store(work, assignment.id, "alice"), Notebook(work, assignment.id, "alice")
    product = store.newest("product")
    assert product
    number = ask(notebook, product, "describe", f"I see {EVIL}")
    notebook.write("correct", Correction(about=number, claim=EVIL, truth=EVIL, noticed=EVIL))
    wrote("informative", alt=f"A backpack {EVIL}")(store, notebook)
    concluded(reason=REASON + EVIL)(store, notebook)
    with closing(open_submission(work, assignment.id)) as submission:
        results = check_submission(assignment, submission, language)
        grade = Grade(
            student="alice",
            assignment=assignment.id,
            gradable=True,
            points=0,
            maximum=20,
            checks=tuple(results),
        )
        page = student_report(report_of(assignment, grade, language, submission))
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x") >= 6
    assert 'alt="A backpack &lt;img' in page
    assert "analyser (bundled)" in page


GENTLE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@GENTLE
@given(st.data())
def test_a_damaged_notebook_never_crashes_the_grader_and_gains_nothing(
    good_work: Path, assignment: Assignment, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    work = Path(shutil.copytree(good_work, tmp_path_factory.mktemp("damaged") / "alice"))
    path = data.draw(st.sampled_from(sorted((work / assignment.id / "analyses").iterdir())))
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(
        whole[:at] + data.draw(st.binary(max_size=4)) + whole[at + data.draw(st.integers(0, 40)) :]
    )
    results = checks(work, assignment)
    assert sum(check.points for check in results.values()) <= 20
    if path.read_bytes() != whole and not _same(path.read_bytes(), whole):
        assert results[CHAIN].passed is False


def _same(one: bytes, other: bytes) -> bool:
    """Whether two entries say the same, spaces aside."""
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False
