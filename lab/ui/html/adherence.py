"""The judge's opinion in words. Rule: wherever it stands, it says that it is a machine's."""

from markupsafe import Markup

from exercises.i18n import Translator
from lab.ui.html import markup
from manifests.manifest import Adherence, Manifest, Sought

SIGNS = {"found": "✓", "not_found": "✗", "unsure": "?"}


def summary(t: Translator, adherence: Adherence) -> str:
    """How many of the things it looked for the judge found."""
    return t("adherence.summary", found=adherence.found, asked=len(adherence.parts))


def badge(t: Translator, manifest: Manifest) -> str:
    """The same in two words, for a caption; empty where there is no opinion."""
    if manifest.adherence is None:
        return ""
    return t("adherence.badge", found=manifest.adherence.found, asked=len(manifest.adherence.parts))


def line(t: Translator, adherence: Adherence) -> str:
    """All of it in one line, for a terminal."""
    whole, *parts = lines(t, adherence)
    return f"{whole} ({' · '.join(parts)})"


def lines(t: Translator, adherence: Adherence) -> list[str]:
    """The summary, then a line for each part, where there is no room for a table."""
    return [summary(t, adherence), *(_said(t, part) for part in adherence.parts)]


def table(t: Translator, adherence: Adherence) -> Markup:
    """All of it, with what it is worth."""
    header = [t(f"adherence.{name}") for name in ("part", "asked", "first")]
    rows = [
        (
            t(f"adherence.{part.kind}"),
            t("analyser.guess", name=_name(t, part.kind, part.asked), share=_share(t, part)),
            _marked(t, part),
        )
        for part in adherence.parts
    ]
    return markup.table(header, rows, summary(t, adherence)) + markup.hint(t("adherence.explained"))


def _said(t: Translator, part: Sought) -> str:
    return t(
        f"adherence.said_{part.verdict}",
        part=t(f"adherence.{part.kind}"),
        asked=_name(t, part.kind, part.asked),
        share=_share(t, part),
        first=_name(t, part.kind, part.first),
    )


def _marked(t: Translator, part: Sought) -> Markup:
    """The first answer, with whether it is what was asked, or the judge not sure."""
    return Markup(
        '<span aria-hidden="true">{}</span>&nbsp;{} <span class="visually-hidden">{}</span>'
    ).format(
        SIGNS[part.verdict],
        _name(t, part.kind, part.first),
        f"({t(f'adherence.{part.verdict}')})",
    )


def _name(t: Translator, kind: str, token: str) -> str:
    try:
        return t(f"object.{token}" if kind == "object" else f"color.{token}")
    except KeyError:  # a word of another version's vocabulary
        return token


def _share(t: Translator, part: Sought) -> str:
    """In whole percent. A classifier is never certain: a 0 or a 1 in a manifest comes of rounding."""
    percent = round(part.probability * 100)
    return t("analyser.percent", value={0: "<\u00a01", 100: ">\u00a099"}.get(percent, percent))
