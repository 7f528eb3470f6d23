"""Errors that an instructor can put right, with messages from the hub's catalogue."""

from exercises.errors import CatalogueError


class CohortError(CatalogueError):
    """A cohort command cannot do what it was asked to."""

    package = "hub"
