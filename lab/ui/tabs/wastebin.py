"""The bin: what was deleted, with its picture and its parameters, and the way back."""

from typing import Any

from exercises.errors import UserError
from lab.records import gallery
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.error_text import error_text
from lab.ui.html import markup
from lab.ui.html import picture as facts
from lab.ui.page import QUIET, Page


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    t = page.t
    with gr.Accordion(t("bin.title"), open=False, elem_id="gallery-bin"):
        gr.Markdown(t("bin.introduction"))
        binned = choice(label=t("bin.chosen"), elem_id="bin-chosen")
        image = gr.Image(
            type="filepath",
            interactive=False,
            show_label=False,
            buttons=[],
            visible=False,
            elem_classes="picture",
        )
        restore = gr.Button(t("bin.restore"), interactive=False, elem_id="bin-restore")
        said = page.message("bin-status")

    def look(stem: str | None) -> Any:
        records = gallery.select(lab.store().binned(), gallery.Filters())
        stems = [record.stem for record in records]
        value = stem if stem in stems else next(iter(stems), None)
        return gr.Dropdown([(gallery.caption(r), r.stem) for r in records], value=value)

    def show(stem: str | None) -> tuple[Any, Any]:
        record = gallery.find(lab.store().binned(), stem)
        if record is None:
            return gr.Image(None, visible=False), gr.Button(interactive=False)
        alt_text = facts.alt_text(t, record.manifest)
        return gr.Image(str(record.image_path), visible=True, alt_text=alt_text), gr.Button(interactive=True)

    def put_back(stem: str | None) -> str:
        try:
            if stem:
                lab.store().restore(stem)
        except (UserError, OSError) as error:
            return markup.status(t("bin.not_restored", reason=error_text(error, page.language)), bad=True)
        return markup.status(t("bin.restored", name=stem))

    page.refresh(look, binned, binned)
    binned.change(show, binned, [image, restore], **QUIET)
    page.changed(restore.click(put_back, binned, said, **QUIET))
