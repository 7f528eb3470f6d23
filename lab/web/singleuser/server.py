"""The lab's application as JupyterHub runs it: behind the gate, and telling the Hub when somebody works."""

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

from exercises.i18n import LANGUAGES
from lab.session.lab import Lab
from lab.web.agent_door import AgentDoor
from lab.web.jupyter.process import PATH as JUPYTER
from lab.web.jupyter.process import Jupyter, is_installed
from lab.web.singleuser.activity import Activity
from lab.web.singleuser.gate import HubGate
from lab.web.singleuser.settings import HubServerSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp


log = logging.getLogger(__name__)


def page_paths(lab: Lab) -> tuple[str, ...]:
    """The paths of all pages below the prefix, which another site may link to."""
    names = ["", *(f"/{each.assignment.id}" for each in lab.offered)]
    return (
        "",
        *(f"{language}{name}{slash}" for language in LANGUAGES for name in names for slash in ("", "/")),
    )


def offers_notebooks(lab: Lab) -> bool:
    """Whether JupyterLab is offered beside this lab: the instructor wants it, and it is installed."""
    if lab.settings.notebooks and not is_installed():
        log.warning("GENAI_NOTEBOOKS is set, but the extra is missing: pip install 'genai-lab[notebooks]'")
    return lab.settings.notebooks and is_installed()


def below_hub(app: "ASGIApp", lab: Lab, settings: HubServerSettings) -> HubGate:
    """The application behind the gate; from now on the Hub is told of work in the lab."""
    activity = Activity(settings, lab.runs.last_at_work)
    activity.start()
    paths = page_paths(lab)
    if find_spec("mcp") is not None:
        app = AgentDoor(app, lab, settings.service_prefix)
    offered = offers_notebooks(lab)
    if offered:
        from lab.web.jupyter.passing import JupyterBeside

        prefix = settings.service_prefix
        app = JupyterBeside(app, Jupyter(lab, prefix + JUPYTER), prefix, activity.interaction)
        paths = (*paths, JUPYTER, f"{JUPYTER}lab")
    own_path = JUPYTER if offered else None
    return HubGate(app, settings, paths, activity.interaction, own_path)
