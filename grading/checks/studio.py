"""Kind `studio`: so many different pictures that are in order, whatever their parameters."""

from functools import partial

from exercises.i18n import Translator
from exercises.kinds import Studio
from exercises.kinds.studio import STUDIO_RUN
from grading.checks.kind import Evidence, KindChecks, ReportPicture
from grading.checks.picture_rule import check_free_picture
from grading.checks.runs import named_picture
from grading.checks.verdict import RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.reading import Submission
from grading.wording import Message, message

MAX_PICTURES = 12  # in the report


def check_studio(exercise: Studio, evidence: Evidence) -> list[RuleResult]:
    """At least `minimum` different pictures that are in order."""
    return in_order("pictures", [("studio", partial(_enough, exercise, evidence))])


def _enough(exercise: Studio, evidence: Evidence) -> Verdict:
    good: set[str] = set()
    waiting: dict[str, Message] = {}
    broken: list[Message] = []
    for recorded in reversed(evidence.submission.attempts(exercise.id, STUDIO_RUN)):
        if len(good) >= exercise.minimum:
            break
        if not recorded.manifest.request.prompt.strip():
            broken.append(message("studio.no_prompt", file=recorded.file))
            continue
        verdict = check_free_picture(evidence, recorded)
        if verdict.passed:
            good.add(recorded.manifest.image.pixels_sha256)
        elif verdict.needs_person and verdict.message:
            waiting[recorded.manifest.image.pixels_sha256] = verdict.message
        elif verdict.message:
            broken.append(verdict.message)
    if len(good) >= exercise.minimum:
        return ok()
    if len(good | waiting.keys()) >= exercise.minimum:
        return for_a_person(message("unproven.several", why=tuple(waiting.values())))
    asked, found = str(exercise.minimum), str(len(good))
    if broken:
        return wrong(message("studio.broken", why=tuple(broken)), asked, found)
    return not_yet(message("studio.too_few"), asked, found)


def _pictures(exercise: Studio, submission: Submission, t: Translator) -> list[ReportPicture]:
    newest = submission.attempts(exercise.id, STUDIO_RUN)[-MAX_PICTURES:]
    return [named_picture(recorded.stem, recorded, submission, t) for recorded in newest]


KIND = KindChecks(check_studio, pictures=_pictures)
