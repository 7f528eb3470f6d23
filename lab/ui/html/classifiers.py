"""The figures of a data set's classifiers side by side, then what each took for what."""

from pathlib import Path

from markupsafe import Markup

from crafts.learning import share_right
from exercises.i18n import Translator
from exercises.kinds import Dataset
from lab.records.classifiers import Newest, in_front
from lab.ui.html import markup
from lab.ui.html.confusion import percent, table
from manifests.classifiers import Card


def results(t: Translator, exercise: Dataset, folder: Path) -> Markup:
    """What the newest classifiers say; nothing before the first is taught."""
    newest = Newest.of(folder, exercise)
    there = [card for card in (newest.plain, newest.biased) if card is not None]
    if not there:
        return markup.hint(t("dataset.none_taught"))
    parts = [markup.heading(t("dataset.figures")), _summary(t, exercise, folder, there)]
    classes = [title(t.language) for title in exercise.classes.values()]
    for name in ("composed", "held_out"):
        for card in there:
            caption = t(f"dataset.matrix_{name}", sort=t(f"dataset.{card.sort}"))
            parts.append(table(t, caption, classes, getattr(card, f"on_{name}")))
    return Markup("").join(parts)


def _summary(t: Translator, exercise: Dataset, folder: Path, there: list[Card]) -> Markup:
    """One column a classifier: how much taught it, and how well it answers."""
    header = [t("dataset.named_rightly"), *(t(f"dataset.{card.sort}") for card in there)]
    rows: list[list[object]] = [
        [t("dataset.taught"), *(len(card.taught) for card in there)],
        [t("dataset.held_out"), *(percent(t, share_right(card.on_held_out)) for card in there)],
        [t("dataset.composed"), *(percent(t, share_right(card.on_composed)) for card in there)],
    ]
    bias = next((card.bias for card in there if card.bias is not None), None)
    words = Markup("")
    if bias is not None and bias.thing in exercise.classes and bias.background in exercise.backgrounds:
        names = {
            "thing": exercise.classes[bias.thing](t.language),
            "background": exercise.backgrounds[bias.background](t.language),
        }
        seen = [in_front(folder, exercise, card, bias) for card in there]
        for place, where in enumerate(("before", "elsewhere")):
            right = [percent(t, each.right[place] if each else None) for each in seen]
            rows.append([t(f"dataset.thing_{where}", **names), *right])
        for place, where in enumerate(("before", "elsewhere")):
            taken = [percent(t, each.taken[place] if each else None) for each in seen]
            rows.append([t(f"dataset.taken_{where}", **names), *taken])
        words = markup.note(t("dataset.biased_how", **names))
    return markup.scrolling(markup.table(header, rows), t("dataset.figures")) + words
