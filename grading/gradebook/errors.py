"""What stands in the way of an export: the file, and what to do about it."""

from exercises.errors import CatalogueError


class GradebookError(CatalogueError):
    package = "grading"
