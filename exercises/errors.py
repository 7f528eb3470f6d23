"""The one kind of error that is shown to the person as it is: something they can put right."""

from typing import ClassVar

from exercises.i18n import Language, preferred_language, translator


class UserError(Exception):
    """A message for the person who uses the program: what happened, where, and what to do next.

    The command line prints it on stderr as one line and exits with 2; a tab shows it where the
    person stands, in the page's language. Everything else is a bug, goes to the log, and is
    shown only as "it failed".
    """

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows (IPython asks for it): the words, and no traceback."""
        return [str(self)]

    def in_language(self, language: Language) -> str:
        """The message in that language; a plain UserError has one wording only."""
        return str(self)


class CatalogueError(UserError):
    """A UserError whose words stand in a package's catalogue, so that each reader gets their own language."""

    package: ClassVar[str]

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def in_language(self, language: Language) -> str:
        return translator(self.package, language)(self.key, **self.values)

    def __str__(self) -> str:
        return self.in_language(preferred_language())


class BadEnvFile(CatalogueError):
    """The `.env` file in the current folder is no text."""

    package = "exercises"

    def __init__(self, byte: int) -> None:
        super().__init__("error.env_file", byte=byte)


class MissingExtra(CatalogueError):
    """A command needs packages that only an extra of this distribution installs."""

    package = "exercises"

    def __init__(self, extra: str, module: str) -> None:
        super().__init__("error.missing_extra", extra=extra, module=module)
