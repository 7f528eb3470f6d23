"""What can be wrong with a record from outside, worded by this package's catalogue."""

from typing import ClassVar

from exercises.errors import CatalogueError
from exercises.faults import Fault
from exercises.i18n import Language, translator


class ManifestsError(CatalogueError):
    package: ClassVar[str] = "manifests"


class JsonError(ManifestsError):
    """Bytes that are not the bounded, strict JSON this project reads."""


class ManifestError(ManifestsError):
    """Bytes that are not a manifest."""

    @property
    def fault(self) -> Fault | None:
        """Which field was not as expected; None where the JSON itself is not sound."""
        fault = self.values.get("fault")
        return fault if isinstance(fault, Fault) else None

    def in_language(self, language: Language) -> str:
        if self.fault is None:
            return super().in_language(language)
        t = translator(self.package, language)
        return t(self.key, field=self.fault.field or "-", expected=self.fault.text(language))


class AnswersError(ManifestError):
    """Bytes that are not a file of answers."""


class PictureError(ManifestsError):
    """Bytes that are not a picture this project opens."""


class StoreError(ManifestsError):
    """Something in a work folder that stands in the way; nothing was changed."""
