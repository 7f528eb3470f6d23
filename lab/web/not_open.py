"""Pages of assignments that are not open yet: in their place stands the moment when they will be.

ASGI middleware. It looks at the clock at each request, so a page is there once its moment has come.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from exercises.i18n import Language, Translate, translator
from lab.session.lab import Lab
from lab.session.opened import Offered
from lab.ui.html import markup
from lab.ui.page import page_address
from lab.web.templating import render

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send


class NotOpenYet:
    """`pages`: the assignment and the language of each page, by its path.

    What lies below a path belongs to that page, unless a longer path fits too. `navigation` stands on
    the page: below a Hub, the way back to it.
    """

    def __init__(
        self,
        app: "ASGIApp",
        lab: Lab,
        pages: Mapping[str, tuple[Offered, Language]],
        navigation: Callable[[Translate], Markup],
    ) -> None:
        self.app = app
        self._lab, self._navigation = lab, navigation
        self._pages = dict(sorted(pages.items(), key=lambda item: len(item[0]), reverse=True))

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        path: str = scope.get("path", "")
        page = next((page for page in self._pages if path == page or path.startswith(f"{page}/")), None)
        if page is None or (offered := self._pages[page][0]).is_open():
            await self.app(scope, receive, send)
        else:
            await self._answer(offered, self._pages[page][1])(scope, receive, send)

    def _answer(self, waited_for: Offered, language: Language) -> "Response":
        """The page that says when it opens, with links to what is open."""
        from starlette.responses import HTMLResponse

        t, lab = translator("lab", language), self._lab

        def address(offered: Offered) -> str:
            return f"{lab.settings.prefix}{page_address(lab, offered.assignment.id, language)}/"

        links = {each.assignment.title(language): address(each) for each in lab.opened}
        page = render(
            "gate.html.j2",
            language,
            title=t("page.not_open", title=waited_for.assignment.title(language)),
            words=markup.opening(t, waited_for.opens) if waited_for.opens else "",
            links={t("page.look_again"): address(waited_for), **links},
            navigation=self._navigation(t),
        )
        return HTMLResponse(page, 403, {"Cache-Control": "no-store"})
