"""Kind `dataset`: pictures as planned, looked through, and two classifiers whose figures follow from them.

Rule: nothing that a card says is believed. Which pictures had to teach follows from the plan, what was thrown
out and the bias; how often each class was named as which, the network itself is asked again, with NumPy
alone. That it was taught on these pictures and no others is not proven.
"""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import Literal

from cachetools import LRUCache

from crafts.errors import CraftError
from crafts.learning import (
    Split,
    asked,
    asked_composed,
    otherwise,
    share_right,
)
from crafts.small_net import Weights, seen
from exercises.i18n import Translator, decimal, labelled
from exercises.kinds import Dataset
from exercises.kinds.dataset import Cell
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.picture_rule import check_free_picture
from grading.checks.runs import beyond_plan, changed_parameters, named_picture, same_model
from grading.checks.text_rules import check_words
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.classifiers import network, newest_card, sorted_pictures
from grading.submission.files import Unreadable
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.classifiers import Card, Matrix, Pictured
from manifests.errors import PictureError
from manifests.pictures import open_picture
from manifests.sorting import Sorted

Sort = Literal["plain", "biased"]
SORTS: tuple[Sort, ...] = ("plain", "biased")
OTHERWISE = 2  # answers that may differ where another machine adds in another order
NAMED = 5  # pictures that a message names at most
SHOWN = 12  # pictures in the report
REMEMBERED = 64  # networks whose answers are kept: the lab asks again and again

_answers: LRUCache[tuple[str, ...], tuple[Matrix, Matrix]] = LRUCache(REMEMBERED)
_lock = Lock()


def check_dataset(exercise: Dataset, evidence: Evidence) -> list[RuleResult]:
    """Two rules for the pictures, two for each classifier, one for the words."""
    submission = evidence.submission
    newest = _newest(exercise, submission)
    sorted_ = sorted_pictures(submission, exercise.id)
    said, none = submission.said(exercise.id).text, message("dataset.no_words")
    pictures: list[Rule] = [
        ("all_drawn", partial(_drawn, exercise, evidence, newest)),
        ("sorted", partial(_sorted, exercise, newest, sorted_)),
    ]
    results = in_order("pictures", pictures)
    cards = {sort: newest_card(submission, exercise.id, sort) for sort in SORTS}
    for sort, card in cards.items():
        others = [each for name, each in cards.items() if name != sort and isinstance(each, Card)]
        rules: list[Rule] = [
            ("trained", partial(_trained, exercise, submission, newest, sorted_, card, others)),
            ("as_recorded", partial(_as_recorded, exercise, submission, newest, card)),
        ]
        results += in_order(sort, rules, which=message(f"dataset.{sort}"))
    words: list[Rule] = [
        ("lesson", lambda: check_words(said, exercise.words_minimum, evidence.prompts, none))
    ]
    return [*results, *in_order("words", words)]


def _newest(exercise: Dataset, submission: Submission) -> dict[str, Recorded]:
    """The newest picture of each run, by run."""
    attempts = {cell.run: submission.attempts(exercise.id, cell.run) for cell in exercise.cells}
    return {run: found[-1] for run, found in attempts.items() if found}


def _drawn(exercise: Dataset, evidence: Evidence, newest: dict[str, Recorded]) -> Verdict:
    """All of the plan, each as it is planned, by one model, and each picture in order."""
    missing = [cell.run for cell in exercise.cells if cell.run not in newest]
    if missing:
        of, runs = len(exercise.cells), tuple(missing)
        return not_yet(message("dataset.missing", count=len(missing), of=of, runs=runs))
    first = next(iter(newest.values()))
    waiting: list[Message] = []
    for run in exercise.runs:
        recorded = newest[run.id]
        if changed := [*changed_parameters(run, recorded), *beyond_plan(recorded)]:
            return wrong(message("dataset.changed", file=recorded.file, names=", ".join(changed)))
        if not same_model(recorded.manifest.model, first.manifest.model):
            return wrong(message("dataset.model", file=recorded.file))
        verdict = check_free_picture(evidence, recorded)
        if verdict.passed is False:
            return wrong(message("dataset.bad_picture", file=recorded.file, why=verdict.message or ""))
        if verdict.passed is None and verdict.message:
            waiting.append(verdict.message)
    return for_a_person(message("unproven.several", why=tuple(waiting[:NAMED]))) if waiting else ok()


def _sorted(exercise: Dataset, newest: dict[str, Recorded], sorted_: Sorted | Message) -> Verdict:
    """Every class was looked through; enough are out, and enough are left."""
    if isinstance(sorted_, Message):
        return wrong(sorted_)
    out = _runs_out(newest, sorted_)
    unseen = tuple(title for thing, title in exercise.classes.items() if thing not in sorted_.looked)
    if len(unseen) == len(exercise.classes) and not out:
        return not_yet(message("dataset.not_sorted"))
    if unseen:
        return wrong(message("dataset.unseen", things=unseen))
    if len(out) < exercise.thrown_minimum:
        return wrong(message("dataset.few_out"), str(exercise.thrown_minimum), str(len(out)))
    for thing, title in exercise.classes.items():
        left = sum(cell.thing == thing and cell.run not in out for cell in exercise.cells)
        if left < exercise.kept_minimum:
            said = message("dataset.few_left", thing=title)
            return wrong(said, str(exercise.kept_minimum), str(left))
    return ok()


def _runs_out(newest: dict[str, Recorded], sorted_: Sorted) -> frozenset[str]:
    """The runs whose newest picture is thrown out."""
    return frozenset(run for run, recorded in newest.items() if recorded.stem in sorted_.thrown)


def _trained(
    exercise: Dataset,
    submission: Submission,
    newest: dict[str, Recorded],
    sorted_: Sorted | Message,
    card: Card | Message | None,
    others: Sequence[Card],
) -> Verdict:
    """A classifier of this student's, taught on the pictures that are kept now, whose file is there.

    Other pictures teach another network, to the last number: one file for both was taught on neither's.
    """
    if card is None:
        return not_yet(message("dataset.not_trained"))
    if isinstance(card, Message):
        return wrong(card)
    if isinstance(sorted_, Message):
        return wrong(sorted_)
    if not submission.is_mine(card.student) or card.student in submission.classmates:
        return wrong(message("dataset.foreign"), submission.student, card.student)
    if (card.assignment, card.classes) != (submission.assignment, tuple(exercise.classes)):
        return wrong(message("dataset.other_exercise"))
    if card.bias and not (
        card.bias.thing in exercise.classes and card.bias.background in exercise.backgrounds
    ):
        return wrong(message("dataset.no_such_bias"))
    if card.composed_sha256 != exercise.composed.sha256:
        return wrong(message("dataset.other_sheet"))
    out = _runs_out(newest, sorted_)
    if {recorded.stem for run, recorded in newest.items() if run in out} != set(card.thrown):
        return wrong(message("dataset.sorted_since"))
    split = Split.of(exercise, out, card.bias)
    for name, cells, pictures in (
        ("taught", split.taught, card.taught),
        ("held_out", split.held_out, card.held_out),
    ):
        if _pictured(cells, newest) != set(pictures) or len(set(pictures)) != len(pictures):
            return wrong(message(f"dataset.other_{name}"))
    try:
        data, _ = network(submission, card)
    except Unreadable as error:
        return wrong(error.message)
    if (found := sha256(data).hexdigest()) != card.sha256:
        return wrong(message("dataset.other_file", file=card.file), card.sha256, found)
    if any(card.sha256 == other.sha256 and card.taught != other.taught for other in others):
        return wrong(message("dataset.one_for_both"))
    return ok()


def _pictured(cells: Sequence[Cell], newest: dict[str, Recorded]) -> set[Pictured]:
    """The cells' pictures, as their manifests tell of them."""
    there = (newest[cell.run] for cell in cells if cell.run in newest)
    return {Pictured(stem=each.stem, pixels_sha256=each.manifest.image.pixels_sha256) for each in there}


def _as_recorded(
    exercise: Dataset, submission: Submission, newest: dict[str, Recorded], card: Card | Message | None
) -> Verdict:
    """What the network answers, asked again, is what its card says."""
    assert isinstance(card, Card)  # noqa: S101 - the first rule has seen to it
    try:
        held_out, composed = _asked_again(exercise, submission, newest, card)
    except Unreadable as error:
        return wrong(error.message)
    except (CraftError, PictureError) as error:
        return wrong(message("dataset.unreadable", file=card.file, why=error))
    for name, said, found in (
        ("held_out", card.on_held_out, held_out),
        ("composed", card.on_composed, composed),
    ):
        if otherwise(said, found) > OTHERWISE:
            return wrong(message(f"dataset.differs_{name}"), _percent(said), _percent(found))
    return ok()


def _percent(found: Matrix) -> str:
    share = share_right(found)
    return "–" if share is None else f"{share:.0%}"


def _asked_again(
    exercise: Dataset, submission: Submission, newest: dict[str, Recorded], card: Card
) -> tuple[Matrix, Matrix]:
    """The two matrices. Raises CraftError, PictureError, Unreadable."""
    key = (card.sha256, exercise.composed.sha256, *(each.pixels_sha256 for each in card.held_out))
    with _lock:
        if key in _answers:
            return _answers[key]
    weights: Weights = network(submission, card)[1]
    by_stem = {recorded.stem: recorded for recorded in newest.values()}
    things = {cell.run: cell.thing for cell in exercise.cells}
    pictures = [open_picture(submission.image(by_stem[each.stem])) for each in card.held_out]
    shown = [things[by_stem[each.stem].manifest.run] for each in card.held_out]
    found = asked(exercise, weights, seen(pictures), shown), asked_composed(exercise, weights)
    with _lock:
        _answers[key] = found
    return found


def _pictures(exercise: Dataset, submission: Submission, t: Translator) -> list[ReportPicture]:
    """One picture of each class, then some of those that were thrown out, with the reason."""
    newest, sorted_ = _newest(exercise, submission), sorted_pictures(submission, exercise.id)
    firsts = {cell.thing: cell.run for cell in reversed(exercise.cells)}
    shown = [
        named_picture(firsts[thing], newest.get(firsts[thing]), submission, t) for thing in exercise.classes
    ]
    out = {} if isinstance(sorted_, Message) else sorted_.thrown
    for recorded in newest.values():
        if recorded.stem in out and len(shown) < SHOWN:
            caption = t("report.thrown", stem=recorded.stem, why=t(f"dataset.reason_{out[recorded.stem]}"))
            shown.append(named_picture(caption, recorded, submission, t))
    return shown


def _texts(exercise: Dataset, submission: Submission, t: Translator) -> list[ReportText]:
    """What was thrown out, the figures of both classifiers, then the student's own words."""
    texts = []
    sorted_ = sorted_pictures(submission, exercise.id)
    if isinstance(sorted_, Sorted):
        reasons = list(sorted_.thrown.values())
        lines = [
            labelled(t(f"dataset.reason_{reason}"), reasons.count(reason), t.language)
            for reason in dict.fromkeys(reasons)
        ]
        texts.append(ReportText(t("report.thrown_out", count=len(reasons)), "\n".join(lines)))
    for sort in SORTS:
        card = newest_card(submission, exercise.id, sort)
        if isinstance(card, Card):
            told = [
                _told(name, found, t)
                for name, found in (("held_out", card.on_held_out), ("composed", card.on_composed))
            ]
            bias = (
                t("report.bias", thing=card.bias.thing, background=card.bias.background) if card.bias else ""
            )
            texts.append(ReportText(t(f"report.classifier_{sort}"), "\n".join(filter(None, [bias, *told]))))
    return [*texts, ReportText(t("report.lesson"), submission.said(exercise.id).text)]


def _told(name: str, found: Matrix, t: Translator) -> str:
    share = decimal(_percent(found).replace("%", " %" if t.language == "fr" else "%"), t.language)
    return t(f"report.on_{name}", share=share, count=sum(map(sum, found)))


KIND = KindChecks(check_dataset, pictures=_pictures, texts=_texts)
