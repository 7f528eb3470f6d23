"""The pages for accounts: sign up, approve, change a password. Only a POST changes anything."""

from secrets import token_urlsafe
from typing import Any

from jupyterhub.handlers.login import LoginHandler
from jupyterhub.scopes import needs_scope
from jupyterhub.utils import new_token
from nativeauthenticator.handlers import LocalBase
from nativeauthenticator.orm import UserInfo
from tornado import web

from exercises.i18n import Translate, translator
from hub.authenticators.native.passwords import LOCK_SECONDS, MAX_FAILED_LOGINS, MIN_LENGTH
from hub.language import language_of


def _wrong_login(t: Translate) -> str:
    return t("account.wrong", count=MAX_FAILED_LOGINS, minutes=LOCK_SECONDS // 60)


class AccountPage(LocalBase):  # type: ignore[misc]
    """A page with a form, which shows one message about the form that was sent last."""

    @property
    def texts(self) -> Translate:
        return translator("hub", language_of(self))

    def field(self, name: str) -> str:
        """Return a field of the form unchanged, or "" if it is missing."""
        value: str = self.get_body_argument(name, "", strip=False)
        return value

    async def show(self, template: str, message: str = "", success: bool = False, **values: Any) -> None:
        self.finish(await self.render_template(template, message=message, success=success, **values))

    def password_rules(self, key: str) -> str:
        return self.texts(key, shortest=MIN_LENGTH)

    def log_out(self, name: str) -> None:
        """End the person's sessions at the hub and in their lab, and all tokens that they asked for.

        The lab itself keeps running, with the token that it was started with.
        """
        user = self.find_user(name)
        if user is None:
            return
        account = user.orm_user
        account.cookie_id = new_token()
        labs = {user.spawners[server].api_token for server in account.orm_spawners}
        for token in list(account.api_tokens):
            if not any(token.match(lab) for lab in labs if lab):
                self.db.delete(token)
        for code in list(account.oauth_codes):  # of a login that is under way
            self.db.delete(code)
        self.db.commit()


class Login(LoginHandler):  # type: ignore[misc]
    """JupyterHub's login page, which also says if an account still waits for approval."""

    waits_for_approval = False

    async def post(self) -> None:
        data = {name: self.get_body_argument(name, "", strip=False) for name in ("username", "password")}
        user = await self.login_user(data)
        if user:
            self._jupyterhub_user = user
            self.redirect(self.get_next_url(user))
            return
        t = translator("hub", language_of(self))
        message = t("account.waits") if self.waits_for_approval else _wrong_login(t)
        self.finish(await self._render(login_error=message, username=data["username"]))


class SignUp(AccountPage):
    """Makes an account, which an instructor then has to approve."""

    async def get(self) -> None:
        await self.show("sign-up.html")

    async def post(self) -> None:
        name, password = self.field("username"), self.field("password")
        accounts = self.authenticator
        if password != self.field("again"):
            message, success = self.texts("account.differ"), False
        elif accounts.user_exists(name):
            message, success = self.texts("account.taken"), False
        elif await accounts.make_account(name, password):
            message, success = self.texts("account.made"), True
        else:
            message, success = self.password_rules("account.refused"), False
        await self.show("sign-up.html", message, success, username=name)


class ChangePassword(AccountPage):
    """Changes a person's own password, and ends all sessions but the one it was changed in."""

    @web.authenticated
    async def get(self) -> None:
        await self.show("change-password.html")

    @web.authenticated
    async def post(self) -> None:
        name, new = self.current_user.name, self.field("password")
        login = {"username": name, "password": self.field("old")}
        if new != self.field("again"):
            message, success = self.texts("account.differ"), False
        elif not await self.authenticator.authenticate(self, login):
            message, success = _wrong_login(self.texts), False
        elif await self.authenticator.set_password(name, new):
            self.log_out(name)
            self.set_login_cookie(self.current_user)
            self.__dict__.pop("_xsrf_token", None)  # the form is shown again: with a token of the new session
            message, success = self.texts("account.changed"), True
        else:
            message, success = self.password_rules("account.weak"), False
        await self.show("change-password.html", message, success)


class Approval(AccountPage):
    """Lists all accounts, those that wait for approval first, and lets an instructor change them."""

    @needs_scope("admin:users")
    async def get(self) -> None:
        await self.show_accounts()

    async def show_accounts(self, message: str = "") -> None:
        users = UserInfo.all_users(self.db)
        accounts = sorted(users, key=lambda account: (account.is_authorized, account.username))
        instructors = self.authenticator.admin_users
        await self.show("approval.html", message, success=True, accounts=accounts, instructors=instructors)

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
            self.log_out(account.username)
        elif action == "discard" and not account.is_authorized:
            self.db.delete(account)
        elif action == "reset":
            password = token_urlsafe(12)
            await self.authenticator.set_password(account.username, password)
            self.log_out(account.username)
            await self.show_accounts(self.texts("account.reset_to", name=account.username, password=password))
            return
        else:
            raise web.HTTPError(400)
        self.db.commit()
        self.redirect(f"{self.hub.base_url}authorize")


HANDLERS = [
    (r"/login", Login),
    (r"/signup", SignUp),
    (r"/authorize", Approval),
    (r"/change-password", ChangePassword),
]
