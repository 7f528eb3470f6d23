"""What stands in the way of making something of pictures, worded by this package's catalogue."""

from typing import ClassVar

from exercises.errors import CatalogueError
from exercises.faults import Fault
from exercises.i18n import Language, translator


class CraftError(CatalogueError):
    package: ClassVar[str] = "crafts"

    def in_language(self, language: Language) -> str:
        fault = self.values.get("fault")
        if not isinstance(fault, Fault):
            return super().in_language(language)
        t = translator(self.package, language)
        return t(self.key, field=fault.field or "-", expected=fault.text(language))
