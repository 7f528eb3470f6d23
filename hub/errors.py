"""What keeps the hub from starting, worded for the person who starts it."""

from exercises.errors import CatalogueError


class HubError(CatalogueError):
    """The hub cannot start as it was asked to."""

    package = "hub"
