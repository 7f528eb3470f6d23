"""The tabs of a page: one module each, a view of what is on disk.

Each kind of exercise has a module of its name. Most have a tab of their own, made by `build`; evaluation and
reflection are parts of the tab `written`, and what an exercise `hand_in` says stands in the tab of that name.
"""

from collections.abc import Callable
from typing import Any

from lab.ui.tabs import (
    adapt,
    alt_text,
    analyse,
    batch,
    between,
    brandkit,
    code,
    compare,
    correct,
    costs,
    course,
    crossstitch,
    dataset,
    diagrams,
    feedback,
    gallery,
    generate,
    grid,
    hand_in,
    health,
    img2img,
    inpaint,
    iterate,
    observe,
    operations,
    outlines,
    own,
    pipeline,
    quiz,
    recognise,
    storyboard,
    studio,
    sweep,
    wall,
    written,
)

OWN_TABS: dict[str, Callable[..., Any]] = {  # build(lab, page, exercise), by kind
    "generate": generate.build,
    "sweep": sweep.build,
    "grid": grid.build,
    "img2img": img2img.build,
    "inpaint": inpaint.build,
    "outlines": outlines.build,
    "between": between.build,
    "own": own.build,
    "iterate": iterate.build,
    "pipeline": pipeline.build,
    "adapt": adapt.build,
    "dataset": dataset.build,
    "quiz": quiz.build,
    "observe": observe.build,
    "recognise": recognise.build,
    "code": code.build,
    "studio": studio.build,
    "analyse": analyse.build,
    "correct": correct.build,
    "alt_text": alt_text.build,
    "compare": compare.build,
    "crossstitch": crossstitch.build,
    "storyboard": storyboard.build,
    "brandkit": brandkit.build,
    "operations": operations.build,
    "diagrams": diagrams.build,
    "course": course.build,
}
KINDS: dict[str, Callable[..., Any]] = OWN_TABS | written.PARTS | {"hand_in": hand_in.build}
LAST_TABS: tuple[Callable[..., Any], ...] = (  # build(lab, page)
    written.build,
    batch.build,
    gallery.build,
    wall.build,
    costs.build,
    hand_in.build,
    feedback.build,
    health.build,
)
