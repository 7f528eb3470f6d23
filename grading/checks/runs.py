"""The rules of planned runs: recorded, image, parameters, distinct.

The newest attempt of a run is the one that counts.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from exercises.i18n import Translator
from exercises.kinds.base import Run
from exercises.kinds.planned import Planned
from exercises.parameters import SAFE_STEPS, Parameters, safe_sides, side_of
from grading.checks.drawing import drawing
from grading.checks.kind import Evidence, ReportPicture
from grading.checks.native_sizes import NATIVE_SIZES
from grading.checks.picture_rule import check_picture, why_unproven
from grading.checks.verdict import RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.reading import Recorded, Submission
from grading.wording import message, shown
from manifests.manifest import Manifest, Model, Request
from manifests.service import A1111Service, ComfyuiService

P = TypeVar("P", bound=Planned)


def check_runs(exercise: Planned, evidence: Evidence) -> list[RuleResult]:
    """Four rules for each run."""
    return [
        result
        for run in exercise.runs
        for result in in_order(
            run.id, [(name, partial(rule, evidence, exercise, run)) for name, rule in _RULES]
        )
    ]


def asked_for(exercise: P, newest: list[Recorded]) -> P:
    """The exercise with the prompts of the picture made last; as it is where there is none."""
    if not newest:
        return exercise
    request = max(newest, key=lambda r: r.manifest.sequence).manifest.request
    return exercise.with_prompt(request.prompt, getattr(request, "negative_prompt", ""))


def run_pictures(exercise: Planned, submission: Submission, t: Translator) -> list[ReportPicture]:
    """The newest picture of each run, or a gap."""
    newest = [
        (run.id, next(reversed(submission.attempts(exercise.id, run.id)), None)) for run in exercise.runs
    ]
    return [named_picture(name, recorded, submission, t) for name, recorded in newest]


def named_picture(
    name: str, recorded: Recorded | None, submission: Submission, t: Translator
) -> ReportPicture:
    """A recorded picture under a name; a gap where there is none."""
    if recorded is None:
        return ReportPicture(name, t("report.no_picture"), None)
    alt = t("report.alt", run=name, prompt=shown(recorded.manifest.request.prompt, 300))
    return ReportPicture(name, alt, submission.look_at_image(recorded))


def check_recorded(evidence: Evidence, exercise_id: str, run_id: str) -> Verdict:
    """A run's newest manifest is there, whole, of this assignment and of this student."""
    newest = evidence.newest.get((exercise_id, run_id))
    if newest is None:
        asked, found = message("recorded.expected"), message("recorded.none")
        if unreadable := evidence.submission.unreadable_attempt(run_id):
            return wrong(unreadable, asked, found)
        return not_yet(message("recorded.missing", run=run_id), asked, found)
    submission, manifest = evidence.submission, newest.manifest
    if not newest.sealed:
        return wrong(message("recorded.edited", file=newest.file))
    if manifest.assignment != submission.assignment:
        return wrong(
            message("recorded.assignment", file=newest.file), submission.assignment, manifest.assignment
        )
    if manifest.student in submission.classmates:
        return wrong(message("recorded.foreign", file=newest.file), submission.student, manifest.student)
    if submission.is_barred(newest):
        return wrong(message("recorded.through_agent", files=(newest.file,)))
    if submission.is_doubtful(newest):
        return for_a_person(
            message("recorded.other_name", file=newest.file), submission.student, manifest.student
        )
    unproven = why_unproven(newest, evidence.regenerations)
    return for_a_person(unproven) if unproven else ok()


def _recorded(evidence: Evidence, exercise: Planned, run: Run) -> Verdict:
    return check_recorded(evidence, exercise.id, run.id)


def _image(evidence: Evidence, exercise: Planned, run: Run) -> Verdict:
    return check_picture(evidence.submission, evidence.newest[exercise.id, run.id], evidence.regenerations)


def _parameters(evidence: Evidence, exercise: Planned, run: Run) -> Verdict:
    newest = evidence.newest[exercise.id, run.id]
    beyond = beyond_plan(newest)
    if changed := [*changed_parameters(run, newest), *beyond]:
        return wrong(
            message("parameters.changed", names=", ".join(changed)),
            _listed(_as_planned(run, newest) | dict.fromkeys(beyond, "–"), changed),
            _listed(_as_asked(newest) | beyond, changed),
        )
    first = next(n for r in exercise.runs if (n := evidence.newest.get((exercise.id, r.id))))
    if not same_model(newest.manifest.model, first.manifest.model):
        reason = message("parameters.model", run=first.manifest.run)
        return wrong(reason, _model(first.manifest.model), _model(newest.manifest.model))
    return ok()


def _distinct(evidence: Evidence, exercise: Planned, run: Run) -> Verdict:
    newest = evidence.newest[exercise.id, run.id]
    pixels, mine = newest.manifest.image.pixels_sha256, drawing(newest, evidence.submission)
    if mine is None:
        return ok()
    same = [
        other.manifest.run
        for other in evidence.newest.values()
        if other.manifest.image.pixels_sha256 == pixels
        and drawing(other, evidence.submission) not in (None, mine)
    ]
    return wrong(message("distinct.same", runs=", ".join(sorted(same)))) if same else ok()


_RULES: tuple[tuple[str, Callable[[Evidence, Planned, Run], Verdict]], ...] = (
    ("recorded", _recorded),
    ("image", _image),
    ("parameters", _parameters),
    ("distinct", _distinct),
)


def deviations(run: Run, newest: Recorded) -> list[tuple[str, object, object]]:
    """Name, planned and asked value of each parameter in which a picture is not as its run was planned."""
    planned, asked = _as_planned(run, newest), _as_asked(newest)
    return [(name, planned[name], asked.get(name)) for name in changed_parameters(run, newest)]


def changed_parameters(run: Run, newest: Recorded) -> list[str]:
    """The parameters in which a picture is not as its run was planned."""
    expected, actual = _as_planned(run, newest), _as_asked(newest)
    return [name for name in expected if expected[name] != actual.get(name)]


def beyond_plan(newest: Recorded) -> dict[str, object]:
    """What no planned run asks for and yet changes a picture: what a student taught, a way to another one."""
    request = newest.manifest.request
    if not isinstance(request, Request):
        return {}
    found: dict[str, object] = {}
    if used := [f"{each.word} ({each.scale:g})" for each in request.adapters if each.scale > 0]:
        found["adapters"] = ", ".join(used)
    if request.between is not None and request.between.place > 0:
        found["between"] = f"{request.between.place:g}"
    return found


def _as_planned(run: Run, newest: Recorded) -> dict[str, object]:
    """The plan in the manifest's words; a native or safe size is that of the model, where its own is known.

    A run that may be drawn smaller is as planned in each of the safe settings too.
    """
    plan, request = run.parameters, newest.manifest.request
    native = NATIVE_SIZES.get(newest.manifest.model.id)
    planned: dict[str, object] = plan.model_dump()
    for side in ("width", "height"):
        asked = planned[side]
        if native is not None or isinstance(asked, int):
            planned[side] = side_of(getattr(plan, side), native or 0)
        else:
            planned[side] = getattr(request, side)
    if run.canvas:
        planned |= {"width": request.width, "height": request.height}
    if run.smaller:
        planned |= _safe_settings(plan, newest, native)
    if run.variant is not None:
        planned["variant"] = run.variant
    steps = int(planned["steps"])  # type: ignore[call-overload]
    planned["effective_steps"] = _effective_steps(steps, plan.strength, newest.manifest)
    return planned


def _effective_steps(steps: int, strength: float | None, made: Manifest) -> int:
    """How many steps the plan's picture runs: from a photo that differs between those who draw it."""
    if strength is None or isinstance(made.service, ComfyuiService):  # ComfyUI leaves none out
        return steps
    if isinstance(made.service, A1111Service):  # its settings decide, and it does not tell them
        return made.effective_steps
    return int(steps * strength)


def _safe_settings(plan: Parameters, newest: Recorded, native: int | None) -> dict[str, object]:
    """Size and steps of a picture that was drawn as the lab draws where memory runs out; else nothing."""
    request = newest.manifest.request
    if not isinstance(request, Request) or request.steps != min(plan.steps, SAFE_STEPS):
        return {}
    if request.width != request.height or (native and request.width not in safe_sides(native)):
        return {}
    return {"width": request.width, "height": request.height, "steps": request.steps}


def _as_asked(newest: Recorded) -> dict[str, object]:
    asked = newest.manifest.request.model_dump(exclude={"source", "mask", "between"})
    made = newest.manifest
    return asked | {"effective_steps": made.effective_steps, "variant": made.variant}


def _listed(values: Mapping[str, object], names: list[str]) -> str:
    return ", ".join(f"{name} = {values.get(name)}" for name in names)


def same_model(one: Model, other: Model) -> bool:
    """The same weights; where their hashes are not known, the same revision."""
    if one.weights_sha256 and other.weights_sha256:
        return one.id == other.id and one.weights_sha256 == other.weights_sha256
    return (one.id, one.repository, one.revision) == (other.id, other.repository, other.revision)


def _model(model: Model) -> str:
    return f"{model.id} ({model.repository}, {model.revision})"
