"""A story in frames with captions and alternative texts, and how alike the frames' colours are.

What is measured: each frame's five main colours (k-means in CIELAB, as for a pattern), the share of the
frame that each covers, and how far one frame's colours are from the other's: the mean distance from each
colour to the nearest one of the other frame, both ways, by their shares. That says whether the frames look
like one world. Whether the same character is in them it cannot say: for that a person looks.
"""

import io
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from PIL import Image
from pydantic import Field, StringConstraints

from crafts.application import Application, Figures, Pictures, Settings
from crafts.colour import UNIT, Labs, hex_of, lab_of, squared_distances
from crafts.crossstitch import clusters
from crafts.pages import GAP, Document
from crafts.slides import slides
from exercises.i18n import Language, number, translator

LEAST, MOST = 2, 8
COLOURS, SIDE = 5, 48  # main colours of a frame, found in a copy of so many pixels a side
FAR = 20.0  # from here on two frames look like two worlds

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]


class Frame(Settings):
    caption: Words = ""
    alt: Words = ""


class StoryboardSettings(Settings):
    """The frames in order, as the pictures are."""

    title: Title = ""
    frames: tuple[Frame, ...] = Field(default=(), max_length=MOST)


def main_colours(picture: Image.Image) -> tuple[list[str], Labs, list[float]]:
    """A picture's main colours, most frequent first, in CIELAB too, and the share of each."""
    small = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX)).reshape(-1, 3)
    labs = lab_of(small)
    colours, inverse, counts = np.unique(labs, axis=0, return_inverse=True, return_counts=True)
    centres = clusters(colours, counts, COLOURS)
    group = squared_distances(colours, centres).argmin(axis=1)[inverse.reshape(-1)]
    sizes = np.bincount(group, minlength=len(centres))
    order = sorted((c for c in range(len(centres)) if sizes[c]), key=lambda c: (-sizes[c], c))
    shown = []
    for c in order:
        total, size = small[group == c].astype(np.int64).sum(axis=0), int(sizes[c])
        shown.append(hex_of((2 * total + size) // (2 * size)))
    return shown, centres[order], [round(int(sizes[c]) / len(small), 3) for c in order]


def apart(one: tuple[Any, Labs, list[float]], other: tuple[Any, Labs, list[float]]) -> float:
    """How far two frames' colours are from each other."""
    distances = np.sqrt(squared_distances(one[1], other[1])) / UNIT
    ways = (distances.min(axis=1) @ np.array(one[2]), distances.min(axis=0) @ np.array(other[2]))
    return round(float(sum(ways)) / 2, 1)


def figures(settings: StoryboardSettings, pictures: Pictures) -> Figures:
    """Each frame's colours, how far each is from the frame before it, and the mean over all pairs."""
    frames = [main_colours(picture) for picture in pictures]
    pairs = [apart(a, b) for place, a in enumerate(frames) for b in frames[place + 1 :]]
    return {
        "frames": [
            {"colours": list(frame[0]), "shares": list(frame[2]), "from_before": before}
            for frame, before in zip(frames, [None, *(apart(a, b) for a, b in pairwise(frames))], strict=True)
        ],
        "distance": round(sum(pairs) / len(pairs), 1),
        "farthest": max(pairs),
    }


def files(
    settings: StoryboardSettings, pictures: Pictures, found: Figures, language: Language
) -> dict[str, bytes]:
    """The story as pages and as slides."""
    frames = [*settings.frames, *(Frame() for _ in pictures)][: len(pictures)]
    pdf = _Pages(language, settings.title, frames, pictures, found).document()
    told = [(png(picture), frame.caption, frame.alt) for picture, frame in zip(pictures, frames, strict=True)]
    return {".pdf": pdf, ".pptx": slides(settings.title, told, language)}


def png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


class _Pages(Document):
    def __init__(
        self, language: Language, title: str, frames: list[Frame], pictures: Pictures, found: dict[str, Any]
    ) -> None:
        self.t, self.language = translator("crafts", language), language
        self.title = title or self.t("storyboard.title")
        super().__init__(language, self.title)
        self.frames, self.pictures, self.found = frames, pictures, found

    def document(self) -> bytes:
        """Two frames in a row, with their captions; then what was measured."""
        pdf = self.pdf
        pdf.add_page()
        self.text(self.title, 17, bold=True)
        width = (pdf.epw - GAP * 2) / 2
        for start in range(0, len(self.frames), 2):
            if pdf.will_page_break(width + 26):
                pdf.add_page()
            top, ends = pdf.get_y() + 2, []
            for place in range(start, min(start + 2, len(self.frames))):
                left = pdf.l_margin + (place - start) * (width + GAP * 2)
                frame = self.frames[place]
                alt = frame.alt or self.t("storyboard.frame", number=place + 1)
                self.picture(self.pictures[place], (left, top, width, width), alt)
                ends.append(self.at(left, top + width + 1.5, width, f"{place + 1}. {frame.caption}", 10))
            pdf.set_y(max(ends))
        self.heading(self.t("storyboard.measured"))
        values = {name: number(self.found[name], self.language) for name in ("distance", "farthest")}
        self.text(self.t("storyboard.distance", **values))
        self.text(self.t("storyboard.cannot"), grey=True)
        names = [self.t(f"storyboard.{name}") for name in ("column", "colours", "before", "alt")]
        rows = []
        for place, (frame, each) in enumerate(zip(self.frames, self.found["frames"], strict=True), 1):
            before = each["from_before"]
            rows.append(
                [
                    str(place),
                    ", ".join(each["colours"]),
                    "–" if before is None else number(before, self.language),
                    frame.alt,
                ]
            )
        self.table(names, rows, (18, 50, 24, 82))
        return self.written()


APPLICATION = Application(
    "storyboard", StoryboardSettings, figures, files, (".pdf", ".pptx"), least=LEAST, most=MOST
)
