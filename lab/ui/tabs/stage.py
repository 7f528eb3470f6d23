"""The stage's components: what it shows, the picture being drawn upon it, and the choice of a view."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from lab.ui.html import stage
from lab.ui.page import Page


class Stage:
    """`view` is the component whose value is the chosen view, one of `views`; `shown` takes `html.stage`."""

    def __init__(self, page: Page, name: str, views: Sequence[str]) -> None:
        import gradio as gr

        t = page.t
        # Shows a picture under way: its address and alternative text, in which cell of how many.
        self.draw: Callable[[str, str, int, int], Markup] = stage.preview
        with gr.Column(elem_classes="stage", elem_id=f"stage-{name}"):
            self.shown = gr.HTML(elem_classes="shown")
            self.preview = gr.HTML(elem_id=f"preview-{name}", elem_classes="preview")
        self.view = gr.Radio(
            [(t(f"stage.view_{view}"), view) for view in views],
            value=views[0],
            label=t("stage.view"),
            show_label=False,
            container=False,
            visible=len(views) > 1,
            elem_id=f"view-{name}",
            elem_classes="views",
        )
