"""The class's gateway as a service of the Hub, and every lab told where it answers.

It listens where the Hub's API does, since that is what labs can reach, at a port of its own. What it keeps
lies in `<state>/gateway`. The Hub tells it who asks: a lab sends the token that the Hub gave it.
"""

import sys
from urllib.parse import urlsplit

from traitlets.config import Config

from hub.cohort.at_gateway import ADDRESS_FILE, TOKEN_FILE
from hub.gateway_page import GatewayHandler
from hub.secret_files import secret_file
from hub.settings import HubSettings
from hub.spawners.environment import lab_settings, passed_on
from manifests.atomic import write_atomic

VARIABLE = "GENAI_GATEWAY"  # of `lab.session.settings`
REPLICAS = (  # for the gateway alone: on how many cards and machines it draws, and how they know each other
    "GENAI_GATEWAY_REPLICAS",
    "GENAI_GATEWAY_REPLICA_CPUS",
    "GENAI_GATEWAY_REPLICA_GPUS",
    "RAY_ADDRESS",
    "RAY_AUTH_MODE",
    "RAY_AUTH_TOKEN",
    "RAY_AUTH_TOKEN_PATH",
)


def configure(c: Config, settings: HubSettings) -> tuple[str, str] | None:
    """Add the service. Comes after the spawner, which decides where the Hub's API is for the labs.

    Returns where the Hub reaches it and the token that both have, None where there is no gateway.
    """
    told = settings.state.resolve() / ADDRESS_FILE  # to the cohort's commands on this machine
    if not settings.gateway:
        told.unlink(missing_ok=True)
        return None
    listening = _host(c.JupyterHub.hub_bind_url)
    reached = _host(
        c.Spawner.get("hub_connect_url") or c.JupyterHub.get("hub_connect_url") or c.JupyterHub.hub_bind_url
    )
    token = secret_file(settings.state.resolve() / TOKEN_FILE)
    c.JupyterHub.services.append(
        {
            "name": "gateway",
            "api_token": token,
            "command": [
                sys.executable,
                *("-P", "-m", "genai_lab", "gateway"),  # nothing of the folder it runs in is imported
                *("--host", listening, "--port", str(settings.gateway_port)),
                *("--state", str(settings.state.resolve() / "gateway")),
            ],
            "environment": lab_settings() | passed_on(REPLICAS),
        }
    )
    address = f"http://{listening}:{settings.gateway_port}"
    write_atomic(told, address.encode(), mode=0o600)
    c.JupyterHub.extra_handlers.append((r"/gateway", GatewayHandler, {"address": address, "token": token}))
    c.JupyterHub.template_vars["instructor_pages"].append(("gateway", "gateway.title"))
    spawner = c[c.JupyterHub.spawner_class.__name__]
    host = f"[{reached}]" if ":" in reached else reached
    spawner.environment = {**spawner.environment, VARIABLE: f"http://{host}:{settings.gateway_port}"}
    return address, token


def ports(settings: HubSettings) -> list[int]:
    """The ports of this machine that labs must reach."""
    return [settings.api_port, *([settings.gateway_port] if settings.gateway else [])]


def _host(url: str) -> str:
    return urlsplit(url).hostname or "127.0.0.1"
