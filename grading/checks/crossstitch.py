"""Kind `crossstitch`: the pattern follows from the picture, is wide enough and of few threads."""

from typing import Any

from crafts.crossstitch import APPLICATION, CrossStitchSettings
from exercises.i18n import Translator
from exercises.kinds import CrossStitch
from grading.checks.crafted import Crafting, at_least, first_of
from grading.checks.verdict import Verdict, wrong
from grading.wording import message


def _asked(exercise: CrossStitch, settings: CrossStitchSettings, figures: dict[str, Any]) -> Verdict:
    threads, most = len(figures["threads"]), exercise.colours_maximum
    return first_of(
        at_least("stitches", exercise.width_minimum, settings.width),
        at_least("colours", exercise.colours_minimum, threads),
        wrong(message("crafted.many_colours"), str(most), str(threads)) if threads > most else None,
    )


def _lines(settings: CrossStitchSettings, figures: dict[str, Any], t: Translator) -> list[str]:
    size = t("report.stitches", width=figures["width"], height=figures["height"])
    return [
        size,
        *(f"{e['symbol']} DMC {e['number']} ({e['colour']}): {e['stitches']}" for e in figures["threads"]),
    ]


KIND = Crafting(APPLICATION, _asked, _lines).kind()
