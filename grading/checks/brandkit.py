"""Kind `brandkit`: enough colours, moods and shots, and pairs of colours in which text can be read."""

from typing import Any

from crafts.brandkit import APPLICATION, BrandkitSettings
from exercises.i18n import Translator
from exercises.kinds import Brandkit
from grading.checks.crafted import Crafting, at_least, first_of
from grading.checks.text_rules import plain
from grading.checks.verdict import Verdict, wrong
from grading.wording import message


def _asked(exercise: Brandkit, settings: BrandkitSettings, figures: dict[str, Any]) -> Verdict:
    moods = {plain(mood) for mood in settings.moods if plain(mood)}
    readable = [pair for pair in figures["contrasts"] if pair["text"]]
    return first_of(
        wrong(message("crafted.no_name")) if not plain(settings.name) else None,
        at_least("palette", exercise.colours_minimum, len(settings.palette)),
        at_least("moods", exercise.moods_minimum, len(moods)),
        at_least("shots", exercise.shots_minimum, len(figures["shots"])),
        at_least("pairs", exercise.pairs_minimum, len(readable)),
    )


def _lines(settings: BrandkitSettings, figures: dict[str, Any], t: Translator) -> list[str]:
    palette = [f"{each.colour} {each.name}".strip() for each in settings.palette]
    near = ", ".join(f"{round(shot['near'] * 100)} %" for shot in figures["shots"])
    return [settings.name, ", ".join(settings.moods), ", ".join(palette), t("report.near", near=near)]


KIND = Crafting(APPLICATION, _asked, _lines).kind()
