"""What a classifier took for what: a table with a row for each class that was shown, and one of shares."""

from collections.abc import Sequence

from markupsafe import Markup

from crafts.learning import share_right, shares_by_class
from exercises.i18n import Translator
from lab.ui.html import markup
from manifests.classifiers import Matrix


def percent(t: Translator, share: float | None) -> str:
    """A share as people write it in the page's language."""
    if share is None:
        return "–"
    return f"{share:.0%}".replace("%", "\u00a0%") if t.language == "fr" else f"{share:.0%}"


def table(t: Translator, caption: str, classes: Sequence[str], found: Matrix) -> Markup:
    """The matrix: rightly named in the diagonal, each cell tinted by its part of the row; the share last."""
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in classes)
    rows = []
    for place, (name, row, share) in enumerate(zip(classes, found, shares_by_class(found), strict=True)):
        total = sum(row) or 1
        cells = Markup("").join(
            Markup('<td class="{}" style="--part:{:.0f}%">{}</td>').format(
                "right" if column == place else "taken", 40 * count / total, count
            )
            for column, count in enumerate(row)
        )
        rows.append(
            Markup('<tr><th scope="row">{}</th>{}<td>{}</td></tr>').format(name, cells, percent(t, share))
        )
    title = (
        f"{caption}: {percent(t, share_right(found))}"
        if t.language == "en"
        else (f"{caption}\u00a0: {percent(t, share_right(found))}")
    )
    drawn = Markup(
        '<table class="lab-table confusion"><caption>{}</caption><thead><tr><th scope="col">{}</th>{}'
        '<th scope="col">{}</th></tr></thead><tbody>{}</tbody></table>'
    ).format(title, t("dataset.shown_named"), head, t("dataset.share"), Markup("").join(rows))
    return markup.scrolling(drawn, caption)
