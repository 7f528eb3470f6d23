"""Kind `img2img`: the rules of planned runs, and two for the photo that all of them start from."""

from itertools import groupby

from exercises.i18n import Translator
from exercises.kinds import ImageToImage
from grading.checks.kind import Evidence, KindChecks, ReportPicture
from grading.checks.runs import check_runs, run_pictures
from grading.checks.verdict import RuleResult, Verdict, in_order, ok, unknown, wrong
from grading.submission.pictures import PictureFacts
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.pictures import MIN_PHOTO_SIDE


def check_img2img(exercise: ImageToImage, evidence: Evidence) -> list[RuleResult]:
    """Four rules for each run and two for the source."""
    return [*check_runs(exercise, evidence), *check_source(exercise, evidence)]


def check_source(exercise: ImageToImage, evidence: Evidence) -> list[RuleResult]:
    """The photo is kept, is a picture, and is the same for all runs."""
    newest = {run.id: evidence.submission.attempts(exercise.id, run.id)[-1:] for run in exercise.runs}
    made = [recorded for attempts in newest.values() for recorded in attempts]
    missing = [run for run, attempts in newest.items() if not attempts]
    return in_order(
        "source",
        (
            ("source_kept", lambda: source_kept(evidence.submission, made)),
            ("source_same", lambda: source_same(made, missing)),
        ),
    )


def source_kept(submission: Submission, made: list[Recorded]) -> Verdict:
    """Each picture's source is there as it was recorded, and is a picture with something in it."""
    if not made:
        return unknown(message("source.no_runs"))
    for recorded in made:
        source = recorded.manifest.request.source
        if source is None:
            return wrong(message("source.none", file=recorded.file))
        facts = submission.look_at_source(source)
        if isinstance(facts, Message):
            return wrong(facts)
        if facts.sha256 != source.sha256:
            return wrong(message("source.hash", file=source.file), source.sha256, facts.sha256)
        if not isinstance(facts, PictureFacts):
            return wrong(message("source.no_picture", file=source.file))
        if min(facts.width, facts.height) < MIN_PHOTO_SIDE:
            size = f"{facts.width} x {facts.height}"
            return wrong(
                message("source.small", file=source.file), f"{MIN_PHOTO_SIDE} x {MIN_PHOTO_SIDE}", size
            )
        if facts.blank:
            return wrong(message("source.blank", file=source.file))
    return ok()


def source_same(made: list[Recorded], missing: list[str]) -> Verdict:
    """All of them began with one source."""
    if missing:
        return unknown(message("source.missing_runs", runs=", ".join(missing)))
    sources = sorted(
        (r.manifest.request.source.sha256, r.manifest.run) for r in made if r.manifest.request.source
    )
    groups = [[run for _, run in group] for _, group in groupby(sources, key=lambda pair: pair[0])]
    if len(groups) == 1:
        return ok()
    return wrong(message("source.differ"), message("source.one"), " / ".join(", ".join(g) for g in groups))


def _pictures(exercise: ImageToImage, submission: Submission, t: Translator) -> list[ReportPicture]:
    """The photo, or each of them where the runs started from several; then the runs' pictures."""
    newest = [next(reversed(submission.attempts(exercise.id, run.id)), None) for run in exercise.runs]
    used = [recorded.manifest.request.source for recorded in newest if recorded]
    sources = {source.sha256: source for source in used if source}
    photos = [
        ReportPicture(t("report.source"), t("report.source_alt"), submission.look_at_source(source))
        for source in sources.values()
    ]
    return [*photos, *run_pictures(exercise, submission, t)]


KIND = KindChecks(check_img2img, pictures=_pictures)
