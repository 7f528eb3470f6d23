"""The hub's pages: JupyterHub's own with this project's name and words, in the language of who reads them."""

from importlib.resources import files
from operator import attrgetter

from jupyterhub.spawner import SpawnException
from traitlets.config import Config

from exercises.i18n import translator
from hub.language import accepted_language
from hub.settings import HubSettings


def configure(c: Config, settings: HubSettings) -> None:
    # Pages and progress show an exception's `jupyterhub_message` where it has one. JupyterHub's own exception
    # for a failed start has none, and would be shown as "500 SpawnException(reason=…): …", or not at all.
    SpawnException.jupyterhub_message = property(attrgetter("message"))
    c.JupyterHub.template_paths = [str(files("hub").joinpath("templates"))]
    # JupyterHub calls what it finds here with the user, and gives the templates what comes back
    c.JupyterHub.template_vars = {
        "language_for": lambda user: accepted_language,
        "texts_in": lambda user: lambda language: translator("hub", language),
        "instructor_pages": [],  # of instructors' pages that a part brings: path, and key of its name
        "shared_password": settings.authenticator == "shared",
    }
