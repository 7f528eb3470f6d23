"""Kind `diagrams`: the diagram has the labels and arrows asked for, and something is said of each label.

Whether a label is right in the model's picture, nobody knows but who looks; the report shows both.
"""

from collections.abc import Iterator
from typing import Any

from crafts.diagrams import APPLICATION, FINDINGS, DiagramSettings
from exercises.i18n import LANGUAGES, Language, Translator
from exercises.kinds import Diagrams
from grading.checks.crafted import Crafting, at_least, first_of
from grading.checks.text_rules import plain
from grading.checks.verdict import Verdict, wrong
from grading.wording import message


def _asked(exercise: Diagrams, settings: DiagramSettings, figures: dict[str, Any]) -> Verdict:
    nodes = {plain(label) for label in figures["nodes"]}
    language = max(LANGUAGES, key=lambda each: len(_texts(exercise, each) & nodes))
    unsaid = tuple(each["label"] for each in figures["labels"] if each["finding"] is None)
    return first_of(
        *_missing_labels(exercise, nodes, language),
        *_missing_arrows(exercise, figures, language),
        at_least("arrow_labels", exercise.arrow_labels_minimum, sum(bool(a[2]) for a in figures["arrows"])),
        wrong(message("crafted.diagram_unsaid", labels=unsaid)) if unsaid else None,
    )


def _texts(exercise: Diagrams, language: Language) -> set[str]:
    return {plain(label.text(language)) for label in exercise.labels}


def _missing_labels(exercise: Diagrams, nodes: set[str], language: Language) -> Iterator[Verdict]:
    missing = [label.text for label in exercise.labels if plain(label.text(language)) not in nodes]
    if missing:
        named = tuple(text(language) for text in missing)
        yield wrong(message("crafted.diagram_labels", labels=named))


def _missing_arrows(exercise: Diagrams, figures: dict[str, Any], language: Language) -> Iterator[Verdict]:
    """An arrow that must be there and is not, or that leads the other way."""
    texts = {label.id: label.text(language) for label in exercise.labels}
    drawn = {(plain(tail), plain(head)) for tail, head, _ in figures["arrows"]}
    for tail, head in ((texts[one], texts[other]) for one, other in exercise.arrows):
        if (plain(tail), plain(head)) not in drawn:
            yield wrong(message("crafted.diagram_arrow", tail=tail, head=head))


def _lines(settings: DiagramSettings, figures: dict[str, Any], t: Translator) -> list[str]:
    arrows = [
        f"{tail} → {head}" + (f" ({label})" if label else "") for tail, head, label in figures["arrows"]
    ]
    said = [
        f"{each['label']} – {t('report.label_' + each['finding']) if each['finding'] else '?'}"
        for each in figures["labels"]
    ]
    counts = t("report.labels", **{each: figures[each] for each in FINDINGS})
    return [settings.source, "", *arrows, "", *said, counts]


KIND = Crafting(APPLICATION, _asked, _lines).kind()
