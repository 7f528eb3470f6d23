"""Kind `outlines`: the rules of planned runs, and whether the outlines that were given lead the pictures.

The picture of outlines and the pictures made are in the submission: how much of the outlines each picture
keeps is measured from them each time.
"""

from functools import partial

from PIL import Image

from exercises.i18n import Translator, number
from exercises.kinds import Outlines
from exercises.kinds.base import Run
from grading.checks.alt_text_rules import count_words
from grading.checks.img2img import source_kept, source_same
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.runs import asked_for, check_runs, run_pictures
from grading.checks.text_rules import check_words, reasons
from grading.checks.verdict import RuleResult, Verdict, in_order, not_yet, ok, wrong
from grading.submission.files import Unreadable
from grading.submission.reading import Recorded, Submission
from grading.wording import message
from manifests.errors import PictureError
from manifests.outlines import are_outlines, followed
from manifests.pictures import open_picture


def check_outlines(exercise: Outlines, evidence: Evidence) -> list[RuleResult]:
    """Four rules for each run, three for the outlines, one each for the prompt, the text and each topic."""
    submission, said = evidence.submission, evidence.submission.said(exercise.id)
    newest = [n for run in exercise.runs if (n := evidence.newest.get((exercise.id, run.id)))]
    missing = [run.id for run in exercise.runs if (exercise.id, run.id) not in evidence.newest]
    planned = asked_for(exercise, newest)
    none = message("outlines.no_text")
    return [
        *check_runs(planned, evidence),
        *in_order(
            "outlines",
            [
                ("outlines_kept", partial(_kept, submission, newest)),
                ("outlines_same", partial(source_same, newest, missing)),
                ("outlines_lead", partial(_lead, exercise, evidence)),
            ],
        ),
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


def _kept(submission: Submission, newest: list[Recorded]) -> Verdict:
    """The outlines are there as they were recorded, and are a picture of outlines."""
    if not newest:
        return not_yet(message("outlines.none"))
    verdict = source_kept(submission, newest)
    if verdict.passed is not True:
        return verdict
    for recorded in newest:
        led = _outlines(submission, recorded)
        if isinstance(led, Verdict):
            return led
        if not are_outlines(led):
            source = recorded.manifest.request.source
            return wrong(message("outlines.no_outlines", file=source.file if source else ""))
    return ok()


def _lead(exercise: Outlines, evidence: Evidence) -> Verdict:
    """The picture that is led most keeps more of the outlines than the one that is led least."""
    least, most = (
        _agreement(evidence.submission, evidence.newest[exercise.id, run.id])
        for run in exercise.least_and_most
    )
    if isinstance(least, Verdict):
        return least
    if isinstance(most, Verdict):
        return most
    if most < least + exercise.more:
        asked = message("outlines.more", least=_percent(least), more=_percent(exercise.more))
        return wrong(message("outlines.lead"), asked, f"{_percent(most)} %")
    return ok()


def _percent(part: float) -> str:
    return f"{100 * part:.0f}"


def _agreement(submission: Submission, recorded: Recorded) -> float | Verdict:
    led = _outlines(submission, recorded)
    if isinstance(led, Verdict):
        return led
    try:
        return followed(open_picture(submission.image(recorded)), led)
    except Unreadable as error:
        return wrong(error.message)
    except PictureError as error:
        return wrong(message("inpaint.unreadable", file=recorded.file, why=error))


def _outlines(submission: Submission, recorded: Recorded) -> Image.Image | Verdict:
    """The picture of outlines that led one, or what is wrong with it."""
    source = recorded.manifest.request.source
    if source is None:
        return wrong(message("source.none", file=recorded.file))
    try:
        return open_picture(submission.source(source))
    except Unreadable as error:
        return wrong(error.message)
    except PictureError as error:
        return wrong(message("inpaint.unreadable", file=recorded.file, why=error))


def _prompt(planned: Outlines, made: bool) -> Verdict:
    if not made:
        return not_yet(message("own.no_prompt"))
    count = count_words(planned.runs[0].parameters.prompt)
    if count < planned.prompt_words:
        return wrong(message("words.short", minimum=planned.prompt_words, found=count))
    return ok()


def _made(exercise: Outlines, submission: Submission) -> list[tuple[Run, Recorded]]:
    """The newest picture of each run that has one."""
    return [
        (run, recorded)
        for run in exercise.runs
        if (recorded := next(reversed(submission.attempts(exercise.id, run.id)), None))
    ]


def _pictures(exercise: Outlines, submission: Submission, t: Translator) -> list[ReportPicture]:
    """The outlines, or each of them where the runs were led by several; then the runs' pictures."""
    used = [recorded.manifest.request.source for _, recorded in _made(exercise, submission)]
    led = [
        ReportPicture(t("report.outlines"), t("report.outlines_alt"), submission.look_at_source(source))
        for source in {source.sha256: source for source in used if source}.values()
    ]
    return [*led, *run_pictures(exercise, submission, t)]


def _texts(exercise: Outlines, submission: Submission, t: Translator) -> list[ReportText]:
    """The prompts as they were asked for last, how much of the outlines each picture keeps, what was seen."""
    made = _made(exercise, submission)
    asked = asked_for(exercise, [recorded for _, recorded in made]).runs[0].parameters
    texts = [(t("report.prompt"), asked.prompt), (t("report.negative_prompt"), asked.negative_prompt)]
    lines = [t("report.line", name=name, value=value) for name, value in texts if value]
    for run, recorded in made:
        agreed = _agreement(submission, recorded)
        if not isinstance(agreed, Verdict):
            scale = number(run.parameters.control_scale or 0, t.language)
            lines.append(t("report.led", run=run.id, scale=scale, percent=_percent(agreed)))
    seen = ReportText(t("report.seen"), submission.said(exercise.id).text)
    return [ReportText(t("report.own_prompt"), "\n".join(lines)), seen]


KIND = KindChecks(check_outlines, pictures=_pictures, texts=_texts)
