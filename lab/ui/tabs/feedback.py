"""Feedback: what came back on the work, and the wish that an exercise be looked at again."""

from typing import Any

from exercises.errors import UserError
from lab.session.feedback import FILE
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import feedback as words
from lab.ui.html import markup
from lab.ui.page import Page


def build(lab: Lab, page: Page) -> None:
    """Only where feedback can come: from the class's gateway, or as a file that lies there."""
    import gradio as gr

    t = page.t
    if not lab.settings.gateway and not (lab.folder / FILE).exists():
        return

    def look() -> str:
        own = lab.feedback()
        if own is None:
            return markup.hint(t("feedback.none"))
        return words.page(t, page.language, own, picture_url(lab, page))

    def choices() -> tuple[Any, Any]:
        """The exercises that were not asked about yet; without any, no form."""
        own = lab.feedback()
        asked = {each.exercise for each in own.requests} if own else set()
        left = [
            (each.title.get(page.language) or each.id, each.id)
            for each in (own.feedback.exercises if own else ())
            if each.id not in asked
        ]
        shown = bool(left) and lab.settings.gateway is not None
        return gr.update(visible=shown), gr.update(choices=left, value=None)

    def ask(exercise: str | None, reason: str) -> tuple[Any, Any]:
        if not exercise or not reason.strip():
            return markup.status(t("feedback.incomplete"), bad=True), gr.skip()
        try:
            lab.feedback.look_again(exercise, reason.strip())
        except UserError as error:
            return markup.status(error_text(error, page.language), bad=True), gr.skip()
        return markup.status(t("feedback.sent")), ""

    with page.tab("feedback", t("feedback.title")):
        gr.HTML(markup.title(t("feedback.title")))
        shown = gr.HTML(elem_id="feedback")
        with gr.Group(visible=False, elem_id="look-again") as form:
            exercise = gr.Dropdown(label=t("feedback.exercise"), choices=[], elem_id="look-again-exercise")
            reason = gr.Textbox(
                label=t("feedback.reason"),
                info=t("feedback.reason_info"),
                lines=3,
                max_length=4000,
                elem_id="look-again-reason",
            )
            button = gr.Button(t("feedback.ask"), elem_id="look-again-ask")
        status = page.message("look-again-status")
        page.refresh(look, shown)
        page.refresh(choices, [form, exercise])
        page.changed(
            button.click(
                ask, [exercise, reason], [status, reason], api_visibility="private", concurrency_limit=1
            )
        )


def picture_url(lab: Lab, page: Page) -> words.PictureUrl:
    """Where the student's own pictures are, by their files' hashes."""
    files = {record.manifest.image.sha256: record.image_path for record in lab.store().records()}

    def url(sha256: str) -> str | None:
        return page.file_url(files[sha256]) if sha256 in files else None

    return url
