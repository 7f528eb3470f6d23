"""A picture's file is read for how it was made, and the Studio takes that over.

The file is only read: it is neither kept nor handed in, and its pixels are not decoded.
"""

import time
from pathlib import Path
from typing import Any

from exercises.errors import UserError
from lab.records.read_parameters import Found, read_parameters
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.html import picture as facts
from lab.ui.page import FRESH, LASTING, QUIET, REMEMBER, Page
from lab.ui.tabs.photo import read_bounded
from lab.ui.tabs.result import drawn_workflow


def build(lab: Lab, page: Page) -> None:
    """A button for the file (`page.js` gives it what is dropped or pasted anywhere), and what was found."""
    import gradio as gr

    t = page.t
    upload = gr.UploadButton(t("reader.choose"), size="sm", elem_id="upload-reader", elem_classes="reads")
    found = page.message("reader-found")
    take = gr.Button(t("reader.take"), size="sm", visible=False, elem_id="reader-take")
    values = gr.State(None)  # what was found, by the names in `Parameters`

    def read(path: str) -> list[Any]:
        try:
            told = read_parameters(read_bounded(Path(path)))
        except UserError as error:
            said = markup.status(error.in_language(page.language), bad=True)
            return [said, gr.Button(visible=False), None]
        if told is None:
            return [markup.status(t("reader.nothing"), bad=True), gr.Button(visible=False), None]
        return [table(page, told), gr.Button(visible=bool(page.studio and told.values)), told.values]

    upload.upload(read, upload, [found, take, values], **QUIET)
    if page.studio:
        take.click(None, js=FRESH.format(id=page.studio))
        take.click(
            lambda told: ((told, time.time()), gr.Tabs(selected=page.studio)),
            values,
            [page.parameters, page.tabs],
            **LASTING,
        ).then(None, js=REMEMBER.format(id=page.studio))


def table(page: Page, found: Found) -> str:
    """What was found, by the names of the Studio's fields."""
    t = page.t
    rows = [(t(f"parameter.{name}"), facts.value_text(t, value)) for name, value in found.values.items()]
    told, said = [*rows, *found.others], markup.status(t(f"reader.from_{found.origin}"))
    if told:
        said += markup.table([t("facts.parameter"), t("facts.value")], told, t("reader.found"))
    return said + drawn_workflow(t, found.workflow)
