"""A film from one picture to another: the requests of its frames, which page and command line make alike."""

from collections.abc import Sequence

from exercises.errors import CatalogueError
from exercises.kinds.between import LEAST_FRAMES, MOST_FRAMES
from exercises.parameters import Parameters
from lab.engine.requests import request_for
from manifests.manifest import Between, Request


class FilmError(CatalogueError):
    """The film cannot be made."""

    package = "lab"


def places(frames: int) -> list[float]:
    """Where the frames lie, evenly from 0 to 1. Raises FilmError for too few or too many."""
    if not LEAST_FRAMES <= frames <= MOST_FRAMES:
        raise FilmError("between.frames", least=LEAST_FRAMES, most=MOST_FRAMES)
    return [round(i / (frames - 1), 6) for i in range(frames)]


def frame_requests(
    parameters: Parameters, model: str, prompt: str, seed: int, frames: int
) -> Sequence[Request]:
    """From the parameters' own prompt and seed to these. Raises FilmError, UnknownModel."""
    if (parameters.prompt.strip(), parameters.seed) == (prompt.strip(), seed):
        raise FilmError("between.same")
    one = request_for(parameters, model)
    return [
        one.model_copy(update={"between": Between(prompt=prompt, seed=seed, place=place)})
        for place in places(frames)
    ]
