"""Kind `between`: a whole film from one picture to another, each frame recorded, and what is seen on the way.

A film is the frames that were asked for alike but for their place. Of several films the one made last counts.
"""

from collections.abc import Sequence
from functools import partial
from typing import Protocol, TypeVar

from exercises.i18n import Translator
from exercises.kinds import BetweenTwo
from exercises.kinds.base import Run
from exercises.kinds.between import BETWEEN_RUN, MOST_FRAMES
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.picture_rule import check_free_picture
from grading.checks.runs import changed_parameters, named_picture, same_model
from grading.checks.text_rules import check_words
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.reading import Recorded, Submission
from grading.wording import message
from manifests.manifest import Between, Manifest, Request

NEAR = 1e-3  # how far a frame may lie from its place, as places are rounded


class HasManifest(Protocol):
    """A picture of the store, or of a submission."""

    @property
    def manifest(self) -> Manifest: ...


Picture = TypeVar("Picture", bound=HasManifest)


def way_of(picture: HasManifest) -> Between | None:
    """Where a picture lies between two; None where it does not."""
    request = picture.manifest.request
    return request.between if isinstance(request, Request) else None


def film_of(pictures: Sequence[Picture]) -> list[Picture]:
    """The film made last, by place: the same for page and grade. `pictures` are in the order of making."""
    film: dict[float, Picture] = {}
    last: object = None
    for picture in reversed(pictures):
        between, request = way_of(picture), picture.manifest.request
        if between is None:
            continue
        asked = request.model_dump(exclude={"between"}), between.prompt, between.seed
        last = last or asked
        if asked == last:
            film.setdefault(between.place, picture)
    return [film[place] for place in sorted(film)]


def check_between(exercise: BetweenTwo, evidence: Evidence) -> list[RuleResult]:
    """Two rules for the film, one for the text."""
    submission = evidence.submission
    film = _film(exercise, submission)
    rules: list[Rule] = [
        ("film", partial(_whole, exercise, film)),
        ("film_pictures", partial(_pictures_right, exercise, evidence, film)),
    ]
    said, none = submission.said(exercise.id), message("between.no_text")
    written = partial(check_words, said.text, exercise.words_minimum, evidence.prompts, none)
    return [*in_order("film", rules), *in_order("text", [("film_text", written)])]


def _film(exercise: BetweenTwo, submission: Submission) -> list[Recorded]:
    attempts = submission.attempts(exercise.id, BETWEEN_RUN)
    return film_of(sorted(attempts, key=lambda r: r.manifest.sequence))


def _whole(exercise: BetweenTwo, film: list[Recorded]) -> Verdict:
    """Frames from the one end to the other, evenly apart, between ends that differ."""
    if not film:
        return not_yet(message("between.none"))
    count = len(film)
    if not exercise.frames_minimum <= count <= MOST_FRAMES:
        asked = f"{exercise.frames_minimum} – {MOST_FRAMES}"
        return wrong(message("between.frames"), asked, str(count))
    places = [between.place for recorded in film if (between := way_of(recorded))]
    if any(abs(place - i / (count - 1)) > NEAR for i, place in enumerate(places)):
        found = ", ".join(f"{place:g}" for place in places)
        return wrong(message("between.places"), f"0, {1 / (count - 1):.3g}, … 1", found)
    request, between = film[0].manifest.request, way_of(film[0])
    if between and (request.prompt.strip(), request.seed) == (between.prompt.strip(), between.seed):
        return wrong(message("between.same"))
    return ok()


def _pictures_right(exercise: BetweenTwo, evidence: Evidence, film: list[Recorded]) -> Verdict:
    """Each frame is as recorded and planned, by one model, and no two are the same."""
    doubtful: Verdict | None = None
    for recorded in film:
        verdict = check_free_picture(evidence, recorded)
        if verdict.passed is False:
            return wrong(message("between.broken", file=recorded.file, why=verdict.message or ""))
        doubtful = doubtful or (verdict if verdict.passed is None else None)
        if changed := _changed(exercise, recorded):
            return wrong(message("iterate.changed", file=recorded.file, names=", ".join(changed)))
        if not same_model(recorded.manifest.model, film[0].manifest.model):
            return wrong(message("iterate.model", file=recorded.file))
    if len({recorded.manifest.image.pixels_sha256 for recorded in film}) < len(film):
        return wrong(message("between.still"))
    return for_a_person(doubtful.message or message("judge.words")) if doubtful else ok()


def _changed(exercise: BetweenTwo, recorded: Recorded) -> list[str]:
    """What of the plan is not as planned; prompt and seed are the student's."""
    request = recorded.manifest.request
    own = {"prompt": request.prompt, "seed": getattr(request, "seed", 0) or 0}
    own["negative_prompt"] = getattr(request, "negative_prompt", "")
    run = Run(id=BETWEEN_RUN, parameters=exercise.start.model_copy(update=own))
    return changed_parameters(run, recorded)


def _pictures(exercise: BetweenTwo, submission: Submission, t: Translator) -> list[ReportPicture]:
    """The film, frame by frame."""
    return [
        named_picture(f"{between.place:.2f}", recorded, submission, t)
        for recorded in _film(exercise, submission)
        if (between := way_of(recorded))
    ]


def _texts(exercise: BetweenTwo, submission: Submission, t: Translator) -> list[ReportText]:
    """The two ends, and what was seen."""
    film, lines = _film(exercise, submission), []
    if film and (between := way_of(film[0])):
        request = film[0].manifest.request
        ends = ((0, request.prompt, request.seed), (1, between.prompt, between.seed))
        lines = [t("report.end", place=place, prompt=prompt, seed=seed) for place, prompt, seed in ends]
    return [
        ReportText(t("report.own_prompt"), "\n".join(lines)),
        ReportText(t("report.seen"), submission.said(exercise.id).text),
    ]


KIND = KindChecks(check_between, pictures=_pictures, texts=_texts)
