"""Kind `adapt`: an adapter that is there and whole, pictures with and without it, and what is learnt of them.

What the classifier says of the pictures, and what the model forgot, is shown, and no rule reads it.
"""

import hashlib
from functools import partial

from exercises.i18n import Translator
from exercises.kinds import Adapt
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.picture_rule import check_free_picture
from grading.checks.runs import changed_parameters, named_picture, same_model
from grading.checks.text_rules import check_words
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.files import Unreadable
from grading.submission.reading import Recorded, Submission
from grading.wording import message
from manifests.adapters import AdapterError, Card, read_card, read_facts
from manifests.manifest import Adapter, Request

Cell = tuple[int, float]  # the prompt's number, counted from 0, and the scale


def check_adapt(exercise: Adapt, evidence: Evidence) -> list[RuleResult]:
    """Four rules; what a person has to read comes last."""
    submission = evidence.submission
    newest = _newest(exercise, submission)
    used = _used(newest)
    text, none = submission.said(exercise.id).text, message("adapt.no_lesson")
    grid: list[Rule] = [
        ("before_after", partial(_drawn, exercise, evidence, newest)),
        ("only_adapters", partial(_only_adapters, exercise, newest)),
    ]
    lesson: list[Rule] = [
        ("lesson", lambda: check_words(text, exercise.words_minimum, evidence.prompts, none))
    ]
    return [
        *in_order("adapter", [("taught", partial(_taught, exercise, submission, used))]),
        *in_order("grid", grid),
        *in_order("lesson", lesson),
    ]


def card_of(submission: Submission, adapter: Adapter) -> Card | None:
    """An adapter's card, if it is the card of that file."""
    try:
        card = read_card(submission.card(adapter))
    except (Unreadable, AdapterError):
        return None
    return card if card.sha256 == adapter.sha256 else None


def _newest(exercise: Adapt, submission: Submission) -> dict[Cell, Recorded]:
    found = {}
    for row in range(len(exercise.prompts)):
        for scale in exercise.scales:
            attempts = submission.attempts(exercise.id, exercise.run_id(row, scale))
            if attempts:
                found[row, scale] = attempts[-1]
    return found


def _used(newest: dict[Cell, Recorded]) -> list[Adapter]:
    """What the pictures were drawn with, each adapter once."""
    found: dict[str, Adapter] = {}
    for recorded in newest.values():
        request = recorded.manifest.request
        for adapter in request.adapters if isinstance(request, Request) else ():
            found.setdefault(adapter.sha256, adapter)
    return list(found.values())


def _taught(exercise: Adapt, submission: Submission, used: list[Adapter]) -> Verdict:
    """One adapter, whose file is the one of the manifests, and taught as far as the exercise asks."""
    if not used:
        return not_yet(message("adapt.none"))
    if len(used) > 1:
        return wrong(message("adapt.several", files=tuple(sorted(each.file for each in used))))
    adapter = used[0]
    try:
        data = submission.adapter(adapter)
    except Unreadable as error:
        return wrong(error.message)
    if (found := hashlib.sha256(data).hexdigest()) != adapter.sha256:
        return wrong(message("adapt.other_file", file=adapter.file), adapter.sha256, found)
    try:
        facts = read_facts(data)
    except AdapterError:
        return wrong(message("adapt.broken", file=adapter.file))
    card = card_of(submission, adapter)
    if card is None or facts.word != adapter.word:
        return wrong(message("adapt.no_card", file=adapter.file))
    if not exercise.fewest_steps <= card.steps <= exercise.most_steps:
        asked = f"{exercise.fewest_steps}–{exercise.most_steps}"
        return wrong(message("adapt.steps", file=adapter.file), asked, str(card.steps))
    return ok()


def _drawn(exercise: Adapt, evidence: Evidence, newest: dict[Cell, Recorded]) -> Verdict:
    """Every prompt at every scale, each picture in order."""
    cells = [(row, scale) for row in range(len(exercise.prompts)) for scale in exercise.scales]
    missing = tuple(exercise.run_id(*cell) for cell in cells if cell not in newest)
    if missing:
        return not_yet(message("adapt.missing", runs=missing))
    verdicts = [check_free_picture(evidence, newest[cell]) for cell in cells]
    why = tuple(v.message for v in verdicts if v.passed is False and v.message)
    if why:
        return wrong(message("adapt.bad_pictures", why=why))
    unproven = tuple(v.message for v in verdicts if v.passed is None and v.message)
    return for_a_person(message("unproven.several", why=unproven)) if unproven else ok()


def _only_adapters(exercise: Adapt, newest: dict[Cell, Recorded]) -> Verdict:
    """The pictures are as planned, of one model, and differ within a row in the strength alone."""
    first = next(iter(newest.values()))
    word = next((each.word for each in _used(newest)), "")
    for (row, scale), recorded in newest.items():
        if changed := changed_parameters(exercise.run(row, scale, word), recorded):
            return wrong(message("adapt.changed", file=recorded.file, names=", ".join(changed)))
        if not same_model(recorded.manifest.model, first.manifest.model):
            return wrong(message("adapt.model", file=recorded.file))
        request = recorded.manifest.request
        scales = [adapter.scale for adapter in request.adapters] if isinstance(request, Request) else []
        if scales != [scale]:
            said = ", ".join(f"{each:g}" for each in scales) or "–"
            return wrong(message("adapt.scale", file=recorded.file), f"{scale:g}", said)
    return ok()


def _caption(exercise: Adapt, cell: Cell, recorded: Recorded, t: Translator) -> str:
    return f"{recorded.manifest.request.prompt} · {t('report.strength', scale=f'{cell[1]:g}')}"


def _pictures(exercise: Adapt, submission: Submission, t: Translator) -> list[ReportPicture]:
    return [
        named_picture(_caption(exercise, cell, recorded, t), recorded, submission, t)
        for cell, recorded in _newest(exercise, submission).items()
    ]


def _texts(exercise: Adapt, submission: Submission, t: Translator) -> list[ReportText]:
    """What was taught and forgotten, then the student's own words."""
    texts = []
    for adapter in _used(_newest(exercise, submission)):
        card = card_of(submission, adapter)
        if card is not None:
            told = t("report.taught", word=card.word, steps=card.steps, photos=len(card.photos))
            if card.forgetting is not None:
                shares = {name: f"{getattr(card.forgetting, name):.0%}" for name in ("before", "after")}
                told += "\n" + t("report.forgetting", **shares)
            texts.append(ReportText(t("report.adapter", file=card.file), told))
    return [*texts, ReportText(t("report.lesson"), submission.said(exercise.id).text)]


KIND = KindChecks(check_adapt, pictures=_pictures, texts=_texts)
