"""The gallery's shelf: pictures whole, their captions below, each with two boxes to tick.

What is pressed or ticked is told by `LISTEN` as the component's events `select` (which picture) and `input`
(which box, of which picture, on or off).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from exercises.i18n import COLON, Translator

LISTEN = """
element.addEventListener("click", (event) => {
    const button = event.target.closest("button.pick");
    if (button) trigger("select", { stem: button.dataset.stem });
});
element.addEventListener("change", (event) => {
    const box = event.target;
    if (box.name) trigger("input", { box: box.name, stem: box.value, on: box.checked });
});
"""
# The mark of the chosen one moves; the shelf itself is not made anew for it.
MARK = """(stem) => {
    for (const each of document.querySelectorAll("#gallery-pictures button.pick"))
        each.ariaCurrent = each.dataset.stem === stem ? "true" : null;
}"""
BOXES = ("selected", "favourite")


@dataclass(frozen=True)
class Item:
    """One picture on the shelf."""

    stem: str
    url: str
    words: str
    badge: str = ""


def shelf(
    t: Translator,
    items: Sequence[Item],
    chosen: str | None,
    selected: Collection[str],
    favourites: Collection[str],
) -> Markup:
    """The pictures of one page, the chosen one marked."""
    cells = Markup("").join(
        _cell(t, item, item.stem == chosen, (item.stem in selected, item.stem in favourites))
        for item in items
    )
    return Markup('<ul class="shelf">{}</ul>').format(cells)


def _cell(t: Translator, item: Item, chosen: bool, ticked: tuple[bool, ...]) -> Markup:
    boxes = Markup("").join(
        Markup(
            '<label class="{name}" title="{words}"><input type="checkbox" name="{name}" value="{stem}"'
            ' aria-label="{words}{colon} {stem}"{on}><span aria-hidden="true"></span></label>'
        ).format(
            name=name,
            words=t(f"gallery.{name}"),
            colon=COLON[t.language],
            stem=item.stem,
            on=Markup(" checked") if on else "",
        )
        for name, on in zip(BOXES, ticked, strict=True)
    )
    return Markup(
        '<li><button type="button" class="pick" data-stem="{stem}"{current}'
        ' aria-label="{stem}{colon} {words}">'
        '<img src="{url}" alt="" loading="lazy" decoding="async"></button>{boxes}'
        '<p><strong>{stem}</strong> <span title="{words}">{words}</span> <em>{badge}</em></p></li>'
    ).format(
        stem=item.stem,
        colon=COLON[t.language],
        words=item.words,
        current=Markup(' aria-current="true"') if chosen else "",
        url=item.url,
        boxes=boxes,
        badge=item.badge,
    )
