"""One picture of the gallery: at full size, with every fact recorded of it, and what can be done with it."""

import logging
from functools import partial
from typing import Any

from exercises.errors import UserError
from exercises.i18n import labelled, number
from grading.results import Regeneration
from lab.records.compare import fields
from lab.records.export import ENDINGS, FORMATS, Format, exported
from lab.records.verify import adapters_of, verify
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import adherence as adherence_words
from lab.ui.html import markup
from lab.ui.page import LASTING, QUIET, Page
from lab.ui.tabs.downloads import Download, sends
from lab.ui.tabs.result import Result
from manifests.adapters import read
from manifests.manifest import Manifest
from manifests.xmp import source_type_of

log = logging.getLogger(__name__)


def build(lab: Lab, page: Page, chosen: Any) -> None:
    """`chosen` is the component whose value is the stem of the picture shown."""
    import gradio as gr

    t = page.t
    nothing = gr.HTML(markup.status(t("gallery.nothing")))
    with gr.Column(visible=False, elem_id="gallery-details") as column:
        result = Result(page, "gallery")
        with result.below:
            with gr.Row(elem_classes="actions"):
                studio = gr.Button(
                    t("gallery.to_studio"), visible=bool(page.studio), size="sm", min_width=130
                )
                starts = {
                    exercise.id: gr.Button(
                        t("gallery.start_from", tab=page.tab_of(exercise)[1]), size="sm", min_width=130
                    )
                    for exercise in lab.assignment.exercises
                    if exercise.kind in ("img2img", "inpaint", "outlines", "studio")
                }
                again = gr.Button(t("gallery.verify"), size="sm", min_width=130, elem_id="gallery-verify")
                delete = gr.Button(
                    t("gallery.delete"), variant="stop", size="sm", min_width=130, elem_id="gallery-delete"
                )
            gr.HTML(markup.hint(t("download.as")))
            with gr.Row(elem_classes="actions formats"):
                formats = {
                    kind: gr.Button(kind, size="sm", min_width=64, elem_id=f"download-{kind}")
                    for kind in FORMATS
                }
                manifest_file = gr.DownloadButton(t("gallery.download_manifest"), size="sm", min_width=90)
            downloaded = page.message("gallery-downloaded")
        with gr.Accordion(t("gallery.everything"), open=False):
            everything = gr.HTML(elem_id="gallery-everything")
    with gr.Row(elem_id="gallery-said"):
        said = page.message("gallery-status")
        undo = gr.Button(
            t("gallery.undo"), visible=False, size="sm", min_width=120, scale=0, elem_id="gallery-undo"
        )
    for kind, button in formats.items():
        sends(page, button, partial(_as, page, kind), [chosen], downloaded)
    for tab, button in starts.items():
        page.start_from(button, chosen, tab)
    deleted = gr.State(None)

    def show(stem: str | None) -> dict[Any, Any]:
        record = lab.store().find(stem) if stem else None
        if record is None:
            return {column: gr.Column(visible=False), nothing: gr.HTML(visible=True)}
        return {
            column: gr.Column(visible=True),
            nothing: gr.HTML(visible=False),
            manifest_file: gr.DownloadButton(value=str(record.manifest_path)),
            downloaded: "",
            everything: all_fields(page, record.manifest),
            **dict(zip(result.outputs, result.show(record), strict=True)),
        }

    outputs = [column, nothing, downloaded, manifest_file, everything, *result.outputs]
    chosen.change(show, chosen, outputs, **QUIET)
    if page.studio:
        page.send_to_studio(studio, chosen)

    def check(stem: str | None) -> Any:
        yield markup.status(t("gallery.verifying")), gr.Button(interactive=False)
        yield _verified(lab, page, stem), gr.Button(interactive=True)

    again.click(check, chosen, [said, again], **LASTING)

    def throw_away(stem: str | None) -> tuple[str, Any, str | None]:
        try:
            if stem:
                lab.store().delete(stem)
        except (UserError, OSError) as error:
            return (
                markup.status(t("gallery.not_deleted", reason=error_text(error, page.language)), bad=True),
                gr.skip(),
                None,
            )
        return markup.status(t("gallery.deleted", name=stem)), gr.Button(visible=True), stem

    page.changed(delete.click(throw_away, chosen, [said, undo, deleted], **QUIET))

    def put_back(stem: str | None) -> tuple[str, Any]:
        try:
            if stem:
                lab.store().restore(stem)
        except (UserError, OSError) as error:
            return markup.status(
                t("bin.not_restored", reason=error_text(error, page.language)), bad=True
            ), gr.skip()
        return markup.status(t("bin.restored", name=stem)), gr.Button(visible=False)

    page.changed(undo.click(put_back, deleted, [said, undo], **QUIET))


def _as(page: Page, kind: Format, stem: str | None) -> Download | None:
    """The picture in that format, and what it keeps of what was recorded."""
    record = page.lab.store().find(stem) if stem else None
    if record is None:
        return None
    data = record.image_path.read_bytes()
    made = exported(data, kind, source_type_of(record.manifest.request.mode))
    kept = "recorded" if made is data else kind.lower()
    return Download(record.stem + ENDINGS[kind], made, page.t(f"download.{kept}"))


def all_fields(page: Page, manifest: Manifest) -> str:
    """Every field of the manifest; the opinion's parts in words."""
    t, values = page.t, fields(manifest)
    if manifest.adherence is not None:
        values["adherence.parts"] = " · ".join(adherence_words.lines(t, manifest.adherence)[1:])
    rows = [(t(f"field.{name}"), value) for name, value in values.items()]
    return markup.table((t("gallery.field"), t("gallery.value")), rows)


def _verified(lab: Lab, page: Page, stem: str | None) -> str:
    """The verdict on making the picture again, in words."""
    store = lab.store()
    record = store.find(stem) if stem else None
    if record is None:
        return markup.status(page.t("gallery.gone"), bad=True)
    try:
        request = record.manifest.request
        source, mask = (
            store.source_path(kept).read_bytes() if kept else None for kept in (request.source, request.mask)
        )
        found = verify(
            record.manifest,
            record.image_path.read_bytes(),
            source,
            lab.engine,
            mask=mask,
            adapters=[read(store.folder, each.file, each.sha256) for each in adapters_of(record.manifest)],
            language=page.language,
        )
    except (UserError, OSError) as error:
        return markup.status(
            page.t("gallery.not_verified", reason=error_text(error, page.language)), bad=True
        )
    return verdict(page, found)


def verdict(page: Page, found: Regeneration) -> str:
    """What regenerating gave: the verdict, what explains it, and how far the pictures lie apart."""
    t = page.t
    words = t(f"gallery.verdict_{found.verdict.replace(' ', '_')}")
    said = [labelled(found.stem, words, t.language), *found.causes]
    if found.psnr is not None and found.verdict != "identical":
        said.append(t("gallery.psnr", psnr=number(round(found.psnr, 1), t.language)))
    return markup.status(" ".join(said), bad=found.verdict == "different")
