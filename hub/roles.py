"""Who may do more at the hub than use their own lab. Each role has the fewest scopes it works with.

Instructors are JupyterHub's admins. A smaller role would only seem smaller: approving a sign-up or
making an account needs `admin:users`, which gives access to nearly everything.
"""

import sys

from traitlets.config import Config

from hub.secret_files import COHORT_TOKEN_FILE, secret_file
from hub.settings import HubSettings

METRICS_TOKEN_FILE = "metrics-token"  # noqa: S105

CULLER = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
COHORT = [
    "admin:users",  # make accounts, which no smaller scope can; list users and read their activity
    "admin:groups",  # make groups, and change their members and properties
    "read:servers",  # see whether a lab runs, and how its start proceeds
    "admin:server_state",  # see which GPU a lab holds
    "start:servers",
    "delete:servers",
    "access:servers",  # ask a lab for its student's progress and for a snapshot of the work
]
METRICS = ["read:metrics"]


def configure(c: Config, settings: HubSettings) -> None:
    """Set roles and services. A part that adds a service of its own appends to both lists."""
    state = settings.state.resolve()
    c.JupyterHub.load_roles = [
        {"name": "cohort", "scopes": COHORT, "services": ["cohort"]},
        {"name": "metrics", "scopes": METRICS, "services": ["metrics"]},
    ]
    c.JupyterHub.services = [
        {"name": "cohort", "api_token": secret_file(state / COHORT_TOKEN_FILE)},
        {"name": "metrics", "api_token": secret_file(state / METRICS_TOKEN_FILE)},
    ]
    if settings.idle_seconds:
        _add_culler(c, settings)


def _add_culler(c: Config, settings: HubSettings) -> None:
    c.JupyterHub.load_roles.append({"name": "idle-culler", "scopes": CULLER, "services": ["idle-culler"]})
    c.JupyterHub.services.append(
        {
            "name": "idle-culler",
            "command": [
                sys.executable,
                "-m",
                "jupyterhub_idle_culler",
                f"--timeout={settings.idle_seconds}",
                f"--cull-every={settings.idle_check_seconds}",
            ],
        }
    )
    # Activity must be recorded several times within the period after which a lab is idle.
    c.JupyterHub.activity_resolution = max(1, min(30, settings.idle_seconds // 4))
