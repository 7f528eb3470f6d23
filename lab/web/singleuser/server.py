"""The lab's application as JupyterHub runs it: behind the gate, and telling the Hub when somebody works."""

from typing import TYPE_CHECKING

from exercises.i18n import LANGUAGES
from lab.session.lab import Lab
from lab.web.singleuser.activity import Activity
from lab.web.singleuser.gate import HubGate
from lab.web.singleuser.settings import HubServerSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

PAGE_PATHS = ("", *(f"{language}{slash}" for language in LANGUAGES for slash in ("", "/")))  # the pages


def below_hub(app: "ASGIApp", lab: Lab, settings: HubServerSettings) -> HubGate:
    """The application behind the gate; from now on the Hub is told of work in the lab."""
    activity = Activity(settings, lab.runs.last_at_work)
    activity.start()
    return HubGate(app, settings, PAGE_PATHS, activity.interaction)
