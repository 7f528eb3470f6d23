"""One picture made: the file itself, how it was asked for and made, and the Python that makes it again."""

from typing import Any

from lab import facts
from lab.code import python_script
from lab.page import Page
from manifests.store import Record


class Result:
    """Components for one record; `show` gives the values for `outputs`."""

    def __init__(self, page: Page, name: str) -> None:
        import gradio as gr

        self.page = page
        t = page.t
        self.picture = gr.Image(
            label=t("result.picture"),
            type="filepath",
            interactive=False,
            visible=False,
            buttons=["download", "fullscreen"],
            elem_id=f"picture-{name}",
            elem_classes="picture",
        )
        self.facts = gr.HTML(elem_id=f"facts-{name}")
        with gr.Accordion(t("result.python"), open=False, visible=False) as self.python:
            self.code = gr.Code(
                language="python", interactive=False, label=t("result.script"), elem_id=f"code-{name}"
            )
        self.outputs = [self.picture, self.facts, self.python, self.code]

    def show(self, record: Record | None) -> list[Any]:
        """The record's picture by its file, so that it is shown as it was written."""
        import gradio as gr

        if record is None:
            return [gr.update(value=None, visible=False), "", gr.update(visible=False), ""]
        t, manifest = self.page.t, record.manifest
        return [
            gr.update(value=str(record.image_path), visible=True, alt_text=facts.alt_text(t, manifest)),
            facts.made(t, manifest),
            gr.update(visible=True),
            python_script(manifest, self.page.language),
        ]
