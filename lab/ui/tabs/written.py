"""The tab of what is written: evaluation and reflection, with their checks.

Every change is saved at once, by itself (`lab.records.answers`). What is on disk comes into the page when
the tab is shown, but never over what stands there already: someone may be typing.
"""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import markup
from lab.ui.page import QUIET, Page, checks_once
from lab.ui.tabs import evaluation, reflection
from manifests.answers import Answers, load_answers
from manifests.errors import AnswersError

# The forms of a kind of exercise. A form's `components` are what `fill` and `offer` give values to; after one
# of its `events` the points may have changed.
PARTS: dict[str, Callable[..., list[Any]]] = {"evaluation": evaluation.parts, "reflection": reflection.parts}


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    t = page.t
    written = [e for e in lab.assignment.exercises if e.kind in PARTS]
    if not written:
        return
    ids = {exercise.id for exercise in written}
    forms: list[Any] = []

    def read(shown: Answers | None) -> dict[Any, Any]:
        said = ""
        try:
            answers = load_answers(lab.folder)
        except AnswersError as error:
            answers = Answers()
            said = markup.status(
                t("evaluation.unreadable", reason=error_text(error, page.language)), bad=True
            )
        updates: dict[Any, Any] = {trouble: said, known: answers}
        for form in forms:
            updates |= form.offer() if answers == shown else form.fill(answers)
        return updates

    def check() -> str:
        own = [check for check in page.checks() if check.id.split("/")[0] in ids]
        link = page.next_tab(written[-1].id, main=True)
        following = Markup("<p>{}</p>").format(link) if link else Markup("")
        return markup.heading(t("evaluation.checks")) + following + markup.checklist(t, own)

    def points_and_checks() -> tuple[str, str]:
        with checks_once():
            return page.header(), check()

    with page.tab("evaluation", t("evaluation.title")):
        trouble = page.message("evaluation-trouble")
        known = gr.State(None)  # the answers as this page shows them
        for exercise in written:
            page.text(exercise)
            forms += PARTS[exercise.kind](lab, page, exercise, known)
        checklist = gr.HTML(elem_id="evaluation-checklist")
        page.refresh(read, [trouble, known, *(c for form in forms for c in form.components)], known)
        page.refresh(check, checklist)
        for form in forms:
            for event in form.events:
                event.then(points_and_checks, None, [page.points, checklist], **QUIET)
