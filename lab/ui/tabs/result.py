"""One picture made: the file itself, how it was asked for and made, and the Python that makes it again."""

from dataclasses import replace
from typing import Any

from markupsafe import Markup

from exercises.graph import Graph, graph_of
from exercises.i18n import Translator, number
from lab.records.code import NoScript, python_script
from lab.ui.html import graph as graphs
from lab.ui.html import markup
from lab.ui.html import picture as facts
from lab.ui.html.adherence import badge
from lab.ui.html.stage import Shown
from lab.ui.page import Page
from manifests.analysis import AltText
from manifests.manifest import ApiRequest, Manifest
from manifests.notebook import alt_texts
from manifests.service import ComfyuiService
from manifests.store import Record


class Facts:
    """How one record was asked for and made; `show` gives the values for `outputs`."""

    def __init__(self, page: Page, name: str) -> None:
        import gradio as gr

        self.page = page
        t = page.t
        self.facts = gr.HTML(elem_id=f"facts-{name}")
        with gr.Accordion(t("result.python"), open=False, visible=False) as self.python:
            self.code = gr.Code(
                language="python", interactive=False, label=t("result.script"), elem_id=f"code-{name}"
            )
        with gr.Accordion(t("graph.title"), open=False, visible=False) as self.workflow:
            self.graph = gr.HTML(elem_id=f"workflow-{name}")
        self.outputs = [self.facts, self.python, self.code, self.workflow, self.graph]

    def show(self, record: Record | None) -> list[Any]:
        import gradio as gr

        if record is None:
            return ["", gr.update(visible=False), "", gr.update(visible=False), ""]
        t, manifest = self.page.t, record.manifest
        try:
            script = python_script(manifest, self.page.language)
        except NoScript:
            script = ""
        return [
            facts.made(t, manifest) + alt_texts_table(t, texts_of(self.page, manifest)),
            gr.update(visible=bool(script)),
            script,
            *self._workflow(manifest),
        ]

    def _workflow(self, manifest: Manifest) -> list[Any]:
        """The graph by which a ComfyUI server drew it."""
        import gradio as gr

        service = manifest.service
        graph = graph_of(service.graph()) if isinstance(service, ComfyuiService) else None
        return [gr.update(visible=graph is not None), drawn_workflow(self.page.t, graph)]


def drawn_workflow(t: Translator, graph: Graph | None) -> Markup:
    """A workflow that may be wider than the screen; nothing where there is none."""
    if graph is None:
        return Markup("")
    return markup.scrolling(graphs.workflow(t, graph), t("graph.title"))


class Result:
    """A picture in a box of its own with its facts below; `show` gives the values for `outputs`.

    `below` is the place between the two, for what can be done with the picture.
    """

    def __init__(self, page: Page, name: str) -> None:
        import gradio as gr

        self.page = page
        self.picture = gr.Image(
            label=page.t("result.picture"),
            type="filepath",
            interactive=False,
            visible=False,
            buttons=["download", "fullscreen"],
            elem_id=f"picture-{name}",
            elem_classes="picture",
        )
        self.below = gr.Column(elem_classes="below")
        self.facts = Facts(page, name)
        self.outputs = [self.picture, *self.facts.outputs]

    def show(self, record: Record | None) -> list[Any]:
        """The record's picture by its file, so that it is shown as it was written."""
        import gradio as gr

        if record is None:
            return [gr.update(value=None, visible=False), *self.facts.show(None)]
        picture = gr.update(
            value=str(record.image_path), visible=True, alt_text=alternative(self.page, record.manifest)
        )
        return [picture, *self.facts.show(record)]


def shown_record(page: Page, record: Record, label: str | None = None, *, marked: bool = False) -> Shown:
    """A record's picture for the stage, with its steps and seconds; its file is its label by default."""
    manifest = record.manifest
    seconds = number(round(manifest.seconds, 1), page.t.language)
    if isinstance(manifest.request, ApiRequest):
        taken = page.t("facts.seconds", seconds=seconds)
    else:
        taken = page.t("stage.taken", steps=manifest.effective_steps, seconds=seconds)
    url = page.file_url(record.image_path)
    return Shown(url, alternative(page, manifest), label or record.stem, taken, marked)


def judged(page: Page, record: Record, label: str | None = None) -> Shown:
    """The same with what the judge found of the prompt, where it has an opinion."""
    shown, words = shown_record(page, record, label), badge(page.t, record.manifest)
    return replace(shown, facts=f"{words} · {shown.facts}") if words else shown


def alternative(page: Page, manifest: Manifest) -> str:
    """The student's own alternative text where there is one that tells; else what was asked for."""
    telling = [text.alt for text in texts_of(page, manifest) if text.purpose != "decorative"]
    return telling[0] if telling else facts.alt_text(page.t, manifest)


def texts_of(page: Page, manifest: Manifest) -> list[AltText]:
    """The alternative texts that the student wrote for a picture."""
    return alt_texts(page.lab.notebook().entries(), manifest.image.sha256)


def alt_texts_table(t: Translator, texts: list[AltText]) -> Markup:
    """The alternative texts written for a picture, by purpose."""
    if not texts:
        return Markup("")
    header = [t(f"alt_text.column_{name}") for name in ("purpose", "use", "alt", "long")]
    rows = [
        (t(f"alt_text.{text.purpose}"), text.use, text.alt or t("alt_text.nothing"), text.long)
        for text in texts
    ]
    return markup.table(header, rows, t("alt_text.written"))
