"""A picture in, what can be seen in it out: the judge's three answers and the measurements.

Only pixels count: whatever else a file carries (PNG texts, EXIF, its name) has no say.
"""

import threading
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from exercises.errors import CatalogueError
from lab.judge.findings import Classification, Findings, Guess
from lab.judge.measure import measure
from lab.judge.presence import Kind
from lab.models.settings import ModelSettings

if TYPE_CHECKING:
    from lab.judge.network import Judge

WEIGHTS = "judge.safetensors"  # in the folder of `mini`'s weights
Probabilities = dict[str, float]  # by name, together 1
# Below these the judge is not sure. On 2,000 compositions it has not learnt from, 99 % of its answers about
# the object lie above; of the same bent, blurred and partly covered 97 %, more than 99 % of these rightly. Of
# 1,000 pictures of things it has never met 8 % do, and of 500 that show nothing (noise of any grain) none
# does, the highest at 0.13.
SURE_OF_OBJECT = 0.6
SURE_OF_COLOR = 0.8

_once = threading.Lock()


class NoJudge(CatalogueError):
    """The judge's weights, which come with the project, are not there or not readable."""

    package = "lab"


def analyse(picture: Image.Image) -> Findings:
    """What can be seen in a picture of any size. Raises NoJudge.

    The judge sees the largest square in the middle, at 256 x 256 (and makes it smaller for itself).
    """
    pixels = picture.convert("RGB")
    return Findings(
        width=picture.width,
        height=picture.height,
        **classify_picture(pixels),
        measurements=measure(pixels),
    )


def classify_picture(picture: Image.Image) -> dict[Kind, Classification]:
    """The judge's answers on the object, its colour, and the background's colour. Raises NoJudge."""
    object_, color, background = probabilities(picture)
    return {
        "object": _classification(object_, SURE_OF_OBJECT),
        "color": _classification(color, SURE_OF_COLOR),
        "background": _classification(background, SURE_OF_COLOR),
    }


def probabilities(picture: Image.Image) -> tuple[Probabilities, Probabilities, Probabilities]:
    """How probable the judge finds each name it knows, for object, colour and background. Raises NoJudge."""
    from lab.judge.network import PICTURE_SIZE, classify
    from manifests.pictures import fit

    judge = _judge()[0]
    answers = classify(judge, np.asarray(fit(picture, PICTURE_SIZE, PICTURE_SIZE))[None])
    names = (judge.labels.objects, judge.labels.colors, judge.labels.backgrounds)
    object_, color, background = (
        dict(zip(labels, answer[0].softmax(0).tolist(), strict=True))
        for answer, labels in zip(answers, names, strict=True)
    )
    return object_, color, background


def judge_sha256() -> str:
    """The hash of the judge's weights, in hexadecimal. Raises NoJudge."""
    return _judge()[1]


def _classification(probabilities: Probabilities, threshold: float) -> Classification:
    best = sorted(probabilities, key=lambda name: probabilities[name], reverse=True)
    guesses = tuple(Guess(name=name, probability=share(probabilities[name])) for name in best)
    return Classification(guesses=guesses, threshold=threshold)


def share(probability: float) -> float:
    """A probability as it is written down: four decimals, and never above 1 by a rounding."""
    return round(min(probability, 1), 4)


def _judge() -> tuple["Judge", str]:
    with _once:  # two at once would read it twice
        return _read_judge(ModelSettings().mini_weights / WEIGHTS)


@cache
def _read_judge(file: Path) -> tuple["Judge", str]:
    """The judge, and the hash of its weights."""
    from lab.judge.network import load_judge

    try:
        return load_judge(file), sha256(file.read_bytes()).hexdigest()
    except Exception as error:  # a missing file, or one that is no safetensors of this judge
        raise NoJudge("analyser.no_judge", file=file.name) from error
