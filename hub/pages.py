"""The hub's pages: JupyterHub's own, with this project's name and texts, in the reader's language."""

from importlib.resources import files
from operator import attrgetter

from jupyterhub.spawner import SpawnException
from traitlets.config import Config

from exercises.i18n import translator
from hub.language import language_from_header
from hub.settings import HubSettings


def configure(c: Config, settings: HubSettings) -> None:
    # Pages and progress events show an exception's `jupyterhub_message`, if it has one. JupyterHub's own
    # exception for a failed start has none and would appear as "500 SpawnException(reason=…): …".
    SpawnException.jupyterhub_message = property(attrgetter("message"))
    c.JupyterHub.template_paths = [str(files("hub").joinpath("templates"))]
    # JupyterHub calls each function here with the user, and gives the result to the templates.
    c.JupyterHub.template_vars = {
        "language_for": lambda user: language_from_header,
        "texts_in": lambda user: lambda language: translator("hub", language),
        "instructor_pages": [],  # path and text key of each page for instructors, which parts add
        "shared_password": settings.authenticator == "shared",
    }
