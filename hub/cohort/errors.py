"""What an instructor can put right, worded by the hub's catalogue."""

from exercises.errors import CatalogueError


class CohortError(CatalogueError):
    package = "hub"
