"""The pages of the hub's own accounts: sign up, approve, change a password. A change is always a POST."""

from secrets import token_urlsafe
from typing import Any

from jupyterhub.handlers.login import LoginHandler
from jupyterhub.scopes import needs_scope
from jupyterhub.utils import new_token
from nativeauthenticator.handlers import LocalBase
from nativeauthenticator.orm import UserInfo
from tornado import web

from exercises.i18n import Translate, translator
from hub.authenticators.native import ATTEMPTS, CLOSED, SHORTEST
from hub.language import language_of


class AccountPage(LocalBase):  # type: ignore[misc]
    """A page that says one thing about what was asked of it."""

    @property
    def texts(self) -> Translate:
        return translator("hub", language_of(self))

    def field(self, name: str) -> str:
        """A field of the form, as it came; empty where it is missing."""
        value: str = self.get_body_argument(name, "", strip=False)
        return value

    async def show(self, template: str, said: str = "", good: bool = False, **values: Any) -> None:
        self.finish(await self.render_template(template, said=said, good=good, **values))

    def rules(self, key: str) -> str:
        return self.texts(key, shortest=SHORTEST)


class Login(LoginHandler):  # type: ignore[misc]
    """JupyterHub's login page, which also says that an account still waits to be approved."""

    waits = False

    async def post(self) -> None:
        data = {name: self.get_body_argument(name, "", strip=False) for name in ("username", "password")}
        user = await self.login_user(data)
        if user:
            self._jupyterhub_user = user
            self.redirect(self.get_next_url(user))
            return
        t = translator("hub", language_of(self))
        said = t("account.waits") if self.waits else t("account.wrong", count=ATTEMPTS, minutes=CLOSED // 60)
        self.finish(await self._render(login_error=said, username=data["username"]))


class SignUp(AccountPage):
    """Make an account, which an instructor then has to approve."""

    async def get(self) -> None:
        await self.show("sign-up.html")

    async def post(self) -> None:
        name, password = self.field("username"), self.field("password")
        accounts = self.authenticator
        if password != self.field("again"):
            said, good = self.texts("account.differ"), False
        elif accounts.user_exists(name):
            said, good = self.texts("account.taken"), False
        elif accounts.create_user(name, password):
            said, good = self.texts("account.made"), True
        else:
            said, good = self.rules("account.refused"), False
        await self.show("sign-up.html", said, good, username=name)


class ChangePassword(AccountPage):
    """Change one's own password."""

    @web.authenticated
    async def get(self) -> None:
        await self.show("change-password.html")

    @web.authenticated
    async def post(self) -> None:
        name, new = self.current_user.name, self.field("password")
        login = {"username": name, "password": self.field("old")}
        if new != self.field("again"):
            said, good = self.texts("account.differ"), False
        elif not await self.authenticator.authenticate(self, login):
            said, good = self.texts("account.wrong", count=ATTEMPTS, minutes=CLOSED // 60), False
        elif self.authenticator.change_password(name, new):
            said, good = self.texts("account.changed"), True
        else:
            said, good = self.rules("account.weak"), False
        await self.show("change-password.html", said, good)


class Approval(AccountPage):
    """Which accounts there are, and which wait."""

    @needs_scope("admin:users")
    async def get(self) -> None:
        await self.show_accounts()

    async def show_accounts(self, said: str = "") -> None:
        known = UserInfo.all_users(self.db)
        accounts = sorted(known, key=lambda account: (account.is_authorized, account.username))
        instructors = self.authenticator.admin_users
        await self.show("approval.html", said, good=True, accounts=accounts, instructors=instructors)

    @needs_scope("admin:users")
    async def post(self) -> None:
        account = self.authenticator.get_user(self.field("username"))
        action = self.field("action")
        if account is None or account.username in self.authenticator.admin_users:
            raise web.HTTPError(404)
        if action == "approve":
            account.is_authorized = True
        elif action == "withdraw":
            account.is_authorized = False
            self._log_out(account.username)
        elif action == "discard" and not account.is_authorized:
            self.db.delete(account)
        elif action == "reset":
            password = token_urlsafe(12)
            self.authenticator.change_password(account.username, password)
            self._log_out(account.username)
            await self.show_accounts(self.texts("account.reset_to", name=account.username, password=password))
            return
        else:
            raise web.HTTPError(400)
        self.db.commit()
        self.redirect(f"{self.hub.base_url}authorize")

    def _log_out(self, name: str) -> None:
        """End that person's sessions, at the hub and in their lab; the lab itself goes on."""
        user = self.find_user(name)
        if user is not None:
            user.orm_user.cookie_id = new_token()
            for token in user.orm_user.api_tokens:
                if token.session_id:
                    self.db.delete(token)
            self.db.commit()


HANDLERS = [
    (r"/login", Login),
    (r"/signup", SignUp),
    (r"/authorize", Approval),
    (r"/change-password", ChangePassword),
]
