"""A picture in, what can be seen in it out: the judge's three answers and the measurements.

Only pixels count: whatever else a file carries (PNG texts, EXIF, its name) has no say.
"""

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from exercises.errors import CatalogueError
from lab.analyser.analysis import Analysis, Guess, Seen
from lab.analyser.measure import measure

if TYPE_CHECKING:
    from lab.mini.judge import Judge

WEIGHTS = Path(__file__).resolve().parent.parent / "mini" / "weights" / "judge.safetensors"
GUESSES = 5
# Below these the judge is not sure. On compositions it has not learnt from, 95 % of its answers lie above
# (object 0.91, colour of painted objects 0.93, background 0.94). Of 160 pictures that `mini` drew, 26 lie
# above for the object (23 rightly), 155 for its colour (all), 160 for the background (all). Of 500 pictures
# that show nothing (noise, one colour, soft blobs) none lies above for the object, the highest at 0.53.
SURE_OF_OBJECT = 0.6
SURE_OF_COLOR = 0.8

_once = threading.Lock()


class NoJudge(CatalogueError):
    """The judge's weights, which come with the project, are not there or not readable."""

    package = "lab"


def analyse(picture: Image.Image) -> Analysis:
    """What can be seen in a picture of any size. Raises NoJudge.

    The judge sees the largest square in the middle, at 128 x 128.
    """
    pixels = picture.convert("RGB")
    seen = recognise(pixels)
    return Analysis(
        width=picture.width,
        height=picture.height,
        object=seen[0],
        color=seen[1],
        background=seen[2],
        measurements=measure(pixels),
    )


def recognise(picture: Image.Image) -> tuple[Seen, Seen, Seen]:
    """Object, its colour, and the background's colour, each with the judge's most probable guesses."""
    from lab.engine.sources import fit
    from lab.mini.data import SIZE
    from lab.mini.judge import opinions

    judge = _judge()
    answers = opinions(judge, np.asarray(fit(picture, SIZE, SIZE))[None])
    names = (judge.labels.objects, judge.labels.colors, judge.labels.backgrounds)
    thresholds = (SURE_OF_OBJECT, SURE_OF_COLOR, SURE_OF_COLOR)
    object_, color, background = (
        _seen(answer[0].softmax(0).tolist(), labels, threshold)
        for answer, labels, threshold in zip(answers, names, thresholds, strict=True)
    )
    return object_, color, background


def _seen(probabilities: list[float], labels: tuple[str, ...], threshold: float) -> Seen:
    best = sorted(zip(probabilities, labels, strict=True), reverse=True)[:GUESSES]
    guesses = tuple(Guess(name=name, probability=round(min(value, 1), 4)) for value, name in best)
    return Seen(guesses=guesses, threshold=threshold)


def _judge() -> "Judge":
    with _once:  # two at once would read it twice
        return _read_judge()


@cache
def _read_judge() -> "Judge":
    from lab.mini.judge import load_judge

    try:
        return load_judge(WEIGHTS)
    except Exception as error:  # a missing file, or one that is no safetensors of this judge
        raise NoJudge("analyser.no_judge", file=WEIGHTS.name) from error
