"""Submissions made wrong on purpose, graded together as one class: each gets its right verdict.

A case names exactly the checks that must be judged "no". Beside them stand two good submissions,
which must keep all their points.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from grading.class_.grade import grade_class
from grading.reports.table import escape_formula
from grading.results import CheckResult, Grade
from manifests.manifest import Source
from manifests.store import Store
from tests.grading import wrong
from tests.grading.good import EARNED, OPEN, noise, photo
from tests.grading.wrong import RUN, Spoil

IMAGE = f"sweep/{RUN}/image"
PARAMETERS = f"sweep/{RUN}/parameters"
RECORDED = f"sweep/{RUN}/recorded"
CHAIN, OWNER, REUSE, COMPLETE = (f"hand_in/record/{rule}" for rule in ("chain", "owner", "reuse", "complete"))
SCORES = "evaluation/baseline/scores"
REASONS = "evaluation/baseline/reasons"
STUDIO = "studio/pictures/studio"
LINES = "reflection/text/lines"
TOPICS = {f"reflection/{topic}/topic" for topic in ("cost_quality", "reproducibility", "ecommerce_risks")}
OBSERVED = {
    *(f"observations/{part}/observed" for part in ("seen", "steps", "guidance", "scheduler")),
    *(f"remains/{part}/observed" for part in ("kept", "changed", "usable")),
}
CODE, DRAWN = "code/code/code", "code/code_run08/drawn"
PROOFS = {f"code/{run}/recorded" for run in ("code_run01", "code_run08")}
UNREADABLE = {RECORDED, CHAIN, COMPLETE}
KEPT, SAME = "img2img/source/source_kept", "img2img/source/source_same"

LINE = "The cost and time of a picture, its seed, and the risk to mislead a customer."
WORDS = "light shade colour edge shape paper glass metal wood cloth stone water window".split()  # noqa: SIM905


def lines(count: int, start: str = LINE[:-1]) -> list[str]:
    """So many lines, each another one."""
    return [f"{start}, as on {WORDS[number]}." for number in range(count)]


DEEP = b"[" * 10_000 + b"]" * 10_000
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
HTML = '"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;'


@dataclass(frozen=True)
class Case:
    name: str
    spoil: Spoil
    fails: frozenset[str]


def case(name: str, spoil: Spoil, *fails: str) -> Case:
    return Case(name, spoil, frozenset(fails))


def source_file(store: Store) -> Path:
    return next(store.inputs.iterdir())


def foreign_manifest(store: Store) -> None:
    wrong.edit(store, RUN, lambda d: d.update(student="mallory"))
    wrong.reseal(store)


def edited_and_resealed(store: Store) -> None:
    wrong.set_request(seed=1)(store)
    wrong.reseal(store)


def pixel_hash_edited(store: Store) -> None:
    wrong.edit(store, RUN, lambda d: d["image"].update(pixels_sha256="0" * 64))
    wrong.reseal(store)


def other_assignment(store: Store) -> None:
    for path in store.outputs.glob("*.json"):
        wrong.edit(store, path.stem, lambda d: d.update(assignment="tp3"))
    wrong.reseal(store)


def other_source_for_one(store: Store) -> None:
    source = store.add_source(photo(5))
    exercise, run = wrong.planned("i2i_run08_strength060")
    store.save(wrong.draft_of(exercise, run, source), noise(88_000))


def small_source(store: Store) -> None:
    """A picture of one pixel as the photo of a product, put there by hand."""
    data = wrong.png(noise(5).resize((1, 1)))
    digest = hashlib.sha256(data).hexdigest()
    source = Source(file=f"{digest[:16]}.png", sha256=digest)
    (store.inputs / source.file).write_bytes(data)
    runs = ("i2i_run07_strength035", "i2i_run08_strength060", "i2i_run09_strength085")
    for number, name in enumerate(runs):
        exercise, run = wrong.planned(name)
        store.save(wrong.draft_of(exercise, run, source), noise(88_100 + number))


def nobody_s_model(store: Store) -> None:
    exercise, run = wrong.planned(RUN)
    draft = wrong.draft_of(exercise, run)
    model = draft.model.model_copy(update={"weights_sha256": "b" * 64})
    store.save(type(draft)(**(vars(draft) | {"model": model})), noise(88_001))


def few_effective_steps(store: Store) -> None:
    exercise, run = wrong.planned("i2i_run07_strength035")
    source = next(r.manifest.request.source for r in store.records() if r.manifest.request.source)
    draft = wrong.draft_of(exercise, run, source)
    store.save(type(draft)(**(vars(draft) | {"effective_steps": 30})), noise(88_002))


def small_on_purpose(store: Store) -> None:
    wrong.again(RUN, noise(88_003, 64), width=64, height=64)(store)


def renamed_manifest(store: Store) -> None:
    for suffix in (".json", ".png"):
        (store.outputs / f"{RUN}{suffix}").rename(store.outputs / f"t2i_run04_guid4-9{suffix}")


def cut_chain(store: Store) -> None:
    (store.outputs / "studio.json").unlink()
    wrong.again("smoke", noise(12))(store)  # goes on after the cut
    wrong.edit(store, "smoke-2", lambda d: d.update(sequence=16))
    wrong.reseal(store)


def html_everywhere(store: Store) -> None:
    wrong.reflection("\n".join(HTML + line for line in lines(9)))(store)
    wrong.answer(reasons=[HTML + "Clean edges.", HTML + "The colour is right."])(store)
    again_studio = store.newest("studio")
    assert again_studio is not None
    draft = wrong.draft_of(
        "studio", wrong.planned("smoke")[1].model_copy(update={"id": "studio"}), prompt=HTML
    )
    store.save(draft, noise(88_004))


def no_answers(store: Store) -> None:
    (store.folder / "answers.json").unlink()


EVALUATION = {f"evaluation/{subject}/subject" for subject in ("baseline", "extreme", "high_strength")}

EVERY_RUN = {f"{e.id}/{r.id}/recorded" for e, r in wrong.TP2.planned_runs()}

CASES = [
    # the manifest
    case("parameter-edited", wrong.set_request(guidance_scale=4.5), RECORDED, CHAIN),
    case("prompt-edited", wrong.set_request(prompt="a cat"), RECORDED, CHAIN),
    case("seconds-edited", wrong.set_field(seconds=0.1), RECORDED, CHAIN),
    case("edited-and-resealed", edited_and_resealed, IMAGE),
    case("not-a-number", wrong.overwrite(f"outputs/{RUN}.json", b'{"seconds": NaN}'), *UNREADABLE),
    case("nested-10000-deep", wrong.overwrite(f"outputs/{RUN}.json", DEEP), *UNREADABLE),
    case("not-utf8", wrong.overwrite(f"outputs/{RUN}.json", b'{"student": "\xff\xfe"}'), *UNREADABLE),
    case("json-list", wrong.overwrite(f"outputs/{RUN}.json", b"[]"), *UNREADABLE),
    case("empty-manifest", wrong.overwrite(f"outputs/{RUN}.json", b""), *UNREADABLE),
    case("200-mb-of-json", wrong.huge(f"outputs/{RUN}.json"), *UNREADABLE),
    case("unknown-field", wrong.set_field(grade=20), *UNREADABLE),
    case("text-for-a-number", wrong.set_request(steps="30"), *UNREADABLE),
    case("true-for-a-number", wrong.set_request(steps=True), *UNREADABLE),
    case("huge-number", wrong.set_field(sequence=10**400), *UNREADABLE),
    case(
        "path-with-dots",
        lambda s: wrong.edit(s, RUN, lambda d: d["image"].update(file="../answers.json")),
        *UNREADABLE,
    ),
    case("name-with-newline", wrong.set_field(run="a\nb"), *UNREADABLE),
    case("renamed", renamed_manifest),
    case("another-assignment", other_assignment, *EVERY_RUN, *EVALUATION, STUDIO, CHAIN, *PROOFS, CODE),
    case("another-student-s-manifest", foreign_manifest, CHAIN),
    # the chain
    case("manifest-deleted", wrong.remove(f"outputs/{RUN}.json", f"outputs/{RUN}.png"), RECORDED, CHAIN),
    case("chain-cut", cut_chain, STUDIO, CHAIN),
    case("previous-edited", wrong.set_field(previous="1" * 64), RECORDED, CHAIN),
    case("sequence-edited", wrong.set_field(sequence=3), RECORDED, CHAIN),
    # the image
    case("image-deleted", wrong.remove(f"outputs/{RUN}.png"), IMAGE, COMPLETE),
    case("image-swapped", wrong.overwrite(f"outputs/{RUN}.png", wrong.png(noise(5))), IMAGE, COMPLETE),
    case("image-truncated", wrong.truncated, IMAGE, COMPLETE),
    case("image-reencoded", wrong.reencoded, IMAGE, COMPLETE),
    case("image-is-text", wrong.overwrite(f"outputs/{RUN}.png", b"not a picture"), IMAGE, COMPLETE),
    case("image-of-200-mb", wrong.huge(f"outputs/{RUN}.png"), IMAGE, COMPLETE),
    case("image-1x1", wrong.forge(wrong.png(noise(6).resize((1, 1)))), IMAGE),
    case("image-1x1-admitted", wrong.forge(wrong.png(noise(6).resize((1, 1))), claim=(1, 1)), IMAGE),
    case("image-smaller-than-recorded", wrong.forge(wrong.png(noise(6, 64))), IMAGE),
    case("image-smaller-than-asked", wrong.forge(wrong.png(noise(6, 64)), claim=(64, 64)), IMAGE),
    case("image-30000x30000", wrong.forge(wrong.png_of_size(30_000, 30_000)), IMAGE),
    case("image-hash-forged", wrong.set_field(image={"file": f"{RUN}.png"}), *UNREADABLE),
    case("pixel-hash-edited", pixel_hash_edited, IMAGE),
    case("image-blank", wrong.again(picture=noise(1).point(lambda _: 128)), IMAGE),
    case("image-nearly-blank", wrong.again(picture=noise(1).point(lambda v: 128 + v // 128)), IMAGE),
    case("image-small", small_on_purpose, PARAMETERS),
    case(
        "same-image-twice", wrong.same_picture_twice,
        f"sweep/{RUN}/distinct", "sweep/t2i_run05_guid12/distinct", REUSE,
    ),
    # the parameters
    case("wrong-guidance", wrong.again(guidance_scale=5.0), PARAMETERS),
    case("two-changed", wrong.again(guidance_scale=5.0, seed=43), PARAMETERS),
    case("wrong-effective-steps", few_effective_steps, "img2img/i2i_run07_strength035/parameters"),
    case("another-model", nobody_s_model, PARAMETERS),
    # the source
    case("source-deleted", lambda s: source_file(s).unlink(), KEPT),
    case("source-replaced", lambda s: wrong.void(source_file(s).write_bytes(photo(9))), KEPT),
    case("source-1x1", small_source, KEPT, DRAWN),
    case("source-not-one", lambda s: wrong.void(source_file(s).write_bytes(b"GIF89a")), KEPT),
    case("sources-differ", other_source_for_one, SAME, DRAWN),
    # links and devices
    case("linked-image", wrong.link(f"outputs/{RUN}.png", Path("/etc/hostname")), IMAGE, COMPLETE),
    case("linked-manifest", wrong.link(f"outputs/{RUN}.json", Path("/etc/passwd")), RECORDED, CHAIN),
    case("linked-device", wrong.link(f"outputs/{RUN}.png", Path("/dev/zero")), IMAGE, COMPLETE),
    case("pipe-for-image", wrong.pipe(f"outputs/{RUN}.png"), IMAGE, COMPLETE),
    case("pipe-for-answers", wrong.pipe("answers.json"), *EVALUATION, LINES, *TOPICS, *OBSERVED),
    # the answers
    case("score-3", wrong.score(3), SCORES),
    case("score-1.5", wrong.score(1.5), SCORES),
    case("score-two", wrong.score("two"), SCORES),
    case("score-true", wrong.score(True), SCORES),
    case("score-minus", wrong.score(-1), SCORES),
    case("score-missing", wrong.score(None), SCORES),
    case("score-list", wrong.score([1]), SCORES),
    case("score-for-an-unknown-criterion", wrong.extra_score("charm"), SCORES),
    case("total-wrong", wrong.answer(total=9), "evaluation/baseline/total"),
    case("total-of-text", wrong.answer(total="five"), "evaluation/baseline/total"),
    case("one-reason", wrong.answer(reasons=["Nice."]), REASONS),
    case("four-reasons", wrong.answer(reasons=["a", "b", "c", "d"]), REASONS),
    case("blank-reasons", wrong.answer(reasons=["Nice.", "   ", "..."]), REASONS),
    case("the-same-reason-twice", wrong.answer(reasons=["Nice.", " nice. "]), REASONS),
    case("evaluation-of-another-run", wrong.answer(image=RUN), "evaluation/baseline/subject"),
    case("evaluation-of-nothing", wrong.answer(image="../../etc/passwd"), "evaluation/baseline/subject"),
    case("reflection-7-lines", wrong.reflection("\n".join(lines(7))), LINES),
    case("reflection-13-lines", wrong.reflection("\n\n".join(lines(13))), LINES),
    case("reflection-empty", wrong.reflection(" \n "), LINES, *TOPICS),
    case("reflection-beside-the-point", wrong.reflection("\n".join(lines(9, "I like it, and its look")))),
    case("reflection-of-repeated-lines", wrong.reflection("\n".join(["Bla bla."] * 9)), LINES, *TOPICS),
    case("answers-missing", no_answers, *EVALUATION, LINES, *TOPICS, *OBSERVED),
    case("answers-not-json", wrong.overwrite("answers.json", b"{"), *EVALUATION, LINES, *TOPICS, *OBSERVED),
    case("answers-of-200-mb", wrong.huge("answers.json"), *EVALUATION, LINES, *TOPICS, *OBSERVED),
    case("html-everywhere", html_everywhere),
]  # fmt: skip

NOT_GRADABLE = {
    "assignment-a-file": wrong.assignment_is_a_file,
    "assignment-linked": wrong.linked_assignment,
    "outputs-a-file": wrong.outputs_is_a_file,
}


SPOILS = {c.name: c.spoil for c in CASES} | NOT_GRADABLE | {"outputs-linked": wrong.linked_outputs}


@dataclass(frozen=True)
class Class:
    out: Path
    grades: dict[str, Grade]
    reports: dict[str, str]


@pytest.fixture(scope="module")
def graded(
    tmp_path_factory: pytest.TempPathFactory,
    good_work: Path,
    make_good: Callable[[Path, str], Store],
    tp2: Assignment,
) -> Class:
    """Every case and two good submissions, graded as one class."""
    root = tmp_path_factory.mktemp("class")
    submissions = root / "submissions"
    for name, spoil in SPOILS.items():
        work = submissions / name
        shutil.copytree(good_work, work)
        spoil(Store(work, "tp2", "alice"))
    make_good(submissions / "anna", "anna")
    make_good(submissions / "zoe", "zoe")
    grades = grade_class(submissions, tp2, root / "out", language="en")
    folders = {g.student: root / "out" / g.student for g in grades}
    reports = {name: (folder / "report.html").read_text("utf-8") for name, folder in folders.items()}
    return Class(root / "out", {g.student: g for g in grades}, reports)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_wrong_submission_gets_its_right_verdict(case: Case, graded: Class) -> None:
    grade = graded.grades[case.name]
    assert grade.gradable
    assert {c.id for c in grade.checks if c.passed is False} == case.fails
    unknown = [c for c in grade.checks if c.passed is None]
    assert all(c.needs_person or _follows_a_failure(c, case.fails) for c in unknown)
    expected = sum(c.maximum for c in grade.checks if c.passed)
    assert grade.points == pytest.approx(expected)
    assert (grade.points == grade.maximum) == (not case.fails and not unknown)


def _follows_a_failure(check: CheckResult, fails: frozenset[str]) -> bool:
    part = check.id.rpartition("/")[0]
    return any(failed.startswith(part + "/") for failed in fails) or check.id in (KEPT, SAME)


@pytest.mark.parametrize("name", NOT_GRADABLE)
def test_what_cannot_be_read_is_not_gradable_and_says_why(name: str, graded: Class) -> None:
    grade = graded.grades[name]
    assert (grade.gradable, grade.missing, grade.points, grade.checks) == (False, False, 0, ())
    assert len(grade.reasons) == 1


def test_a_linked_folder_of_outputs_is_not_followed(graded: Class) -> None:
    grade = graded.grades["outputs-linked"]
    assert {c.id.split("/")[0] for c in grade.checks if c.passed} == {"reflection"}
    assert any("outputs is a link" in finding for finding in grade.findings)


def test_good_submissions_among_wrong_ones_keep_all_their_points(graded: Class) -> None:
    for name in ("anna", "zoe"):
        grade = graded.grades[name]
        assert (grade.points, grade.findings, grade.for_grader) == (EARNED, (), ())


def test_no_wrong_submission_made_the_grading_of_it_crash(graded: Class) -> None:
    assert (graded.out / "grading.log").read_text() == ""


def test_topics_not_seen_wait_for_a_person_and_earn_nothing_yet(graded: Class) -> None:
    grade = graded.grades["reflection-beside-the-point"]
    waiting = [c for c in grade.checks if c.needs_person]
    reasons = {f"evaluation/{subject}/reasons" for subject in ("baseline", "extreme", "high_strength")}
    assert {c.id for c in waiting} == TOPICS | reasons | OBSERVED | {CODE}
    assert all(c.points == 0 for c in waiting)
    assert grade.open == round(sum(c.maximum for c in waiting), 2) == OPEN
    assert (grade.points, grade.possible) == (EARNED, 20)
    assert grade.status == "to_read"


def test_every_check_that_did_not_pass_has_a_cause(graded: Class) -> None:
    checks = [c for g in graded.grades.values() for c in g.checks if not c.passed]
    assert checks
    assert all(c.cause and c.cause.message for c in checks)


def test_grade_json_is_what_was_returned(graded: Class) -> None:
    for name, grade in graded.grades.items():
        assert Grade.model_validate_json((graded.out / name / "grade.json").read_bytes()) == grade


class Page(HTMLParser):
    """What a browser would make of a report: elements and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def pages(graded: Class) -> Iterator[tuple[str, Page]]:
    yield "class", Page((graded.out / "index.html").read_text("utf-8"))
    for name, text in graded.reports.items():
        yield name, Page(text)


def test_no_page_runs_or_fetches_anything(graded: Class) -> None:
    for _name, page in pages(graded):
        assert not {tag for tag, _ in page.elements} & {
            "script",
            "iframe",
            "object",
            "embed",
            "form",
            "base",
            "link",
        }
        for tag, attributes in page.elements:
            assert not any(key.startswith("on") for key in attributes)
            if tag == "img":
                assert (attributes["src"] or "").startswith("data:image/jpeg;base64,")
        policies = [a["content"] or "" for t, a in page.elements if t == "meta" and "http-equiv" in a]
        assert policies == [POLICY]


def test_html_that_a_student_wrote_is_shown_as_text(graded: Class) -> None:
    report = graded.reports["html-everywhere"]
    assert "<script" not in report
    assert "&lt;script&gt;alert(1)" in report
    assert report.count("&lt;img src=x onerror=alert(2)&gt;") >= 10


def test_pictures_have_alternative_texts(graded: Class) -> None:
    for _name, page in pages(graded):
        assert all(attributes.get("alt") for tag, attributes in page.elements if tag == "img")


def test_a_value_that_is_no_formula_stays_as_it_is() -> None:
    assert [escape_formula(v) for v in ("alice", "a=b", "")] == ["alice", "a=b", ""]


def test_grades_are_reproducible(graded: Class, tmp_path: Path, tp2: Assignment, good_work: Path) -> None:
    shutil.copytree(good_work, tmp_path / "in" / "alice")
    for out in ("one", "two"):
        grade_class(tmp_path / "in", tp2, tmp_path / out, language="en")
    for name in ("grades.csv", "index.html", "alice/grade.json", "alice/report.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_there_are_enough_kinds_of_wrong() -> None:
    assert len(CASES) + len(NOT_GRADABLE) >= 30
    assert len({json.dumps(c.name) for c in CASES}) == len(CASES)
