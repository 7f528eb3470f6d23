"""The tabs of a page: one module each, a view of what is on disk.

A module has one function `build`, which makes the tab. Tabs of an exercise are listed by the exercise's kind;
evaluation and reflection share one tab.
"""

from collections.abc import Callable
from typing import Any

from lab.ui.tabs import (
    alt_text,
    analysis,
    comparing,
    correction,
    costs,
    evaluation,
    gallery,
    hand_in,
    health,
    planned,
    studio,
)

EXERCISE_TABS: dict[str, Callable[..., Any]] = {  # build(lab, page, exercise), by kind
    "generate": planned.build,
    "sweep": planned.build,
    "img2img": planned.build,
    "studio": studio.build,
    "analyse": analysis.build,
    "correct": correction.build,
    "alt_text": alt_text.build,
    "compare": comparing.build,
}
LAST_TABS: tuple[Callable[..., Any], ...] = (  # build(lab, page)
    evaluation.build,
    gallery.build,
    costs.build,
    hand_in.build,
    health.build,
)
