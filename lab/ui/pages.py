"""The pages as Gradio applications: one per assignment and language, in the lab's web application."""

import json
import os
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from exercises.i18n import LANGUAGES, Language, Translate
from lab.session.lab import Lab
from lab.ui.html.parameter_help import FOLDER
from lab.ui.page import Page, page_address
from lab.ui.tabs import LAST_TABS, OWN_TABS, start
from lab.ui.theme import theme
from manifests.pictures import MAX_BYTES

if TYPE_CHECKING:
    from fastapi import FastAPI

OPEN_TAB = """() => {{
    const wanted = {ids}.includes(window.labTab) ? {{ selected: window.labTab }} : {{}};
    return {{ __type__: "update", ...wanted }};
}}"""


def prepare_gradio(lab: Lab) -> None:
    """Gradio reads these when it is imported: its cache stays in ours, and it reports to nobody."""
    os.environ["GRADIO_TEMP_DIR"] = str(lab.cache / "gradio")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


def page_path(lab: Lab, language: Language) -> str:
    """Where the page of a lab's assignment is: the first one's is the language's own."""
    return lab.settings.prefix + page_address(lab, lab.assignment.id, language)


def all_pages(lab: Lab, header_links: Callable[[Translate], Markup]) -> dict[str, Callable[[], "FastAPI"]]:
    """What builds the page of each assignment in each language, by its path.

    `header_links` stand beside the languages.
    """
    return {
        page_path(each, language): partial(_page, each, language, header_links)
        for each in (lab, *(lab.on(each.assignment) for each in lab.offered))
        for language in LANGUAGES
    }


def _page(lab: Lab, language: Language, header_links: Callable[[Translate], Markup]) -> "FastAPI":
    prepare_gradio(lab)
    import gradio as gr
    from fastapi import FastAPI

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    path = page_path(lab, language)
    gr.mount_gradio_app(
        app,
        _blocks(lab, language, header_links),
        path=path,
        root_path=path,  # else events outside the queue misname files
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        show_error=False,
        max_file_size=MAX_BYTES,
        allowed_paths=[str(lab.folder.resolve()), str(lab.cache), str(FOLDER)],
        theme=theme(),
        css=files("lab.ui").joinpath("static", "lab.css").read_text(encoding="utf-8"),
    )
    return app


def _blocks(lab: Lab, language: Language, header_links: Callable[[Translate], Markup]) -> Any:
    """One page: the header, and a tab per exercise between Start and Health."""
    import gradio as gr

    with gr.Blocks(
        title=f"{lab.assignment.title(language)} · GenAI Lab",
        analytics_enabled=False,
        delete_cache=(3600, 24 * 3600),
        fill_width=True,
    ) as blocks:
        page = Page(lab, language, header_links)
        with page.tabs:
            start.build(lab, page)
            for exercise in lab.assignment.exercises:
                if build := OWN_TABS.get(exercise.kind):
                    build(lab, page, exercise)
            for build_last in LAST_TABS:
                build_last(lab, page)
        # In the browser alone: an answer of the server could come after the person chose another tab.
        blocks.load(None, None, page.tabs, js=OPEN_TAB.format(ids=json.dumps(page.ids)))
    return blocks.queue(default_concurrency_limit=None)
