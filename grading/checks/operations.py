"""Kind `operations`: a batch of enough files in enough formats, whose figures follow from the pictures.

How many bytes a file has may differ a little where another version of a library wrote it.
"""

from typing import Any

from crafts.operations import APPLICATION, OperationsSettings
from exercises.i18n import Translator
from exercises.kinds import Operations
from grading.checks.crafted import Crafting, at_least, first_of
from grading.checks.verdict import Verdict


def _asked(exercise: Operations, settings: OperationsSettings, figures: dict[str, Any]) -> Verdict:
    return first_of(
        at_least("files", exercise.files_minimum, len(figures["files"])),
        at_least("formats", exercise.formats_minimum, len(settings.formats)),
    )


def _lines(settings: OperationsSettings, figures: dict[str, Any], t: Translator) -> list[str]:
    return [
        t("report.batch", format=e["format"], files=e["files"], bytes=e["bytes"], psnr=e["psnr"] or "∞")
        for e in figures["formats"]
    ]


KIND = Crafting(APPLICATION, _asked, _lines).kind()
