"""The lab as a web application: one page per language below one prefix, the API, and what leads to them.

`<prefix>/` leads to the language of the cookie, else of `GENAI_LANGUAGE`, else of the browser;
`<prefix>/language/<code>` sets the cookie. The page loads nothing from elsewhere, and the browser is
told to hold it to that.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from exercises.i18n import LANGUAGES, Language
from exercises.settings import ExerciseSettings
from lab.session.lab import Lab
from lab.ui.gradio_patches import AcceptAfterClose, LocalizedPages
from lab.ui.pages import all_pages, page_path
from lab.web.class_routes import add_class_routes
from lab.web.headers import AddHeaders
from lab.web.jupyter.process import is_installed as jupyter_is_installed
from lab.web.language import COOKIE, visitor_language
from lab.web.not_open import NotOpenYet
from lab.web.on_demand import PagesOnDemand
from lab.web.origin import LOOPBACK, LOOPBACK_NAMES
from lab.web.singleuser.links import hub_links
from lab.web.singleuser.settings import hub_server_settings

if TYPE_CHECKING:
    from fastapi import FastAPI

HEADERS = {
    # Gradio's own page needs inline scripts and compiles its templates; nothing comes from outside.
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def build_app(lab: Lab) -> "FastAPI":
    """The application, ready for a server; closing it closes the engine."""
    from fastapi import FastAPI, Request
    from fastapi.responses import RedirectResponse
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from lab.web.rest.app import PATH, build_rest

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # what most will see first is there when the lab says that it is
        await pages.built(page_path(lab, ExerciseSettings().language or LANGUAGES[0]))
        yield
        lab.close()

    prefix = lab.settings.prefix
    hub = hub_server_settings()
    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    if lab.settings.host in LOOPBACK and not prefix:
        # A page of another site could have its name lead here; it would still ask by that name.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK_NAMES))
    links = partial(hub_links, hub, notebooks=lab.settings.notebooks and jupyter_is_installed())
    pages = PagesOnDemand(app.router.default, all_pages(lab, links))
    labs = [lab, *(lab.on(each.assignment) for each in lab.offered)]
    app.add_middleware(
        NotOpenYet,
        lab=lab,
        pages={
            page_path(lab.on(each.assignment), language): (each, language)
            for each in lab.offered
            for language in LANGUAGES
        },
        navigation=links,
    )
    app.add_middleware(
        LocalizedPages,
        pages={f"{page_path(each, language)}/": language for each in labs for language in LANGUAGES},
    )
    app.add_middleware(AddHeaders, headers=HEADERS)
    app.add_middleware(AcceptAfterClose)

    @app.get(f"{prefix}/")
    def to_page(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{prefix}/{visitor_language(request.cookies, request.headers)}/")

    @app.get(f"{prefix}/language/{{language}}")
    def choose(language: Language, assignment: str = "") -> RedirectResponse:
        chosen = next((each for each in labs if each.assignment.id == assignment), lab)
        response = RedirectResponse(f"{page_path(chosen, language)}/")
        response.set_cookie(
            COOKIE, language, max_age=31536000, httponly=True, samesite="lax", path=f"{prefix}/"
        )
        return response

    for slash in ("", "/"):  # every assignment has an address of its own name

        @app.get(f"{prefix}/{{language}}/{lab.assignment.id}{slash}", include_in_schema=False)
        def by_name(language: Language) -> RedirectResponse:
            return RedirectResponse(f"{prefix}/{language}/")

    add_class_routes(app, lab)
    app.mount(f"{prefix}{PATH}", build_rest(lab, public_url=hub.public_url if hub else ""))
    app.router.default = pages
    return app
