"""Analyses made by hand, so that what is said of them can be tested without a judge."""

from typing import Any

from exercises.i18n import Language
from lab.judge.findings import Classification, Findings, Guess, Measurements, Swatch
from lab.judge.wording import Look

MEASURED: dict[str, Any] = {
    "palette": (Swatch(name="gray", share=0.8), Swatch(name="black", share=0.2)),
    "sharpness": 250.0,
    "contrast": 0.18,
    "brightness": 0.5,
    "clipped_shadows": 0.0,
    "clipped_highlights": 0.0,
    "emptiness": 0.5,
}


def seen(name: str, probability: float, threshold: float = 0.5, *others: str) -> Classification:
    rest = tuple(Guess(name=other, probability=0.01) for other in others)
    return Classification(guesses=(Guess(name=name, probability=probability), *rest), threshold=threshold)


def look(
    object_: Classification | None = None,
    color: Classification | None = None,
    background: Classification | None = None,
    *,
    language: Language = "en",
    prompt: str | None = None,
    **measured: Any,
) -> Look:
    """Black headphones on gray, unless something else is said."""
    analysis = Findings(
        width=128,
        height=128,
        object=object_ or seen("headphones", 0.9, 0.6),
        color=color or seen("black", 0.95, 0.8),
        background=background or seen("gray", 0.97, 0.8),
        measurements=Measurements(**(MEASURED | measured)),
    )
    return Look(analysis, language, prompt)
