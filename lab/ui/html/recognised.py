"""What came of telling pictures apart: whether one was right, what a file says, and how sure one may be."""

from collections.abc import Sequence

from markupsafe import Markup

from exercises.i18n import Translator, number
from grading.checks.recognise import Figures, Judged, Share
from lab.ui.html import markup


def answer(t: Translator, judged: Judged, marks: Sequence[str]) -> Markup:
    """What it is, what gives it away, and what its file says of its origin."""
    is_one, said = t(f"recognise.{judged.picture.origin}"), t(f"recognise.{judged.origin}")
    words = t(f"recognise.{'right' if judged.right else 'wrong'}", sure=judged.sure, is_one=is_one, said=said)
    lines = Markup("").join(Markup("<li>{}</li>").format(line) for line in marks)
    return (
        markup.status(words, bad=not judged.right)
        + Markup("<p>{}</p>").format(judged.picture.tells(t.language))
        + Markup("<p>{}</p><ul>{}</ul>").format(t("recognise.marks"), lines)
    )


def figures(t: Translator, found: Figures) -> Markup:
    """How many of each origin were told, and how sure one was where one was right."""
    together = found.together
    words = t(
        "recognise.together",
        right=together.right,
        count=together.count,
        sure=_percent(t, together.sure),
        share=_percent(t, together.right / together.count),
        brier=number(round(found.brier, 2), t.language),
    )
    kinds = [
        (t(f"recognise.{origin}"), *_row(t, share))
        for origin, share in found.by_origin.items()
        if share.count
    ]
    sure = [
        (t("recognise.from_to", low=low, high=high), *_row(t, share)) for low, high, share in found.by_sure
    ]
    header = [t(f"recognise.{name}") for name in ("count", "share", "mean_sure")]
    return (
        markup.note(words)
        + markup.table([t("recognise.origin"), *header], kinds, t("recognise.by_origin"))
        + markup.table([t("recognise.sure"), *header], sure, t("recognise.by_sure"))
        + markup.hint(t("recognise.brier_hint"))
    )


def _row(t: Translator, share: Share) -> tuple[object, ...]:
    return share.count, _percent(t, share.right / share.count), _percent(t, share.sure)


def _percent(t: Translator, share: float) -> str:
    return t("recognise.percent", value=round(share * 100))
