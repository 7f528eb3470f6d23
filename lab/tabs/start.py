"""Start: what there is to do, how far it is done, and with what device and model."""

from lab.context import Lab
from lab.page import Page


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    with page.tab("start", page.t("start.title")):
        gr.Markdown(lab.assignment.texts[page.language])
