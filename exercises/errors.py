"""The one kind of error that is shown to the person as it is: something they can put right."""

import errno
from typing import ClassVar

from exercises.i18n import Language, catalogue, preferred_language, translator


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


class SystemReason(UserError):
    """Why the operating system refused something, as part of a message: "No space left on device"."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or type(error).__name__)
        self.name = errno.errorcode.get(error.errno or 0, "")

    def in_language(self, language: Language) -> str:
        """The catalogue's words; those of the system, in English, where it has none."""
        return catalogue("exercises", language).get(f"system.{self.name}", str(self.args[0]))

    def __str__(self) -> str:
        return self.in_language(preferred_language())
