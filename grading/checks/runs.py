"""The rules of planned runs and of free pictures: recorded, image, parameters, distinct; and the source.

The newest attempt of a run is the one that counts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from exercises.assignment import STUDIO_RUN, Generate, ImageToImage, Run, Studio, Sweep
from grading.checks.native_sizes import NATIVE_SIZES
from grading.checks.picture_rule import judge_picture
from grading.checks.verdict import Judged, Verdict, in_order, ok, unknown, wrong
from grading.results import Regeneration
from grading.submission.pictures import PictureFacts
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.manifest import ApiRequest, Model

Planned = Generate | Sweep | ImageToImage


@dataclass(frozen=True)
class Work:
    """What the rules of all runs look at: the submission, and what regenerating its pictures gave."""

    submission: Submission
    regenerations: Mapping[str, Regeneration]
    newest: Mapping[tuple[str, str], Recorded]  # by exercise and run; the student's own before any other's

    @classmethod
    def of(cls, submission: Submission, regenerations: Iterable[Regeneration]) -> "Work":
        foreign = [r for r in submission.kept if r.manifest.student != submission.student]
        newest = {(r.manifest.exercise, r.manifest.run): r for r in (*foreign, *submission.own)}
        return cls(submission, {r.stem: r for r in regenerations}, newest)


def drawing(recorded: Recorded) -> tuple[object, ...] | None:
    """What decides the pixels for certain: two pictures whose drawings differ cannot be the same picture.

    Prompts are left out, since a model skips words it does not know; so is strength, which acts
    only through the effective steps, and guidance below 1, which is no guidance. None for an API's
    picture: how that was drawn is not recorded.
    """
    request = recorded.manifest.request
    if isinstance(request, ApiRequest):
        return None
    source = request.source.sha256 if request.source else None
    return (
        request.mode, request.width, request.height, request.steps, max(1.0, request.guidance_scale),
        request.scheduler, request.seed, recorded.manifest.effective_steps, source,
    )  # fmt: skip


def judge_runs(exercise: Planned, work: Work) -> list[Judged]:
    """Four rules for each run; image-to-image adds two for its source."""
    judged = [
        check
        for run in exercise.runs
        for check in in_order(run.id, [(name, partial(rule, work, exercise, run)) for name, rule in _RULES])
    ]
    if isinstance(exercise, ImageToImage):
        judged += _judge_source(exercise, work)
    return judged


def judge_studio(exercise: Studio, work: Work) -> list[Judged]:
    """At least `minimum` different pictures that are in order."""
    return in_order("pictures", [("studio", partial(_enough, exercise, work))])


def _enough(exercise: Studio, work: Work) -> Verdict:
    good: set[str] = set()
    broken: list[Message] = []
    for recorded in reversed(work.submission.attempts(exercise.id, STUDIO_RUN)):
        if len(good) >= exercise.minimum:
            break
        verdict = judge_picture(work.submission, recorded, work.regenerations)
        if verdict.passed:
            good.add(recorded.manifest.image.pixels_sha256)
        elif verdict.message:
            broken.append(verdict.message)
    if len(good) >= exercise.minimum:
        return ok()
    reason = message("studio.broken", why=tuple(broken)) if broken else message("studio.too_few")
    return wrong(reason, str(exercise.minimum), str(len(good)))


def _recorded(work: Work, exercise: Planned, run: Run) -> Verdict:
    newest = work.newest.get((exercise.id, run.id))
    if newest is None:
        reason = work.submission.unreadable_attempt(run.id) or message("recorded.missing", run=run.id)
        return wrong(reason, message("recorded.expected"), message("recorded.none"))
    student = newest.manifest.student
    if student != work.submission.student:
        return wrong(message("recorded.foreign", file=newest.file), work.submission.student, student)
    return ok()


def _image(work: Work, exercise: Planned, run: Run) -> Verdict:
    return judge_picture(work.submission, work.newest[exercise.id, run.id], work.regenerations)


def _parameters(work: Work, exercise: Planned, run: Run) -> Verdict:
    newest = work.newest[exercise.id, run.id]
    expected, actual = _as_planned(run, newest), _as_asked(newest)
    changed = [name for name in expected if expected[name] != actual.get(name)]
    if changed:
        return wrong(
            message("parameters.changed", names=", ".join(changed)),
            _listed(expected, changed),
            _listed(actual, changed),
        )
    first = next(n for r in exercise.runs if (n := work.newest.get((exercise.id, r.id))))
    if not _same_model(newest.manifest.model, first.manifest.model):
        reason = message("parameters.model", run=first.manifest.run)
        return wrong(reason, _model(first.manifest.model), _model(newest.manifest.model))
    return ok()


def _distinct(work: Work, exercise: Planned, run: Run) -> Verdict:
    newest = work.newest[exercise.id, run.id]
    pixels, mine = newest.manifest.image.pixels_sha256, drawing(newest)
    same = [
        other.manifest.run
        for other in work.newest.values()
        if other.manifest.image.pixels_sha256 == pixels
        and None not in (mine, drawing(other))
        and drawing(other) != mine
    ]
    return wrong(message("distinct.same", runs=", ".join(sorted(same)))) if same else ok()


_RULES: tuple[tuple[str, Callable[[Work, Planned, Run], Verdict]], ...] = (
    ("recorded", _recorded),
    ("image", _image),
    ("parameters", _parameters),
    ("distinct", _distinct),
)


def _as_planned(run: Run, newest: Recorded) -> dict[str, object]:
    """The plan in the manifest's words; a native size is that of the model, where its size is known."""
    plan, request = run.parameters, newest.manifest.request
    native = NATIVE_SIZES.get(newest.manifest.model.id)
    planned: dict[str, object] = plan.model_dump()
    planned["width"] = (native or request.width) if plan.width == "native" else plan.width
    planned["height"] = (native or request.height) if plan.height == "native" else plan.height
    planned["effective_steps"] = plan.steps if plan.strength is None else int(plan.steps * plan.strength)
    return planned


def _as_asked(newest: Recorded) -> dict[str, object]:
    asked = newest.manifest.request.model_dump(exclude={"source"})
    return asked | {"effective_steps": newest.manifest.effective_steps}


def _listed(values: Mapping[str, object], names: list[str]) -> str:
    return ", ".join(f"{name} = {values.get(name)}" for name in names)


def _same_model(one: Model, other: Model) -> bool:
    """The same weights; where their hashes are not known, the same revision."""
    if one.weights_sha256 and other.weights_sha256:
        return one.id == other.id and one.weights_sha256 == other.weights_sha256
    return (one.id, one.repository, one.revision) == (other.id, other.repository, other.revision)


def _model(model: Model) -> str:
    return f"{model.id} ({model.repository}, {model.revision})"


def _judge_source(exercise: ImageToImage, work: Work) -> list[Judged]:
    made = [n for run in exercise.runs if (n := work.newest.get((exercise.id, run.id)))]
    missing = [run.id for run in exercise.runs if (exercise.id, run.id) not in work.newest]
    return in_order(
        "source",
        (
            ("source_kept", lambda: _source_kept(work.submission, made)),
            ("source_same", lambda: _source_same(made, missing)),
        ),
    )


def _source_kept(submission: Submission, made: list[Recorded]) -> Verdict:
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
        if facts.blank:
            return wrong(message("source.blank", file=source.file))
    return ok()


def _source_same(made: list[Recorded], missing: list[str]) -> Verdict:
    if missing:
        return unknown(message("source.missing_runs", runs=", ".join(missing)))
    sources = sorted(
        (r.manifest.request.source.sha256, r.manifest.run) for r in made if r.manifest.request.source
    )
    groups = [[run for _, run in group] for _, group in groupby(sources, key=lambda pair: pair[0])]
    if len(groups) == 1:
        return ok()
    return wrong(message("source.differ"), message("source.one"), " / ".join(", ".join(g) for g in groups))
