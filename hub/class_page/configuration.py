"""The class's page as a service of the Hub, with the fewest scopes it works with, and its handler."""

import sys

from traitlets.config import Config

from hub.class_page import ADDRESS_FILE, FOLDER, GATEWAY_TOKEN
from hub.class_page.handler import ClassHandler
from hub.secret_files import secret_file
from hub.settings import HubSettings
from hub.spawners.environment import lab_settings

TOKEN_FILE = "class-token"  # noqa: S105
SCOPES = [
    "list:users",
    "read:users",  # names, groups and activity
    "read:servers",  # whether a lab runs
    "admin:groups",  # see and extend deadlines, which groups hold
    "start:servers",
    "delete:servers",
    "access:servers",  # a pass for one lab
]


def configure(c: Config, settings: HubSettings, gateway: tuple[str, str] | None) -> None:
    """Add the service and the page. `gateway` is the address and the token of the class's gateway."""
    state = settings.state.resolve()
    token = secret_file(state / TOKEN_FILE)
    address, gateway_token = gateway or ("", "")
    c.JupyterHub.load_roles.append({"name": "class", "scopes": SCOPES, "services": ["class"]})
    c.JupyterHub.services.append(
        {
            "name": "class",
            "api_token": token,
            "command": [
                sys.executable,
                *("-P", "-m", "hub.class_page.service"),  # nothing of the folder it runs in is imported
                *(str(state), address),
            ],
            "environment": {**lab_settings(), GATEWAY_TOKEN: gateway_token},
        }
    )
    c.JupyterHub.extra_handlers.append(
        (r"/class", ClassHandler, {"file": state / FOLDER / ADDRESS_FILE, "token": token})
    )
    c.JupyterHub.template_vars["instructor_pages"].insert(0, ("class", "class_page.title"))
