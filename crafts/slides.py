"""Pictures with captions as slides (PPTX), a slide each, with their alternative texts.

Rule: the alternative text is the picture's own (`descr`), the caption is the slide's title, and the reading
order is title, then picture; so that a screen reader says what the slide shows.
"""

import io
from collections.abc import Sequence
from typing import Any

from exercises.errors import MissingExtra
from exercises.i18n import Language

WIDE, HIGH, EDGE, TITLE = 13.333, 7.5, 0.5, 1.0  # inches
TITLE_ONLY, CAPTION = 5, 26  # the layout of the library's own template; points

Told = tuple[bytes, str, str]  # a picture, its caption, its alternative text


def slides(title: str, told: Sequence[Told], language: Language) -> bytes:
    """Raises MissingExtra."""
    try:
        from pptx import Presentation
        from pptx.util import Inches, Pt
    except ModuleNotFoundError as error:
        raise MissingExtra("office", error.name or "pptx") from error
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDE), Inches(HIGH)
    deck.core_properties.title = deck.core_properties.subject = visible(title)
    deck.core_properties.language = language
    deck.core_properties.author = ""
    for picture, caption, alt in told:
        slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
        head: Any = slide.shapes.title
        head.left, head.top = Inches(EDGE), Inches(0.25)
        head.width, head.height = Inches(WIDE - 2 * EDGE), Inches(TITLE)
        head.text_frame.text = visible(caption)
        head.text_frame.word_wrap = True
        for run in head.text_frame.paragraphs[0].runs:
            run.font.size = Pt(CAPTION)
        room = Inches(HIGH - TITLE - 2 * EDGE)
        shape = slide.shapes.add_picture(io.BytesIO(picture), 0, Inches(TITLE + EDGE), height=room)
        if shape.width > Inches(WIDE - 2 * EDGE):
            shape.height = int(shape.height * Inches(WIDE - 2 * EDGE) / shape.width)
            shape.width = Inches(WIDE - 2 * EDGE)
        shape.left = int((deck.slide_width - shape.width) / 2)
        shape._element.nvPicPr.cNvPr.set("descr", visible(alt))  # the library has no name for it
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def visible(text: str) -> str:
    """The text without signs that XML cannot hold."""
    return "".join(
        c
        for c in text
        if c in "\n\t" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff")
    )
