"""The little HTML the pages make themselves. Values go in through `Markup.format`, which escapes them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from exercises.i18n import COLON, Language, Translator, number
from grading.results import CheckResult, CheckStatus

SIGNS: dict[CheckStatus, str] = {"passed": "✓", "failed": "✗", "to_do": "–", "open": "☞", "unchecked": "?"}


def masthead(t: Translator, title: Markup | str, student: str, assignment: str) -> Markup:
    """Whose work it is on what; `static/drafts.js` keeps what is typed by both."""
    return Markup('<h1>{}</h1><p class="student" data-student="{}" data-assignment="{}">{}</p>').format(
        title, student, assignment, t("page.student", student=student)
    )


def reader_link(tab_id: str, title: str) -> Markup:
    """For `static/dropped.js` alone: the way to the tab in which a picture's parameters are read."""
    return Markup('<a href="#{}" data-tab="{}" data-title="{}" data-reads hidden></a>').format(
        tab_id, tab_id, title
    )


def switch(t: Translator, title: str, others: Sequence[tuple[str, str]]) -> Markup | str:
    """The assignment's title; where others are open, it unfolds to links to them."""
    if not others:
        return title
    links = Markup("").join(
        Markup('<li><a href="{}">{}</a></li>').format(address, name) for name, address in others
    )
    return Markup(
        '<details class="switch"><summary title="{}">{}</summary><ul aria-label="{}">{}</ul></details>'
    ).format(t("page.switch"), title, t("page.switch"), links)


def local_time(moment: datetime) -> Markup:
    """A moment in the reader's own time zone, as `static/page.js` writes it; in UTC without it."""
    utc = moment.astimezone(UTC)
    return Markup('<local-time datetime="{}">{} UTC</local-time>').format(
        utc.isoformat(), f"{utc:%Y-%m-%d %H:%M}"
    )


def opening(t: Translator, moment: datetime) -> Markup:
    """When what is not open yet opens."""
    return Markup("{} {}").format(t("page.opens"), local_time(moment))


def languages(t: Translator, prefix: str, current: Language, assignment: str) -> Markup:
    """The switch: each language by its own name, the current one marked."""
    links = Markup("").join(
        Markup('<a href="{}/language/{}?assignment={}" lang="{}" hreflang="{}"{}>{}</a>').format(
            prefix,
            code,
            assignment,
            code,
            code,
            Markup(' aria-current="true"') if code == current else "",
            name,
        )
        for code, name in (("en", "English"), ("fr", "Français"))
    )
    return Markup('<nav aria-label="{}">{}</nav>').format(t("page.language"), links)


def points(t: Translator, earned: float, maximum: float, waiting: float = 0.0) -> Markup:
    """The points so far as a meter with its words; `waiting` are those that a person has still to judge."""
    values = {"points": earned, "maximum": maximum, "open": waiting}
    words = t(
        "page.points_open" if waiting else "page.points",
        **{name: number(value, t.language) for name, value in values.items()},
    )
    return Markup(
        '<span class="points-words">{words}</span>'
        '<meter min="0" max="{maximum}" value="{earned}" aria-label="{words}"></meter>'
    ).format(words=words, maximum=maximum, earned=earned)


def table(header: Sequence[object], rows: Iterable[Sequence[object]], caption: str = "") -> Markup:
    """A table whose first column names each row."""
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(cell) for cell in header)
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            row[0], Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row[1:])
        )
        for row in rows
    )
    title = Markup("<caption>{}</caption>").format(caption) if caption else ""
    return Markup('<table class="lab-table">{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        title, head, body
    )


GLOSSARY = (
    "manifest", "record", "seed", "steps", "guidance_scale", "scheduler", "strength", "verify", "hand_in"
)  # fmt: skip


def glossary(t: Translator) -> Markup:
    """The words that a newcomer meets on the pages, each in a sentence or two, folded away."""
    entries = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(t(f"glossary.{word}"), t(f"glossary.{word}_text"))
        for word in GLOSSARY
    )
    return Markup('<details class="glossary"><summary>{}</summary><dl>{}</dl></details>').format(
        t("glossary.title"), entries
    )


def scrolling(content: Markup, label: str) -> Markup:
    """What may be wider than a narrow screen, in a box of its own that a keyboard can reach and scroll."""
    return Markup('<div class="scrolling" role="region" aria-label="{}" tabindex="0">{}</div>').format(
        label, content
    )


def checklist(t: Translator, checks: Iterable[CheckResult]) -> Markup:
    """Checks as a list: sign and state in words, title, points, and for those not passed the cause."""
    items = Markup("").join(_item(t, check) for check in checks)
    return Markup('<ul class="checklist">{}</ul>').format(items)


def folded_checklist(t: Translator, checks: Sequence[CheckResult]) -> Markup:
    """What is to do first; what could not be checked, what is open and what is done folded away."""
    parts = [checklist(t, [c for status in ("failed", "to_do") for c in checks if c.status == status])]
    for status in ("unchecked", "open", "passed"):
        group = [check for check in checks if check.status == status]
        if group:
            parts.append(
                Markup("<details><summary>{}</summary>{}</details>").format(
                    t(f"check.group_{status}", count=len(group)), checklist(t, group)
                )
            )
    return Markup("").join(parts)


def _item(t: Translator, check: CheckResult) -> Markup:
    cause = Markup("")
    if check.cause is not None and check.passed is not True:
        parts = [check.cause.message]
        if check.cause.expected is not None:
            parts.append(t("check.expected", value=check.cause.expected))
        if check.cause.actual is not None:
            parts.append(t("check.actual", value=check.cause.actual))
        cause = Markup("").join(Markup('<p class="cause">{}</p>').format(part) for part in parts)
    return Markup(
        '<li class="{state}"><span class="sign" aria-hidden="true">{sign}</span>'
        '<div><span class="visually-hidden">{words}</span> {title} '
        '<span class="worth">{worth}</span>{cause}</div></li>'
    ).format(
        state=check.status,
        sign=SIGNS[check.status],
        words=t(f"check.{check.status}") + COLON[t.language],
        title=check.title,
        worth=t(
            "check.points", points=number(check.points, t.language), maximum=number(check.maximum, t.language)
        ),
        cause=cause,
    )


def title(text: object, terms: str = "") -> Markup:
    """A tab's own heading, and beside it on what terms it is asked."""
    said = Markup(' <span class="terms">{}</span>').format(terms) if terms else ""
    return Markup('<h2 class="title">{}{}</h2>').format(text, said)


def way_to_text(tab_id: str, place: str, words: object) -> Markup:
    """Below a tab's heading, where its text is out of sight: a link that goes to it (`static/page.js`)."""
    return Markup('<p class="way-to-text"><a href="#{}" data-to="{}">{} ↓</a></p>').format(
        tab_id, place, words
    )


def tab_link(tab_id: str, title: object, words: object, *, main: bool = False) -> Markup:
    """A link that opens another tab of the page (`static/page.js`); the main one looks like a button."""
    kind = Markup(' class="next"') if main else ""
    return Markup('<a href="#{}" data-tab="{}" data-title="{}"{}>{}</a>').format(
        tab_id, tab_id, title, kind, words
    )


def heading(text: object) -> Markup:
    return Markup("<h3>{}</h3>").format(text)


def note(text: object) -> Markup:
    """A remark beside what it is about."""
    return Markup('<p class="note">{}</p>').format(text)


def hint(text: object) -> Markup:
    """What to know before using what stands above."""
    return Markup('<p class="hint">{}</p>').format(text)


def status(text: object, *, bad: bool = False) -> Markup:
    """What an action gave, for a `Page.message`, which reads it out; what went wrong is said at once."""
    if bad:
        return Markup('<p class="status bad" role="alert">{}</p>').format(text)
    return Markup('<p class="status">{}</p>').format(text)
