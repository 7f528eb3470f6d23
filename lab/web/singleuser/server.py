"""The lab's application as JupyterHub runs it: behind the gate, and telling the Hub when somebody works."""

from typing import TYPE_CHECKING

from exercises.i18n import LANGUAGES
from lab.session.lab import Lab
from lab.web.singleuser.activity import Activity
from lab.web.singleuser.gate import HubGate
from lab.web.singleuser.settings import HubServerSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def page_paths(lab: Lab) -> tuple[str, ...]:
    """The paths of all pages below the prefix, which another site may link to."""
    names = ["", *(f"/{each.assignment.id}" for each in lab.offered)]
    return (
        "",
        *(f"{language}{name}{slash}" for language in LANGUAGES for name in names for slash in ("", "/")),
    )


def below_hub(app: "ASGIApp", lab: Lab, settings: HubServerSettings) -> HubGate:
    """The application behind the gate; from now on the Hub is told of work in the lab."""
    activity = Activity(settings, lab.runs.last_at_work)
    activity.start()
    return HubGate(app, settings, page_paths(lab), activity.interaction)
