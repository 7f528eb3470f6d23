"""Kind `code`: each picture that the student's code drew is recorded, and is that of the planned run.

The code is never executed here: its proof is the picture, which the lab compared with the run's own and which
`--regenerate` makes again from the manifest. Whether the code draws the picture as was asked, a person reads.
"""

from functools import partial

from exercises.i18n import Translator
from exercises.kinds import Code
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.picture_rule import check_picture
from grading.checks.runs import check_recorded, named_picture, same_model
from grading.checks.verdict import RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.files import Unreadable
from grading.submission.reading import Recorded, Submission
from grading.wording import message
from manifests.comparing import SAME_STACK_PSNR, psnr
from manifests.errors import PictureError
from manifests.manifest import Proof
from manifests.pictures import open_picture


def check_code(exercise: Code, evidence: Evidence) -> list[RuleResult]:
    """Three rules for each picture to draw, and one for the code, which a person reads."""
    results: list[RuleResult] = []
    for run, of in exercise.draws.items():
        rules = (
            ("recorded", partial(check_recorded, evidence, exercise.id, run)),
            ("image", partial(_image, evidence, exercise.id, run)),
            ("drawn", partial(_drawn, evidence, exercise.id, run, of)),
        )
        results += in_order(run, rules, run=of)
    title = message("title.code")
    return [*results, RuleResult("code", "code", title, _read(exercise, evidence))]


def proofs(exercise: Code, submission: Submission) -> list[Proof]:
    """The code of each picture that counts, the first picture's first; the same text stands there once."""
    newest = [next(reversed(submission.attempts(exercise.id, run)), None) for run in exercise.draws]
    found = [recorded.manifest.proof for recorded in newest if recorded and recorded.manifest.proof]
    return list({proof.code: proof for proof in found}.values())


def _image(evidence: Evidence, exercise: str, run: str) -> Verdict:
    return check_picture(evidence.submission, evidence.newest[exercise, run], evidence.regenerations)


def _drawn(evidence: Evidence, exercise: str, run: str, of: str) -> Verdict:
    """The picture is that of the run as it counts now, asked for in the same way."""
    mine = evidence.newest[exercise, run]
    if mine.manifest.proof is None:
        return wrong(message("code.no_proof", file=mine.file))
    theirs = next((r for (_, name), r in evidence.newest.items() if name == of), None)
    if theirs is None:
        return wrong(message("code.no_run", run=of))
    if mine.manifest.request != theirs.manifest.request:
        return wrong(message("code.other_request", run=of))
    if not same_model(mine.manifest.model, theirs.manifest.model):
        return wrong(message("code.other_request", run=of))
    if mine.manifest.image.pixels_sha256 == theirs.manifest.image.pixels_sha256:
        return ok()
    apart = _apart(evidence.submission, mine, theirs)
    if apart is not None and apart >= SAME_STACK_PSNR:
        return ok(message("code.nearly", run=of))
    return wrong(message("code.other_picture", run=of))


def _apart(submission: Submission, one: Recorded, other: Recorded) -> float | None:
    """How near two recorded pictures are, in dB; None where they cannot be compared."""
    try:
        return psnr(open_picture(submission.image(one)), open_picture(submission.image(other)))
    except (Unreadable, PictureError):
        return None


def _read(exercise: Code, evidence: Evidence) -> Verdict:
    if not proofs(exercise, evidence.submission):
        return not_yet(message("code.none"))
    return for_a_person(message("code.to_read"))


def _pictures(exercise: Code, submission: Submission, t: Translator) -> list[ReportPicture]:
    newest = [(run, next(reversed(submission.attempts(exercise.id, run)), None)) for run in exercise.draws]
    return [named_picture(run, recorded, submission, t) for run, recorded in newest]


def _texts(exercise: Code, submission: Submission, t: Translator) -> list[ReportText]:
    """The code that drew the pictures; where none has, what stands in the editor."""
    found = [proof.code for proof in proofs(exercise, submission)]
    typed = submission.answers.code.get(exercise.id, "") if submission.answers else ""
    return [ReportText(t("report.code"), text, code=True) for text in found or [typed]]


KIND = KindChecks(check_code, pictures=_pictures, texts=_texts)
