"""What an application is: settings, figures that follow from them and the pictures, and files for people.

Rule: `figures` is the same for the same settings and pixels, on every machine; the grade works it out again.
Whoever changes what comes of the same settings makes work from before wrong: a new setting is the way.
What a library may write a little differently elsewhere (how many bytes a JPEG has) may differ by `tolerance`.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from PIL import Image
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from crafts.errors import CraftError
from exercises.faults import faults
from exercises.i18n import Language
from manifests.pictures import open_picture

Pictures = Sequence[Image.Image]
Figures = dict[str, JsonValue]

MAX_PIXELS = 64_000_000  # of all pictures of which something is made


class Settings(BaseModel):
    """The settings of an application: unknown ones are refused, and every one is bounded."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def opened(files: Iterable[bytes]) -> list[Image.Image]:
    """The pictures in these files, as long as they are not too much for a machine together.

    Raises PictureError, CraftError.
    """
    pictures: list[Image.Image] = []
    for data in files:
        pictures.append(open_picture(data))
        if sum(picture.width * picture.height for picture in pictures) > MAX_PIXELS:
            raise CraftError("too_many_pixels", maximum=MAX_PIXELS // 1_000_000)
    return pictures


@dataclass(frozen=True)
class Application:
    """`name` is the kind's name. `files` gives the files' bytes by ending (`.pdf`), in a language.

    `least` and `most`: how many pictures it is made of. `own_words`: whether what is typed into its settings
    is the student's own, and not what anybody must write whose work is right.
    """

    name: str
    settings: type[Settings]
    figures: Callable[[Any, Pictures], Figures]
    files: Callable[[Any, Pictures, Figures, Language], dict[str, bytes]]
    endings: Collection[str]
    least: int = 1
    most: int = 1
    tolerance: float = 0.0
    own_words: bool = True

    def read_settings(self, given: Mapping[str, JsonValue]) -> Any:
        """The settings as this application has them. Raises CraftError for what is not as it should be."""
        try:
            return self.settings.model_validate(given)
        except ValidationError as error:
            raise CraftError("settings", fault=faults(error, given)[0]) from error

    def work_out(self, settings: Any, pictures: Pictures) -> Figures:
        """The figures of these pictures. Raises CraftError."""
        if not self.least <= len(pictures) <= self.most:
            raise CraftError("pictures", least=self.least, most=self.most, found=len(pictures))
        return self.figures(settings, pictures)


def difference(recorded: JsonValue, found: JsonValue, tolerance: float, at: str = "") -> str | None:
    """The place of the first figure that is not as it was recorded; None where all are."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        for name in sorted(recorded.keys() | found.keys()):
            if name not in recorded or name not in found:
                return f"{at}{name}"
            if where := difference(recorded[name], found[name], tolerance, f"{at}{name}."):
                return where
        return None
    if isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            return at.rstrip(".") or "-"
        pairs = enumerate(zip(recorded, found, strict=True), 1)
        return next((w for n, (r, f) in pairs if (w := difference(r, f, tolerance, f"{at}{n}."))), None)
    if _is_number(recorded) and _is_number(found):
        same = _close(recorded, found, tolerance)
    else:
        same = recorded == found and isinstance(recorded, bool) == isinstance(found, bool)
    return None if same else at.rstrip(".") or "-"


def _is_number(value: JsonValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _close(recorded: int | float, found: int | float, tolerance: float) -> bool:
    try:
        return math.isclose(recorded, found, rel_tol=tolerance, abs_tol=1e-9)
    except OverflowError:  # a whole number that no float can hold
        return recorded == found
