"""The lab as a web application: one Gradio page per language below one prefix, and the door to them.

`<prefix>/` leads to the language of the cookie, else of `GENAI_LANGUAGE`, else of the browser;
`<prefix>/language/<code>` sets the cookie. The page loads nothing from elsewhere, and the browser is
told to hold it to that.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from exercises.i18n import LANGUAGES, Language, nearest_language
from exercises.settings import ExerciseSettings
from lab.class_routes import add_class_routes
from lab.context import Lab
from lab.headers import AddHeaders
from lab.localized import LocalizedPages
from lab.page import Page
from lab.streams import AcceptAfterClose
from manifests.pictures import MAX_BYTES

if TYPE_CHECKING:
    from fastapi import FastAPI

COOKIE = "genai_lab_language"
LOOPBACK = ("127.0.0.1", "localhost")
HEADERS = {
    # Gradio's own page needs inline scripts and compiles its templates; nothing comes from outside.
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
OPEN_TAB = """() => {{
    const wanted = {ids}.includes(window.labTab) ? {{ selected: window.labTab }} : {{}};
    return {{ __type__: "update", ...wanted }};
}}"""
# Which module shows the exercises of a kind; evaluation and reflection share one tab, hand-in has its own.
TABS = {
    "generate": "planned",
    "sweep": "planned",
    "img2img": "planned",
    "studio": "studio",
    "analyse": "analysis",
    "correct": "correction",
    "alt_text": "alt_text",
    "compare": "comparing",
}
LAST_TABS = ("evaluation", "gallery", "costs", "hand_in", "health")


def build_app(lab: Lab) -> "FastAPI":
    """The application, ready for a server; closing it closes the engine."""
    _prepare(lab)
    import gradio as gr
    from fastapi import FastAPI, Request
    from fastapi.responses import RedirectResponse
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from lab.rest.app import PATH, build_rest
    from lab.theme import theme

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        lab.close()

    prefix = lab.settings.prefix
    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    if lab.settings.host in LOOPBACK and not prefix:
        # A page of another site could have its name lead here; it would still ask by that name.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))
    app.add_middleware(LocalizedPages, pages={f"{prefix}/{language}/": language for language in LANGUAGES})

    app.add_middleware(AddHeaders, headers=HEADERS)
    app.add_middleware(AcceptAfterClose)

    @app.get(f"{prefix}/")
    def door(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{prefix}/{visitor_language(request.cookies, request.headers)}/")

    @app.get(f"{prefix}/language/{{language}}")
    def choose(language: Language) -> RedirectResponse:
        response = RedirectResponse(f"{prefix}/{language}/")
        response.set_cookie(
            COOKIE, language, max_age=31536000, httponly=True, samesite="lax", path=f"{prefix}/"
        )
        return response

    add_class_routes(app, lab)
    app.mount(f"{prefix}{PATH}", build_rest(lab))
    css = files("lab").joinpath("static", "lab.css").read_text(encoding="utf-8")
    for language in LANGUAGES:
        gr.mount_gradio_app(
            app,
            _blocks(lab, language),
            path=f"{prefix}/{language}",
            root_path=f"{prefix}/{language}",  # else events outside the queue misname files
            ssr_mode=False,
            run_history=False,
            footer_links=[],
            show_error=False,
            max_file_size=MAX_BYTES,
            allowed_paths=[str(lab.folder.resolve()), str(lab.cache)],
            theme=theme(),
            css=css,
        )
    return app


def _prepare(lab: Lab) -> None:
    """Gradio reads these when it is imported: its cache stays in ours, and it reports to nobody."""
    lab.cache.mkdir(parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(lab.cache / "gradio")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


def visitor_language(cookies: Any, headers: Any) -> Language:
    """Their choice, else the setting's, else their browser's."""
    for language in LANGUAGES:
        if cookies.get(COOKIE) == language:
            return language
    return ExerciseSettings().language or nearest_language(headers.get("accept-language"))


def _blocks(lab: Lab, language: Language) -> Any:
    """One page: the header, and a tab per exercise between Start and Health."""
    import gradio as gr

    from lab.tabs import start

    with gr.Blocks(
        title=f"{lab.assignment.title(language)} · GenAI Lab",
        analytics_enabled=False,
        delete_cache=(3600, 24 * 3600),
        fill_width=True,
    ) as blocks:
        page = Page(lab, language)
        with page.tabs:
            start.build(lab, page)
            for exercise in lab.assignment.exercises:
                if exercise.kind in TABS:
                    import_module(f"lab.tabs.{TABS[exercise.kind]}").build(lab, page, exercise)
            for name in LAST_TABS:
                import_module(f"lab.tabs.{name}").build(lab, page)
        # In the browser alone: an answer of the server could come after the person chose another tab.
        blocks.load(None, None, page.tabs, js=OPEN_TAB.format(ids=json.dumps(page.ids)))
    return blocks.queue(default_concurrency_limit=None)
