"""The tab of what is written: evaluation and reflection, with their checks."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.page import Page
from lab.ui.tabs import evaluation, reflection
from lab.ui.tabs.shown_answers import ShownAnswers

# The forms of a kind of exercise (`shown_answers.py`).
PARTS: dict[str, Callable[..., list[Any]]] = {"evaluation": evaluation.parts, "reflection": reflection.parts}


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    t = page.t
    written = [e for e in lab.assignment.exercises if e.kind in PARTS]
    if not written:
        return
    ids = {exercise.id for exercise in written}

    def check() -> str:
        own = [check for check in page.checks() if check.id.split("/")[0] in ids]
        link = page.next_tab(written[-1].id, main=True)
        following = Markup("<p>{}</p>").format(link) if link else Markup("")
        return markup.heading(t("evaluation.checks")) + following + markup.checklist(t, own)

    with page.tab(*page.tab_of(written[0])):
        shown = ShownAnswers(lab, page, "evaluation")
        for exercise in written:
            page.text(exercise)
            shown.forms += PARTS[exercise.kind](lab, page, exercise, shown.known)
        checklist = gr.HTML(elem_id="evaluation-checklist")
        shown.listen(check, checklist)
