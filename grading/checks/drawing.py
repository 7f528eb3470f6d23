"""What decides a picture's pixels, so far as the record tells: the rules on reuse compare nothing else.

Rule: two pictures whose drawings differ cannot be the same picture; two whose drawings are equal may be.
So whatever can leave the pixels as they are is left out. Prompts, since a model skips words it does not
know. Guidance of 1 or less, which is no guidance, and all of it where the model takes none. Steps and
strength, which act only through the steps that run. A source's file, since two files may hold the same
picture. And of a scheduler all that has no effect in so few steps:

- Each goes from noise to no noise in as many steps as run, and each is of first order in its first step,
  which has none before it to learn from, and in its last, which is the prediction itself.
- DDIM and Euler are the same first-order step, written differently: at any number of steps.
- DPM++ 2M and UniPC are of second order in the steps between the first and the last: from three steps on.
- EulerA adds noise after each step but the last: from two steps on.
"""

from exercises.parameters import SchedulerName
from grading.submission.pictures import PictureFacts
from grading.submission.reading import Recorded, Submission
from manifests.manifest import ApiRequest, Source

Drawing = tuple[object, ...]

# From how many steps on a scheduler takes any but first-order steps; those not named never do.
APART_FROM: dict[SchedulerName, int] = {"EulerA": 2, "DPM++ 2M": 3, "UniPC": 3}

# The models of the lab's registry that take no guidance (a test compares).
WITHOUT_GUIDANCE = frozenset({"flux-schnell"})


def drawing(recorded: Recorded, submission: Submission) -> Drawing | None:
    """A picture's drawing by the module's rule. None where equal pixels say nothing.

    Those are an API's pictures, of which it is not recorded how they were drawn, and blank ones, to
    which a failed decoder or one step from almost no noise leads whatever was asked.
    """
    request, steps = recorded.manifest.request, recorded.manifest.effective_steps
    picture = submission.look_at_image(recorded)
    if isinstance(request, ApiRequest) or (isinstance(picture, PictureFacts) and picture.blank):
        return None
    source, mask = _pixels(request.source, submission), _pixels(request.mask, submission)
    padding = request.mask.padding if request.mask else None
    between = request.between if request.between and request.between.place > 0 else None
    way = (between.seed, between.place) if between else None
    guided = recorded.manifest.model.id not in WITHOUT_GUIDANCE
    guidance = max(1.0, request.guidance_scale) if guided else None
    method = solver(request.scheduler, steps)
    same = (request.mode, request.width, request.height, steps, guidance, method, request.seed, source)
    adapters = tuple((each.sha256, each.scale) for each in request.adapters if each.scale > 0)
    return (*same, mask, padding, way, adapters)


def _pixels(kept: Source | None, submission: Submission) -> str | None:
    """What a source or a mask shows, whatever its file."""
    if kept is None:
        return None
    seen = submission.look_at_source(kept)
    return seen.pixels_sha256 if isinstance(seen, PictureFacts) else kept.sha256


def solver(scheduler: SchedulerName, steps: int) -> str:
    """What a scheduler comes to in so many steps: its own name, or the first-order step that all share."""
    apart_from = APART_FROM.get(scheduler)
    return "first order" if apart_from is None or steps < apart_from else scheduler
