"""The desk as a service of the Hub, at `/services/desk/`: where people judge what was collected.

Everyone may ask it to know who they are; whose submissions they see, and whether any, it reads from the Hub's
groups (`hub.cohort.graders`). It listens on this machine alone, behind the proxy.
"""

import sys

from traitlets.config import Config

from hub.proxy import free_port
from hub.secret_files import secret_file
from hub.settings import HubSettings
from hub.spawners.environment import lab_settings

NAME = "desk"
TOKEN_FILE = "desk-token"  # noqa: S105
SCOPES = [
    "list:users",
    "read:users",  # who is an instructor
    "list:groups",
    "read:groups",  # which students are in a group, and who its graders are
]


def configure(c: Config, settings: HubSettings, gateway: tuple[str, str] | None) -> None:
    """Add the service. `gateway` is the address and the token of the class's gateway."""
    state = settings.state.resolve()
    address, gateway_token = gateway or ("", "")
    told = {"GENAI_GATEWAY": address, "GENAI_GATEWAY_TOKEN": gateway_token} if gateway else {}
    c.JupyterHub.load_roles += [
        {"name": NAME, "scopes": SCOPES, "services": [NAME]},
        {"name": "user", "scopes": ["self", f"access:services!service={NAME}"]},
    ]
    c.JupyterHub.services.append(
        {
            "name": NAME,
            "url": f"http://127.0.0.1:{free_port()}",
            "api_token": secret_file(state / TOKEN_FILE),
            "oauth_no_confirm": True,  # it is the Hub's own, and asks for no more than a name
            "command": [
                sys.executable,
                *("-P", "-m", "lab.web.desk.service"),  # nothing of the folder it runs in is imported
                str(state),
            ],
            "environment": {**lab_settings(), **told},
        }
    )
