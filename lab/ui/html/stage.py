"""The stage: where an exercise's pictures are seen, one large, all side by side, or one over the other.

Rule: it is as high before a picture is there as afterwards, so that nothing on the page moves when one comes.
What moves in it (a picture opened large, the slider between two) is in `static/page.js`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup

from exercises.i18n import Translate

WIDE, NARROW = (780, 500), (358, 340)  # the stage on a laptop and on a phone, in CSS pixels
CAPTION = 44  # pixels below each picture


@dataclass(frozen=True)
class Shown:
    """A picture on the stage, or the place of one that is still to be made (`url` is None)."""

    url: str | None
    alt: str = ""
    label: str = ""
    facts: str = ""
    marked: bool = False  # the one the others are compared with
    instead: str = ""  # what stands in the place of one that is missing; “to do” by default


def empty(words: str) -> Markup:
    """Before the first picture."""
    return Markup('<div class="nothing"><p>{}</p></div>').format(words)


def one(t: Translate, shown: Shown) -> Markup:
    """One picture as large as the stage."""
    return Markup('<div class="one">{}</div>').format(_figure(t, shown))


def side_by_side(t: Translate, cells: Sequence[Shown]) -> Markup:
    """All pictures at once, each labelled; on any screen as large as they can all be."""
    figures = Markup("").join(_figure(t, cell) for cell in cells)
    return _grid(len(cells), figures)


def preview(picture_url: str, alt: str, cell: int, cells: int) -> Markup:
    """A picture that is being drawn, in the place of the `cell`-th of `cells`, or over the whole stage."""
    figures = [_drawn(picture_url, alt, here=cell == number) for number in range(cells)]
    return _grid(cells, Markup("").join(figures))


def crossed(t: Translate, columns: Sequence[str], rows: Sequence[str], cells: Sequence[Shown]) -> Markup:
    """All pictures at once in a table, row by row, with the names of columns and rows."""
    return _crossed(columns, rows, [_figure(t, cell) for cell in cells])


def crossed_preview(
    columns: Sequence[str], rows: Sequence[str], picture_url: str, alt: str, cell: int, cells: int
) -> Markup:
    """A picture that is being drawn, in its place in such a table."""
    return _crossed(columns, rows, [_drawn(picture_url, alt, here=cell == number) for number in range(cells)])


def before_after(t: Translate, before: Shown, after: Shown, *, difference: bool) -> Markup:
    """Two pictures in one place: a slider uncovers the second, or only what differs is seen."""
    pictures = Markup("").join(
        Markup('<img class="{}" src="{}" alt="{}">').format(name, shown.url or "", shown.alt)
        for name, shown in (("before", before), ("after", after))
    )
    if difference:
        control = Markup("<p>{}</p>").format(t("stage.difference_of", left=before.label, right=after.label))
    else:
        control = Markup(
            '<label>{} <input type="range" min="0" max="100" value="50" aria-label="{}"> {}</label>'
        ).format(before.label, t("stage.slider"), after.label)
    kind = "difference" if difference else "slider"
    return Markup('<div class="two {}"><div class="both">{}</div>{}</div>').format(kind, pictures, control)


def _figure(t: Translate, shown: Shown) -> Markup:
    caption = Markup("<figcaption><strong>{}</strong> <span>{}</span></figcaption>").format(
        shown.label, shown.facts
    )
    marked = Markup(' class="marked"') if shown.marked else ""
    if shown.url is None:
        return Markup('<figure{}><div class="large missing">{}</div>{}</figure>').format(
            marked, shown.instead or t("grid.missing"), caption
        )
    picture = Markup('<img src="{}" alt="{}">').format(shown.url, shown.alt)
    return Markup(
        '<figure{}><button type="button" class="large" data-large="{}" title="{}">{}</button>{}</figure>'
    ).format(marked, t("stage.close"), t("stage.large"), picture, caption)


def _drawn(picture_url: str, alt: str, *, here: bool) -> Markup:
    """A place in which a picture is being drawn, or which is left free for what is seen below."""
    picture = Markup('<img src="{}" alt="{}">').format(picture_url, alt) if here else Markup("")
    return Markup('<figure{}><div class="large">{}</div><figcaption></figcaption></figure>').format(
        Markup("") if here else Markup(' class="away"'), picture
    )


def _crossed(columns: Sequence[str], rows: Sequence[str], figures: Sequence[Markup]) -> Markup:
    across = Markup("").join(Markup('<span class="across" title="{0}">{0}</span>').format(c) for c in columns)
    lines = Markup("").join(
        Markup('<span class="down" title="{0}"><span>{0}</span></span>').format(name)
        + Markup("").join(figures[row * len(columns) : (row + 1) * len(columns)])
        for row, name in enumerate(rows)
    )
    return Markup(
        '<div class="crossed" style="--columns:{};--rows:{}"><span class="corner"></span>{}{}</div>'
    ).format(len(columns), len(rows), across, lines)


def _grid(count: int, figures: Markup) -> Markup:
    columns, narrow = _columns(count, *WIDE), _columns(count, *NARROW)
    style = (
        f"--columns:{columns};--rows:{ceil(count / columns)};--narrow:{narrow};--tall:{ceil(count / narrow)}"
    )
    return Markup('<div class="runs" style="{}">{}</div>').format(style, figures)


def _columns(count: int, width: int, height: int) -> int:
    """How many columns make square pictures largest."""
    return max(
        range(1, count + 1),
        key=lambda columns: min(width / columns, height / ceil(count / columns) - CAPTION),
    )
