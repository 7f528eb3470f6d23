"""The pictures of one class to be looked through: each a button that throws it out, or takes it back.

What is pressed is marked by the browser itself, so that the focus stays where it is, and told by `listen` as
the component's event `select`: which picture, and whether it is out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

LISTEN = """
element.addEventListener("click", (event) => {{
    const button = event.target.closest("button.sort");
    if (!button) return;
    const out = button.ariaPressed !== "true";
    const reason = document.querySelector("#{reasons} input:checked");
    button.ariaPressed = String(out);
    button.nextElementSibling.textContent = out && reason ? reason.closest("label").textContent.trim() : "";
    trigger("select", {{ stem: button.dataset.stem, out: out }});
}});
"""


@dataclass(frozen=True)
class Item:
    """One picture; `why` is the reason for which it is out, in words."""

    stem: str
    url: str
    words: str
    why: str | None = None


def listen(reasons: str) -> str:
    """The script of the component; `reasons`: the id of the buttons by which a reason is chosen."""
    return LISTEN.format(reasons=reasons)


def pictures(items: Sequence[Item], label: str) -> Markup:
    """All of them, in order."""
    cells = Markup("").join(
        Markup(
            '<li><button type="button" class="sort" data-stem="{}" aria-pressed="{}" aria-label="{}">'
            '<img src="{}" alt="" loading="lazy" decoding="async"></button><small>{}</small></li>'
        ).format(item.stem, "true" if item.why else "false", item.words, item.url, item.why or "")
        for item in items
    )
    return Markup('<ul class="sorting" aria-label="{}">{}</ul>').format(label, cells)
