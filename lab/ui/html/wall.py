"""The class's wall as HTML: a card a work, with what can be done with it.

What is pressed is told by `LISTEN` as the component's event `select`: which work, and what to do with it.
"""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from exercises.i18n import Translator, labelled
from lab.ui.html import markup
from lab.ui.html.picture import value_text
from manifests.wall import Work

# The Studio's fields are about to be filled: what was typed there before is not put back.
LISTEN = """
element.addEventListener("click", (event) => {{
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    window.labRemixes = button.dataset.do === "remix";
    if (window.labRemixes) labFresh("{studio}");
    trigger("select", {{ work: button.dataset.work, do: button.dataset.do }});
}});
"""
REMIXED = "() => {{ if (window.labRemixes) labRemember('{studio}'); window.labRemixes = false; }}"
FACTS = ("steps", "guidance_scale", "scheduler", "seed", "strength")


def cards(
    t: Translator, works: Sequence[Work], url: Callable[[Work], str | None], teaches: bool, studio: bool
) -> Markup:
    """The works of one page."""
    items = Markup("").join(_card(t, work, url(work), teaches, studio) for work in works)
    return Markup('<ul class="wall">{}</ul>').format(items)


def _card(t: Translator, work: Work, url: str | None, teaches: bool, studio: bool) -> Markup:
    alt = t("wall.alt", title=work.title, prompt=work.made_by.prompt[:200])
    image = (
        Markup('<img src="{}" alt="{}" loading="lazy" decoding="async">').format(url, alt)
        if url
        else Markup('<p class="hint">{}</p>').format(t("wall.no_picture"))
    )
    notes = Markup("")
    if work.remix_of:
        origin = t("wall.remix_of", title=work.remix_of.title, by=_by(t, work.remix_of.shown_as))
        notes += Markup("<p>{}</p>").format(origin)
    if work.hidden:
        notes += Markup("<p><strong>{}</strong></p>").format(t("wall.is_hidden"))
    return Markup(
        '<li{hidden}>{image}<h3>{title}</h3><p class="by">{by}</p>{notes}'
        "<details><summary>{how}</summary><p>{prompt}</p><p>{facts}</p></details>"
        '<p class="doing">{buttons}</p></li>'
    ).format(
        hidden=Markup(' class="is-hidden"') if work.hidden else "",
        image=image,
        title=work.title,
        by=_by(t, work.shown_as)
        + (f" ({work.author})" if work.author and work.author != work.shown_as else ""),
        notes=notes,
        how=t("wall.how"),
        prompt=work.made_by.prompt,
        facts=_facts(t, work),
        buttons=Markup(" ").join(_buttons(t, work, teaches, studio)),
    )


def _by(t: Translator, shown_as: str) -> str:
    return t("wall.by", name=shown_as) if shown_as else t("wall.by_nobody")


def _facts(t: Translator, work: Work) -> str:
    """How it was made, in a line."""
    request = work.made_by.request
    values = {name: getattr(request, name) for name in FACTS} if request else {}
    told = [
        f"{t(f'parameter.{name}')} {value_text(t, value)}"
        for name, value in values.items()
        if value is not None
    ]
    return " · ".join([work.made_by.model, *told])


def _buttons(t: Translator, work: Work, teaches: bool, studio: bool) -> list[Markup]:
    """What this person can do with the work. A vote says how many there are."""
    votes = t("wall.votes", count=work.votes)
    if work.mine:
        found = [Markup('<span class="votes">{}</span>').format(votes), _button(t, work, "take_down")]
    else:
        found = [
            _button(
                t,
                work,
                "unvote" if work.voted else "vote",
                shown=f"{'♥' if work.voted else '♡'} {work.votes}",
            )
        ]
    if studio:
        found.append(_button(t, work, "remix"))
    if teaches:
        found.append(_button(t, work, "unhide" if work.hidden else "hide"))
    return found


def _button(t: Translator, work: Work, action: str, shown: str | None = None) -> Markup:
    words = t(f"wall.{action}")
    label = labelled(words, work.title, t.language)
    pressed = Markup("")
    if shown is not None:  # a vote: a mark and a number, which are said in words
        label += f" ({t('wall.votes', count=work.votes)})"
        pressed = Markup(' aria-pressed="{}"').format("true" if action == "unvote" else "false")
    return Markup(
        '<button type="button" data-do="{action}" data-work="{id}" aria-label="{label}"{pressed}>'
        "{shown}</button>"
    ).format(action=action, id=work.id, label=label, pressed=pressed, shown=shown or words)


def preview(url: str, alt: str) -> Markup:
    """One's own picture before it is shown to others."""
    return Markup('<img class="wall-preview" src="{}" alt="{}">').format(url, alt)


def none_yet(t: Translator, mine: bool) -> Markup:
    """Where there is nothing to show."""
    return markup.hint(t("wall.none_of_mine" if mine else "wall.none_yet"))
