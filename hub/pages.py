"""The hub's pages: JupyterHub's own with this project's name and words, in the language of who reads them."""

from importlib.resources import files

from traitlets.config import Config

from exercises.i18n import translator
from hub.language import accepted_language
from hub.settings import HubSettings


def configure(c: Config, settings: HubSettings) -> None:
    c.JupyterHub.template_paths = [str(files("hub").joinpath("templates"))]
    # JupyterHub calls what it finds here with the user, and gives the templates what comes back
    c.JupyterHub.template_vars = {
        "language_for": lambda user: accepted_language,
        "texts_in": lambda user: lambda language: translator("hub", language),
        "instructor_pages": [],  # of instructors' pages that a part brings: path, and key of its name
        "shared_password": settings.authenticator == "shared",
    }
