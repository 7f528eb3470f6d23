"""The instructors' page about the class's gateway, at `<hub>/gateway`: who waits, what runs, what failed.

The page asks for its content again every few seconds, so it is live; without scripts the whole page is.
What it shows the gateway says; the Hub asks it with the token that both have.
"""

import json
from asyncio import gather
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope
from markupsafe import Markup
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from exercises.i18n import Language, Translator, money, number, translator
from hub.gateway_budgets import BudgetForm, NotAnAmount, body_of, form_from, form_of
from hub.language import language_of

RELOAD_SECONDS = 2
ACTIONS = ("pause", "resume", "drain")


class GatewayHandler(BaseHandler):
    """Shows the page to those who may open the admin page, and passes on what they press."""

    def initialize(self, address: str, token: str) -> None:
        self.address, self.token = address, token

    @web.authenticated
    @needs_scope("admin-ui")
    async def get(self) -> None:
        self.set_header("Vary", "Accept-Language")
        if self.get_query_argument("part", ""):
            self.finish(await self._content(language_of(self)))
            return
        await self._show(await self._form())

    async def _form(self) -> BudgetForm:
        """The form of the budgets as they are."""
        _, told = await self._ask("GET", "/class/budgets")
        return form_of(told, language_of(self))

    async def _show(self, form: BudgetForm) -> None:
        """The whole page, with this form of the budgets."""
        language = language_of(self)
        html = await self.render_template(
            "gateway.html",
            language=language,
            title=translator("hub", language)("gateway.title"),
            content=await self._content(language),
            form=form,
            saved=bool(self.get_query_argument("saved", "")),
            seconds=RELOAD_SECONDS,
        )
        self.finish(html)

    @web.authenticated
    @needs_scope("admin-ui")
    async def post(self) -> None:
        """Pause, resume, drain, stop one picture, or set the budgets; then the page again."""
        action = self.get_body_argument("action")
        if action == "budgets":
            await self._set_budgets()
            return
        if action in ACTIONS:
            await self._ask("POST", f"/class/{action}")
        elif action == "stop":
            place = (self.get_body_argument("student"), self.get_body_argument("key"))
            await self._ask("DELETE", "/class/drawings/" + "/".join(quote(each, safe="") for each in place))
        else:
            raise web.HTTPError(400)
        self.redirect(self.hub.base_url + "gateway")

    async def _set_budgets(self) -> None:
        """Ask the gateway for what was typed; what it does not take is shown again, with why."""
        form = form_from(self.get_body_arguments)
        t = translator("hub", language_of(self))
        try:
            status, answer = await self._ask("PUT", "/class/budgets", body_of(form, t))
        except NotAnAmount as error:
            form.error = str(error)
        else:
            if status == 200:
                self.redirect(self.hub.base_url + "gateway?saved=1#budgets")
                return
            form.error = answer["error"]["message"] if answer else t("gateway.away")
        form.currency = (await self._form()).currency
        self.set_status(400)
        await self._show(form)

    async def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status of the gateway's answer, and the answer; 0 and None where it gives none."""
        request = HTTPRequest(
            self.address + path,
            method=method,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "Accept-Language": language_of(self),
            },
            body=None if method in ("GET", "DELETE") else b"" if body is None else json.dumps(body),
            request_timeout=10,
            follow_redirects=False,
        )
        try:
            answer = await AsyncHTTPClient().fetch(request, raise_error=False)
            document = json.loads(answer.body) if answer.body else None
        except (HTTPClientError, OSError, ValueError) as error:
            self.log.warning("The gateway does not answer: %s", error)
            return 0, None
        if answer.code >= 400:
            self.log.warning("The gateway answered %s to %s %s", answer.code, method, path)
        return answer.code, document

    async def _content(self, language: Language) -> Markup:
        t = translator("hub", language)
        (seen, state), (known, spending) = await gather(
            self._ask("GET", "/class"), self._ask("GET", "/class/spending")
        )
        if (seen, known) != (200, 200):
            return Markup("<p>{}</p>").format(t("gateway.away"))
        hidden = Markup('<input type="hidden" name="_xsrf" value="{}">').format(self.xsrf_token.decode())
        return page_content(state, spending, t, hidden)


def page_content(
    state: Mapping[str, Any], spending: Mapping[str, Any], t: Translator, xsrf: Markup
) -> Markup:
    """What the gateway says of itself as HTML; `xsrf` is the hidden field that every form needs."""
    currency, read = spending["currency"], spending["limits"] is not None
    limits = spending["limits"] or {"class_": None, "student": None, "students": {}}
    spent: Mapping[str, int] = spending["students"]
    told = Markup("").join(
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(t(f"gateway.{name}"), value)
        for name, value in (
            ("drawn_now", t("gateway.of", count=len(state["drawn"]), most=state["most"])),
            ("waiting_now", len(state["waiting"])),
            ("per_minute", _said(state["per_minute"], t)),
            ("pictures", state["pictures"]),
            ("waited", _times(state["waited"], t)),
            ("took", _times(state["took"], t)),
            ("spent", _spent(sum(spent.values()), limits["class_"], currency, t)),
        )
    )
    drawn = [
        (each["student"], t("gateway.step", step=each["step"], steps=each["steps"]), _stop(each, t, xsrf))
        for each in state["drawn"]
    ]
    waiting = [
        (
            each["position"],
            each["student"],
            _seconds(each["waited"], t),
            _seconds(each["remaining"], t),
            _stop(each, t, xsrf),
        )
        for each in state["waiting"][:100]
    ]
    replicas = [
        (
            each["name"],
            each["where"],
            each["model"],
            t("gateway.of", count=each["running"], most=each["most"]) if each["up"] else t("gateway.down"),
            each["lost"],
        )
        for each in state["replicas"]
    ]
    drew = {each["name"]: each for each in state["students"]}
    students = [
        (
            name,
            *(drew.get(name, {}).get(field, 0) for field in ("pictures", "failures", "waiting")),
            _spent(spent.get(name, 0), limits["students"].get(name, limits["student"]), currency, t),
        )
        for name in sorted({*drew, *spent})
    ]
    alerts = [
        (t(f"gateway.budget_{each['budget']}"), each["of"], t("gateway.percent", percent=each["percent"]))
        for each in spending["alerts"]
    ]
    failures = [(code, count) for code, count in sorted(state["failures"].items())]
    mode = "drain" if state["draining"] else "pause" if state["paused"] else "resume"
    unread = Markup('<p class="alert alert-danger">{}</p>').format(t("gateway.budgets_unread"))
    return Markup('<p class="mode">{}</p>{}{}<dl class="figures">{}</dl>{}{}{}{}{}{}').format(
        t(f"gateway.mode_{mode}"),
        _actions(mode, t, xsrf),
        "" if read else unread,
        told,
        _table(t, "drawn", ("student", "progress", "action"), drawn),
        _table(t, "waiting", ("place", "student", "waits", "expected", "action"), waiting),
        _table(t, "replicas", ("replica", "where", "model", "progress", "lost"), replicas)
        if replicas
        else "",
        _table(t, "students", ("student", "made", "failed", "in_line", "spent"), students),
        _table(t, "alerts", ("budget", "of", "reached"), alerts),
        _table(t, "failures", ("code", "count"), failures),
    )


def _actions(mode: str, t: Translator, xsrf: Markup) -> Markup:
    """The buttons: what is so already is not offered."""
    buttons = Markup("").join(
        Markup('<button class="btn btn-sm btn-outline-contrast" name="action" value="{}">{}</button>').format(
            action, t(f"gateway.{action}")
        )
        for action in ACTIONS
        if action != mode
    )
    return Markup('<form method="post" class="actions">{}{}</form>').format(xsrf, buttons)


def _stop(each: Mapping[str, Any], t: Translator, xsrf: Markup) -> Markup:
    """A button that stops this picture."""
    return Markup(
        '<form method="post">{xsrf}<input type="hidden" name="student" value="{student}">'
        '<input type="hidden" name="key" value="{key}"><button class="btn btn-sm btn-outline-contrast" '
        'name="action" value="stop" aria-label="{label}">{stop}</button></form>'
    ).format(
        xsrf=xsrf,
        student=each["student"],
        key=each["key"],
        stop=t("gateway.stop"),
        label=t("gateway.stop_one", student=each["student"]),
    )


def _table(t: Translator, name: str, heads: Iterable[str], rows: Sequence[tuple[object, ...]]) -> Markup:
    title = t(f"gateway.table_{name}")
    if not rows:
        return Markup("<h2>{}</h2><p>{}</p>").format(title, t("gateway.nothing"))
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(t(f"gateway.head_{each}")) for each in heads
    )
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
        for row in rows
    )
    return Markup(
        '<h2 id="gateway-{name}">{title}</h2><div class="scrolls" tabindex="0" role="region" '
        'aria-labelledby="gateway-{name}"><table class="table"><thead><tr>{head}</tr></thead>'
        "<tbody>{body}</tbody></table></div>"
    ).format(name=name, title=title, head=head, body=body)


def _spent(micros: int, limit: int | None, currency: str, t: Translator) -> str:
    said = money(micros / 1e6, currency, t.language)
    if limit is None:
        return said
    return t("gateway.spent_of", spent=said, limit=money(limit / 1e6, currency, t.language))


def _times(times: Mapping[str, float | None], t: Translator) -> str:
    if times["middle"] is None:
        return t("gateway.none_yet")
    return t("gateway.times", middle=_seconds(times["middle"], t), slow=_seconds(times["slow"], t))


def _seconds(seconds: float | None, t: Translator) -> str:
    return "–" if seconds is None else t("gateway.seconds", seconds=_said(seconds, t))


def _said(value: float, t: Translator) -> str:
    return number(round(value, 1 if value < 10 else 0), t.language)
