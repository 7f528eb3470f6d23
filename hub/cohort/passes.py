"""A pass for one lab: what the cohort tools show a student's lab instead of their own token.

A lab is a process of its student, and whoever asks it something hands it the token they ask with.
So the Hub makes one that is good for that lab alone and for a few minutes: worth nothing to a lab
that keeps it. Against the `tokens` scope, which could make such tokens too, and any other.
"""

import json

from jupyterhub.apihandlers import APIHandler
from jupyterhub.scopes import needs_scope
from tornado import web
from traitlets.config import Config

from hub.settings import HubSettings

SECONDS = 300


class LabPass(APIHandler):  # type: ignore[misc]
    @needs_scope("access:servers")  # type: ignore[untyped-decorator]
    def post(self, user_name: str) -> None:
        """`{"token": …}` for the default server of that user."""
        user = self.find_user(user_name)
        if user is None:
            raise web.HTTPError(404)
        token = user.new_api_token(
            # the Hub takes what bears such a note for the lab's own requests, not for the student's activity
            note=f"Server at {user.url} asked by {self.current_user.name}",
            expires_in=SECONDS,
            scopes=[f"access:servers!server={user.name}/"],
        )
        self.set_status(201)
        self.write(json.dumps({"token": token}))


def configure(c: Config, settings: HubSettings) -> None:
    c.JupyterHub.extra_handlers.append((r"/api/users/([^/]+)/lab-pass", LabPass))
