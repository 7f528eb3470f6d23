"""A flowchart that is written and drawn, beside the picture that an image model made of the same.

What is said of each label of the written diagram: that it can be read in the model's picture and is right
there, that it is wrong, or that it is missing. That is a person's finding and taken as it is; the drawing is
worked out of the text.
"""

from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from crafts.application import Application, Figures, Pictures, Settings
from crafts.flowchart import MAX_LABEL, MAX_SOURCE, MOST_LABELS, Flowchart, read
from crafts.flowchart_drawing import png, svg
from crafts.flowchart_layout import laid_out
from exercises.i18n import Language

Finding = Literal["right", "wrong", "missing"]
FINDINGS: tuple[Finding, ...] = ("right", "wrong", "missing")


class Found(Settings):
    """What became of a label in the model's picture."""

    label: Annotated[str, StringConstraints(max_length=MAX_LABEL)]
    finding: Finding


class DiagramSettings(Settings):
    source: Annotated[str, StringConstraints(max_length=MAX_SOURCE)]
    found: tuple[Found, ...] = Field(default=(), max_length=MOST_LABELS)

    @field_validator("found")
    @classmethod
    def _once(cls, value: tuple[Found, ...]) -> tuple[Found, ...]:
        """A label that stands there twice counts once."""
        return tuple({each.label: each for each in value}.values())


def figures(settings: DiagramSettings, pictures: Pictures) -> Figures:
    """What the text says, the hash of its drawing, and how many labels were found how. Raises CraftError."""
    chart = read(settings.source)
    said = {each.label: each.finding for each in settings.found}
    return {
        "nodes": [node.label for node in chart.nodes],
        "arrows": [[chart.label(a.tail), chart.label(a.head), a.label] for a in chart.arrows],
        "labels": [{"label": label, "finding": said.get(label)} for label in chart.labels],
        **{each: sum(said.get(label) == each for label in chart.labels) for each in FINDINGS},
        "svg_sha256": sha256(drawn(chart)).hexdigest(),
    }


def drawn(chart: Flowchart) -> bytes:
    """The diagram as SVG."""
    return svg(chart, laid_out(chart))


def files(
    settings: DiagramSettings, pictures: Pictures, found: Figures, language: Language
) -> dict[str, bytes]:
    chart = read(settings.source)
    return {".svg": drawn(chart), ".png": png(laid_out(chart))}


APPLICATION = Application("diagrams", DiagramSettings, figures, files, (".svg", ".png"), own_words=False)
