"""A page of a brand: a palette with the contrasts of its pairs, words for its mood, and product shots.

What is measured of a shot: the share of its pixels that are within a distance of `NEAR` in CIELAB from one
of the palette's colours, and how much of them each colour has. A high share says that the shot is made of the
palette; whether it is a good shot it cannot say.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Any

import numpy as np
from PIL import Image
from pydantic import Field, StringConstraints, field_validator

from crafts.application import Application, Figures, Pictures, Settings
from crafts.colour import (
    AA_LARGE,
    AA_TEXT,
    UNIT,
    contrast,
    lab_of,
    rgb,
    squared_distances,
    text_on,
    word_of,
)
from crafts.pages import GAP, SMALL, Document
from exercises.i18n import Language, number, translator

MOST_COLOURS, MOST_SHOTS, MOST_MOODS = 8, 6, 6
NEAR = 20  # in CIELAB
SIDE = 96  # pixels of the copy in which a shot is measured

Hex = Annotated[str, StringConstraints(to_lower=True, pattern=r"^#[0-9a-f]{6}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]


class Colour(Settings):
    """A colour of the palette, and what it is called."""

    colour: Hex
    name: Words = ""


class BrandkitSettings(Settings):
    name: Words = ""
    moods: tuple[Words, ...] = Field(default=(), max_length=MOST_MOODS)
    palette: tuple[Colour, ...] = Field(min_length=1, max_length=MOST_COLOURS)

    @field_validator("palette")
    @classmethod
    def _different(cls, value: tuple[Colour, ...]) -> tuple[Colour, ...]:
        """A colour that stands there twice counts once."""
        return tuple({each.colour: each for each in value}.values())


def pairs(settings: BrandkitSettings) -> Iterator[tuple[str, str, float]]:
    """Each two colours of the palette and their contrast, the highest first."""
    colours = [each.colour for each in settings.palette]
    found = [(one, other, contrast(one, other)) for one, other in combinations(colours, 2)]
    yield from sorted(found, key=lambda pair: -pair[2])


def figures(settings: BrandkitSettings, pictures: Pictures) -> Figures:
    """The contrasts, and of each shot the share near the palette, by colour in the palette's order."""
    labs = lab_of(np.array([rgb(each.colour) for each in settings.palette]))
    shots: list[Any] = []
    for picture in pictures:
        small = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX)).reshape(-1, 3)
        apart = squared_distances(lab_of(small), labs)
        nearest, near = apart.argmin(axis=1), apart.min(axis=1) <= (NEAR * UNIT) ** 2
        counts = np.bincount(nearest[near], minlength=len(labs))
        shares = [round(int(count) / len(small), 3) for count in counts]
        shots.append({"near": round(int(near.sum()) / len(small), 3), "shares": shares})
    contrasts: list[Any] = [
        {"colours": [one, other], "contrast": ratio, "text": ratio >= AA_TEXT, "large": ratio >= AA_LARGE}
        for one, other, ratio in pairs(settings)
    ]
    return {"contrasts": contrasts, "shots": shots}


def files(
    settings: BrandkitSettings, pictures: Pictures, found: Figures, language: Language
) -> dict[str, bytes]:
    return {".pdf": _Page(settings, pictures, found, language).document()}


class _Page(Document):
    def __init__(
        self, settings: BrandkitSettings, pictures: Pictures, found: dict[str, Any], language: Language
    ) -> None:
        self.t, self.language = translator("crafts", language), language
        self.name = settings.name or self.t("brandkit.title")
        super().__init__(language, self.name, landscape=True, margin=14)
        self.settings, self.pictures, self.found = settings, pictures, found

    def document(self) -> bytes:
        """All of it on one page."""
        t, pdf = self.t, self.pdf
        pdf.set_auto_page_break(False)
        pdf.add_page()
        self.text(self.name, 22, bold=True)
        self.text(" · ".join(filter(None, self.settings.moods)), 12, grey=True)
        top = pdf.get_y() + 1
        width = (pdf.epw - GAP * (len(self.settings.palette) - 1)) / len(self.settings.palette)
        for place, each in enumerate(self.settings.palette):
            self._swatch(pdf.l_margin + place * (width + GAP), top, width, each)
        top += 30 + GAP
        width = min(72.0, (pdf.epw - GAP * (len(self.pictures) - 1)) / len(self.pictures))
        for place, (picture, each) in enumerate(zip(self.pictures, self.found["shots"], strict=True)):
            left = pdf.l_margin + place * (width + GAP)
            share = number(round(each["near"] * 100), self.language)
            self.picture(picture, (left, top, width, width), t("brandkit.shot_alt", number=place + 1))
            self.at(left, top + width + 1, width, t("brandkit.near", share=share))
        pdf.set_y(top + width + 11)
        self.text(t("brandkit.contrasts"), 10, bold=True)
        told = [
            t(
                "brandkit.pair",
                one=e["colours"][0],
                other=e["colours"][1],
                ratio=number(e["contrast"], self.language),
            )
            for e in self.found["contrasts"]
            if e["text"]
        ]
        self.text("  ·  ".join(told[:12]) or t("brandkit.no_pair"), SMALL)
        self.text(t("brandkit.note", near=NEAR), SMALL, grey=True)
        return self.written()

    def _swatch(self, left: float, top: float, width: float, each: Colour) -> None:
        """A field of the colour with its name, set in what is read best on it."""
        pdf = self.pdf
        pdf.set_fill_color(*(int(level) for level in rgb(each.colour)))
        pdf.set_draw_color(150)
        pdf.set_line_width(0.2)
        pdf.rect(left, top, width, 30, style="DF")
        lightness, hue = word_of(each.colour)
        name = each.name or self.t(f"colour.{lightness}", colour=self.t(f"hue.{hue}"))
        self.font(SMALL, bold=True)
        pdf.set_text_color(*(int(level) for level in rgb(text_on(each.colour))))
        pdf.set_xy(left + 1, top + 16)
        pdf.multi_cell(width - 2, 4, self.plain(f"{name}\n{each.colour}"), align="L", max_line_height=4)


APPLICATION = Application("brandkit", BrandkitSettings, figures, files, (".pdf",), most=MOST_SHOTS)
