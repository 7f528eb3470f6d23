"""Who may do what at the hub, beyond a student's own lab: each role with the least scopes it works with.

Instructors are JupyterHub's admins. A smaller role would only seem smaller: who approves a sign-up
or makes an account needs `admin:users`, and that is as good as everything.
"""

import sys

from traitlets.config import Config

from hub.secret_files import secret_file
from hub.settings import HubSettings

COHORT_TOKEN = "cohort-token"  # noqa: S105  (a file's name)
METRICS_TOKEN = "metrics-token"  # noqa: S105

CULLER = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
COHORT = [
    "admin:users",  # the only one that may make accounts; brings listing, and reading activity and groups
    "admin:groups",  # make groups, their members and properties
    "read:servers",  # whether a lab runs, and how it starts
    "admin:server_state",  # which GPU it holds
    "start:servers",
    "delete:servers",  # stop
    "access:servers",  # ask a lab for its student's progress and for a snapshot
]
METRICS = ["read:metrics"]


def configure(c: Config, settings: HubSettings) -> None:
    """Roles and services; a part that brings a service of its own appends to both lists."""
    state = settings.state.resolve()
    c.JupyterHub.load_roles = [
        {"name": "cohort", "scopes": COHORT, "services": ["cohort"]},
        {"name": "metrics", "scopes": METRICS, "services": ["metrics"]},
    ]
    c.JupyterHub.services = [
        {"name": "cohort", "api_token": secret_file(state / COHORT_TOKEN)},
        {"name": "metrics", "api_token": secret_file(state / METRICS_TOKEN)},
    ]
    if settings.idle_seconds:
        _cull(c, settings)


def _cull(c: Config, settings: HubSettings) -> None:
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
    # activity is noted at least four times as finely as it is judged
    c.JupyterHub.activity_resolution = max(1, min(30, settings.idle_seconds // 4))
