"""Kind `storyboard`: enough frames, each with a caption and an alternative text that says something else.

How alike the frames' colours are is shown and earns nothing. Whether the same character is in them, a person
sees.
"""

from typing import Any

from crafts.storyboard import APPLICATION, StoryboardSettings
from exercises.i18n import Translator
from exercises.kinds import Storyboard
from grading.checks.alt_text_rules import count_words, faults
from grading.checks.crafted import Crafting, at_least, first_of
from grading.checks.text_rules import plain
from grading.checks.verdict import Verdict, wrong
from grading.wording import message


def _asked(exercise: Storyboard, settings: StoryboardSettings, figures: dict[str, Any]) -> Verdict:
    count, most = len(figures["frames"]), exercise.frames_maximum
    return first_of(
        at_least("frames", exercise.frames_minimum, count),
        wrong(message("crafted.many_frames"), str(most), str(count)) if count > most else None,
        wrong(message("crafted.frames_texts")) if len(settings.frames) != count else None,
        *(_frame(exercise, number, f.caption, f.alt) for number, f in enumerate(settings.frames, 1)),
        wrong(message("crafted.same_captions"))
        if len({plain(frame.caption) for frame in settings.frames}) < len(settings.frames)
        else None,
        wrong(message("crafted.same_alts"))
        if len({plain(frame.alt) for frame in settings.frames}) < len(settings.frames)
        else None,
    )


def _frame(exercise: Storyboard, number: int, caption: str, alt: str) -> Verdict | None:
    """What is wrong with one frame's texts."""
    if (found := count_words(caption)) < exercise.caption_words:
        return wrong(message("crafted.caption", number=number), str(exercise.caption_words), str(found))
    if found_faults := faults("informative", alt, ""):
        return wrong(message("crafted.alt", number=number, why=found_faults[0]))
    if plain(alt) == plain(caption):
        return wrong(message("crafted.alt_is_caption", number=number))
    return None


def _lines(settings: StoryboardSettings, figures: dict[str, Any], t: Translator) -> list[str]:
    told = [t("report.distance", distance=figures["distance"], farthest=figures["farthest"])]
    frames = [f"{n}. {f.caption} — alt: {f.alt}" for n, f in enumerate(settings.frames, 1)]
    return [settings.title, *frames, *told]


KIND = Crafting(APPLICATION, _asked, _lines).kind()
