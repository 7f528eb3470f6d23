"""Errors that keep the hub from starting, with messages for the person who starts it."""

from exercises.errors import CatalogueError


class HubError(CatalogueError):
    """The hub cannot start with these settings."""

    package = "hub"
