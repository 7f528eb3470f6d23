"""Lets instructors in at `<hub>/class` and passes on what the process beside the Hub makes for them.

The Hub's own loop only waits for an answer on this machine, with connections of its own, so that a slow lab
takes none from the Hub.
"""

import json
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope
from markupsafe import Markup
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from exercises.i18n import translator
from hub.language import language_of

RELOAD_SECONDS = 5
SECONDS = 40.0  # a lab may be asked for a checklist meanwhile
AT_ONCE = 24  # requests to the process; others wait
VIEWS = ("class", "statistics", "student", "wall")
PASSED_ON = ("assignment", "group", "user", "anonymous", "key")


class ClassHandler(BaseHandler):
    """The page, its parts and its pictures, for those who may open the admin page."""

    _http: ClassVar[AsyncHTTPClient | None] = None

    def initialize(self, file: Path, token: str) -> None:
        self._file, self._token = file, token

    @web.authenticated
    @needs_scope("admin-ui")
    async def get(self) -> None:
        view = self.get_query_argument("view", "class")
        if view == "picture":
            await self._picture()
            return
        if view not in VIEWS:
            raise web.HTTPError(404)
        self.set_header("Vary", "Accept-Language")
        content = await self._content(view)
        if self.get_query_argument("part", ""):
            self.finish(content)
        else:
            await self._show(content, view)

    @web.authenticated
    @needs_scope("admin-ui")
    async def post(self) -> None:
        """Start, stop or extend; then the page again, or first the question whether it is meant."""
        pressed = {
            "action": self.get_body_argument("action"),
            "users": self.get_body_arguments("users"),
            "until": self.get_body_argument("until", ""),
            "confirmed": bool(self.get_body_argument("confirmed", "")),
            "assignment": self.get_query_argument("assignment", ""),
            "group": self.get_query_argument("group", ""),
            "by": self.current_user.name,
            "language": language_of(self),
        }
        answer = await self._ask("act", method="POST", body=json.dumps(pressed))
        if answer is None or answer.code != 200:
            raise web.HTTPError(503 if answer is None else 400)
        question = json.loads(answer.body)["html"]
        if question:
            await self._show(Markup(question), "confirm")  # noqa: S704  (our own process escaped it)
            return
        kept = {name: self.get_query_argument(name, "") for name in ("view", *PASSED_ON)}
        query = urlencode({name: value for name, value in kept.items() if value})
        self.redirect(f"{self.hub.base_url}class" + (f"?{query}" if query else ""))

    async def _show(self, content: Markup, view: str) -> None:
        language = language_of(self)
        html = await self.render_template(
            "class.html",
            language=language,
            title=translator("hub", language)("class_page.title"),
            content=content,
            view=view,
            seconds=RELOAD_SECONDS,
        )
        self.finish(html)

    async def _content(self, view: str) -> Markup:
        answer = await self._ask(view)
        if answer is not None and answer.code == 200:
            return Markup(answer.body.decode())  # noqa: S704  (our own process escaped it)
        if answer is not None and answer.code == 404:
            raise web.HTTPError(404)
        t = translator("hub", language_of(self))
        return Markup('<p class="alert alert-danger">{}</p>').format(t("class_page.away"))

    async def _picture(self) -> None:
        answer = await self._ask("picture")
        if answer is None or answer.code != 200:
            raise web.HTTPError(404)
        self.set_header("Content-Type", "image/jpeg")
        self.set_header("Cache-Control", "private, max-age=300")
        self.finish(answer.body)

    async def _ask(self, path: str, **options: Any) -> HTTPResponse | None:
        """The process's answer; None where it gives none."""
        asked = {name: value for name in PASSED_ON if (value := self.get_query_argument(name, ""))}
        query = urlencode({**asked, "language": language_of(self)})
        if ClassHandler._http is None:
            ClassHandler._http = AsyncHTTPClient(force_instance=True, defaults=None, max_clients=AT_ONCE)
        try:
            address = self._file.read_text(encoding="ascii")
            request = HTTPRequest(
                f"{address}/{path}?{query}",
                headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
                request_timeout=SECONDS,
                follow_redirects=False,
                **options,
            )
            return await ClassHandler._http.fetch(request, raise_error=False)
        except (HTTPClientError, OSError, ValueError) as error:
            self.log.warning("The class's page does not answer: %s", error)
            return None
