"""Passes: tokens for one lab, which the cohort tools send to a lab instead of their own token.

A lab is a process of its student and learns the token of every request it gets. So the Hub makes a
token that is valid for that lab only and for a few minutes, and is of no use to a lab that keeps it.
The `tokens` scope would allow making such tokens too, but also any others.
"""

import json

from jupyterhub.apihandlers import APIHandler
from jupyterhub.scopes import needs_scope
from tornado import web
from traitlets.config import Config

from hub.settings import HubSettings

VALID_SECONDS = 300


class LabPassHandler(APIHandler):  # type: ignore[misc]
    """Makes a pass. The caller needs access to that lab."""

    @needs_scope("access:servers")  # type: ignore[untyped-decorator]
    def post(self, user_name: str) -> None:
        """Answer `{"token": …, "url": …}` for the user's default server: where the Hub reaches it."""
        user = self.find_user(user_name)
        if user is None:
            raise web.HTTPError(404)
        token = user.new_api_token(
            # Because of this note the Hub does not count requests with the token as the student's activity.
            note=f"Server at {user.url} asked by {self.current_user.name}",
            expires_in=VALID_SECONDS,
            scopes=[f"access:servers!server={user.name}/"],
        )
        server = user.spawners[""].server
        self.set_status(201)
        self.write(json.dumps({"token": token, "url": server.url if server else ""}))


ROUTE = (r"/api/users/([^/]+)/lab-pass", LabPassHandler)


def configure(c: Config, settings: HubSettings) -> None:
    c.JupyterHub.extra_handlers.append(ROUTE)
