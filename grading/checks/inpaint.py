"""Kind `inpaint`: the rules of planned runs, and what is measured of source, mask and picture.

All three are in the submission: how much the mask covers, what changed outside of it and what inside is
computed from them each time, and nothing that a manifest says of it is believed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PIL import Image

from exercises.i18n import Translator, number
from exercises.kinds import Inpaint
from exercises.kinds.base import Run
from grading.checks.alt_text_rules import count_words
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.runs import asked_for, check_runs, named_picture
from grading.checks.text_rules import check_words, reasons
from grading.checks.verdict import Rule, RuleResult, Verdict, in_order, not_yet, ok, wrong
from grading.submission.files import Unreadable
from grading.submission.reading import Recorded, Submission
from grading.wording import message
from manifests.errors import PictureError
from manifests.manifest import Request
from manifests.masks import DRAWN, OUTSIDE_AT_MOST, change, covered, open_mask
from manifests.pictures import fit, open_picture

INSIDE_AT_LEAST = 4.0  # of 255: the mean change without which nothing was drawn there


@dataclass(frozen=True)
class Edit:
    """What one picture was made of, each of the picture's size."""

    source: Image.Image
    mask: Image.Image
    picture: Image.Image


def check_inpaint(exercise: Inpaint, evidence: Evidence) -> list[RuleResult]:
    """Eight rules for each run, one for the prompt, one for the text, and one for each topic."""
    said = evidence.submission.said(exercise.id)
    newest = [n for run in exercise.runs if (n := evidence.newest.get((exercise.id, run.id)))]
    planned = asked_for(exercise, newest)
    none = message("inpaint.no_text")
    return [
        *check_runs(planned, evidence),
        *(result for run in exercise.runs for result in _check_edit(exercise, evidence, run)),
        *in_order("prompt", [("edit_prompt", partial(_prompt, planned, bool(newest)))]),
        *in_order(
            "text",
            [
                (
                    "edit_text",
                    lambda: check_words(said.text, exercise.words_minimum, evidence.prompts, none),
                )
            ],
        ),
        *reasons(exercise.topics, said.text, none, evidence.prompts),
    ]


def _check_edit(exercise: Inpaint, evidence: Evidence, run: Run) -> list[RuleResult]:
    recorded = evidence.newest.get((exercise.id, run.id))
    seen: list[Edit] = []

    def kept() -> Verdict:
        if recorded is None:
            return not_yet(message("recorded.missing", run=run.id))
        found = _edit(evidence.submission, recorded)
        if isinstance(found, Verdict):
            return found
        seen.append(found)
        return ok()

    rules: list[Rule] = [("input_kept", kept)]
    measured: list[tuple[str, Callable[[Edit], Verdict]]] = [
        ("mask_covers", partial(_covers, exercise)),
        ("outside_kept", _outside),
        ("inside_changed", _inside),
    ]
    rules += [(name, partial(lambda rule: rule(seen[0]), rule)) for name, rule in measured]
    return in_order(run.id, rules)


def _edit(submission: Submission, recorded: Recorded) -> Edit | Verdict:
    """Source, mask and picture, or what is wrong with them."""
    request = recorded.manifest.request
    if not isinstance(request, Request) or request.source is None or request.mask is None:
        return wrong(message("inpaint.no_mask", file=recorded.file))
    facts = {kept.file: submission.look_at_source(kept) for kept in (request.source, request.mask)}
    for kept in (request.source, request.mask):
        found = getattr(facts[kept.file], "sha256", None)
        if found is not None and found != kept.sha256:
            return wrong(message("inpaint.hash", file=kept.file), kept.sha256, found)
    try:
        source = open_picture(submission.source(request.source))
        picture = open_picture(submission.image(recorded))
        mask = open_mask(submission.source(request.mask), *picture.size)
    except Unreadable as error:
        return wrong(error.message)
    except PictureError as error:
        return wrong(message("inpaint.unreadable", file=recorded.file, why=error))
    return Edit(fit(source, *picture.size), mask, picture)


def _covers(exercise: Inpaint, edit: Edit) -> Verdict:
    part = covered(edit.mask)
    asked = message(
        "inpaint.between",
        minimum=round(100 * exercise.covers_minimum),
        maximum=round(100 * exercise.covers_maximum),
    )
    if not exercise.covers_minimum <= part <= exercise.covers_maximum:
        return wrong(message("inpaint.covers"), asked, f"{100 * part:.1f} %")
    if exercise.outpaint and not _new_sides(edit.mask):
        return wrong(message("inpaint.no_border"))
    return ok()


def _new_sides(mask: Image.Image) -> bool:
    """Whether at least one whole side of the picture is drawn anew."""
    width, height = mask.size
    sides = (
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    )
    return any(mask.crop(side).getextrema()[0] >= DRAWN for side in sides)  # type: ignore[operator]


def _outside(edit: Edit) -> Verdict:
    outside, _ = change(edit.source, edit.picture, edit.mask)
    if outside > OUTSIDE_AT_MOST:
        return wrong(message("inpaint.outside"), f"<= {OUTSIDE_AT_MOST:g} / 255", f"{outside:.1f} / 255")
    return ok()


def _inside(edit: Edit) -> Verdict:
    _, inside = change(edit.source, edit.picture, edit.mask)
    if inside < INSIDE_AT_LEAST:
        return wrong(message("inpaint.inside"), f">= {INSIDE_AT_LEAST:g} / 255", f"{inside:.1f} / 255")
    return ok()


def _prompt(planned: Inpaint, made: bool) -> Verdict:
    if not made:
        return not_yet(message("own.no_prompt"))
    count = count_words(planned.runs[0].parameters.prompt)
    if count < planned.prompt_words:
        return wrong(message("words.short", minimum=planned.prompt_words, found=count))
    return ok()


def _pictures(exercise: Inpaint, submission: Submission, t: Translator) -> list[ReportPicture]:
    """Of each run the source, the mask and the picture."""
    shown: list[ReportPicture] = []
    for run in exercise.runs:
        recorded = next(reversed(submission.attempts(exercise.id, run.id)), None)
        request = recorded.manifest.request if recorded else None
        if request and request.source:
            facts = submission.look_at_source(request.source)
            shown.append(ReportPicture(t("report.source"), t("report.source_alt"), facts))
        if request and request.mask:
            facts = submission.look_at_source(request.mask)
            shown.append(ReportPicture(t("report.mask"), t("report.mask_alt"), facts))
        shown.append(named_picture(run.id, recorded, submission, t))
    return shown


def _texts(exercise: Inpaint, submission: Submission, t: Translator) -> list[ReportText]:
    """The prompts as they were asked for last, what was measured, and what was seen."""
    made = [
        r for run in exercise.runs if (r := next(reversed(submission.attempts(exercise.id, run.id)), None))
    ]
    asked = asked_for(exercise, made).runs[0].parameters
    texts = [(t("report.prompt"), asked.prompt), (t("report.negative_prompt"), asked.negative_prompt)]
    lines = [t("report.line", name=name, value=value) for name, value in texts if value]
    for recorded in made:
        edit = _edit(submission, recorded)
        if isinstance(edit, Edit):
            outside, inside = change(edit.source, edit.picture, edit.mask)
            lines.append(
                t(
                    "report.edit",
                    run=recorded.manifest.run,
                    covered=number(round(100 * covered(edit.mask), 1), t.language),
                    outside=number(round(outside, 2), t.language),
                    inside=number(round(inside, 1), t.language),
                )
            )
    seen = ReportText(t("report.seen"), submission.said(exercise.id).text)
    return [ReportText(t("report.own_prompt"), "\n".join(lines)), seen]


KIND = KindChecks(check_inpaint, pictures=_pictures, texts=_texts)
