"""The student's choice before a lab starts: a GPU, a GPU if one is free, or the processor.

The choice is the spawner's user option `processor`. It may come from a form or through the Hub's API,
so it is checked here. The texts about the queue for a GPU are here, too.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from jupyterhub.spawner import SpawnException
from markupsafe import Markup

from exercises.i18n import Language, Translate, translator
from hub.spawners.docker.gpus.allocator import Allocator

Processor = Literal["gpu", "any", "cpu"]
PROCESSORS: tuple[Processor, ...] = get_args(Processor)
DEFAULT: Processor = "any"


def options_from_form(form: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the user options of a submitted form. Unknown fields are dropped."""
    values = form.get("processor", [])
    return {"processor": values[0]} if values else {}


def chosen_processor(options: Mapping[str, object], allocator: Allocator, language: Language) -> Processor:
    """Return the choice in user options, or the default. Raises SpawnException for an invalid value."""
    t = translator("hub", language)
    value = options.get("processor", DEFAULT)
    processor = next((processor for processor in PROCESSORS if processor == value), None)
    if processor is None:
        raise SpawnException(t("gpus.bad_choice"), reason="choice")
    if processor == "gpu" and not allocator.devices:
        raise SpawnException(t("gpus.no_gpus"), reason="choice")
    return processor


def options_form(allocator: Allocator, language: Language) -> Markup:
    """Return the form's HTML: the three choices and what is free now. It is empty if there are no GPUs."""
    if not allocator.devices:
        return Markup()
    t = translator("hub", language)
    radios = Markup("").join(
        Markup(
            '<div class="form-check"><input class="form-check-input" type="radio" name="processor" '
            'id="processor-{value}" value="{value}"{checked}>'
            '<label class="form-check-label" for="processor-{value}">{label}</label></div>'
        ).format(value=value, label=t(f"gpus.{value}"), checked=Markup(" checked") * (value == DEFAULT))
        for value in PROCESSORS
    )
    return Markup(
        '<fieldset lang="{}" aria-describedby="gpus-free"><legend>{}</legend>{}</fieldset>'
        '<div id="gpus-free"><p>{}</p><ul>{}</ul></div>'
    ).format(language, t("gpus.choice"), radios, _summary(allocator, t), _device_list(allocator, t))


def _summary(allocator: Allocator, t: Translate) -> str:
    free = sum(allocator.free_places().values())
    if not free:
        return t("gpus.free_none", waiting=len(allocator.queue))
    return t("gpus.free", free=free, all=len(allocator.devices) * allocator.share)


def _device_list(allocator: Allocator, t: Translate) -> Markup:
    free = allocator.free_places()
    return Markup("").join(
        Markup("<li>{}</li>").format(
            t("gpus.card", name=device.name, free=free[device.id], all=allocator.share)
        )
        for device in allocator.devices
    )


def waiting_message(allocator: Allocator, position: int, language: Language) -> str:
    """Tell a student their place in the queue and about how long it takes."""
    t = translator("hub", language)
    seconds = allocator.estimate(position)
    if seconds is None:
        return t("gpus.waiting", position=position)
    return t("gpus.waiting_about", position=position, time=duration_text(seconds, t))


def duration_text(seconds: float, t: Translate) -> str:
    """Write a duration in minutes, or in hours and minutes; at least one minute."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return t("gpus.minutes", minutes=minutes)
    return t("gpus.hours", hours=minutes // 60, minutes=minutes % 60)
