"""What a student chooses before their lab starts: a GPU, a GPU if one is free, or the processor.

The choice is the spawner's user option `processor`; what comes from a form or an API is checked here.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from jupyterhub.spawner import SpawnException
from markupsafe import Markup

from exercises.i18n import Language, Translate, translator
from hub.gpus.allocator import Allocator

Choice = Literal["gpu", "any", "cpu"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
DEFAULT: Choice = "any"


def from_form(form: Mapping[str, list[str]]) -> dict[str, str]:
    """The user options of a submitted form; what is not one of ours is left out."""
    values = form.get("processor", [])
    return {"processor": values[0]} if values else {}


def chosen(options: Mapping[str, object], allocator: Allocator, language: Language) -> Choice:
    """The choice in user options, `any` where there is none. Raises SpawnException for another value."""
    t = translator("hub", language)
    value = options.get("processor", DEFAULT)
    choice = next((choice for choice in CHOICES if choice == value), None)
    if choice is None:
        raise SpawnException(t("gpus.bad_choice"), reason="choice")
    if choice == "gpu" and not allocator.devices:
        raise SpawnException(t("gpus.no_gpus"), reason="choice")
    return choice


def form(allocator: Allocator, language: Language) -> Markup:
    """The options form's HTML: the three choices, and what is free now. Empty where there are no GPUs."""
    if not allocator.devices:
        return Markup()
    t = translator("hub", language)
    radios = Markup("").join(
        Markup(
            '<div class="form-check"><input class="form-check-input" type="radio" name="processor" '
            'id="processor-{value}" value="{value}"{checked}>'
            '<label class="form-check-label" for="processor-{value}">{label}</label></div>'
        ).format(value=value, label=t(f"gpus.{value}"), checked=Markup(" checked") * (value == DEFAULT))
        for value in CHOICES
    )
    return Markup(
        '<fieldset lang="{}" aria-describedby="gpus-free"><legend>{}</legend>{}</fieldset>'
        '<div id="gpus-free"><p>{}</p><ul>{}</ul></div>'
    ).format(language, t("gpus.choice"), radios, _summary(allocator, t), _cards(allocator, t))


def _summary(allocator: Allocator, t: Translate) -> str:
    free = sum(allocator.free().values())
    if not free:
        return t("gpus.free_none", waiting=len(allocator.line))
    return t("gpus.free", free=free, all=len(allocator.devices) * allocator.share)


def _cards(allocator: Allocator, t: Translate) -> Markup:
    free = allocator.free()
    return Markup("").join(
        Markup("<li>{}</li>").format(
            t("gpus.card", name=device.name, free=free[device.id], all=allocator.share)
        )
        for device in allocator.devices
    )


def waiting_text(allocator: Allocator, position: int, language: Language) -> str:
    """Where someone stands in the line and about how long it takes, in words."""
    t = translator("hub", language)
    seconds = allocator.estimate(position)
    if seconds is None:
        return t("gpus.waiting", position=position)
    return t("gpus.waiting_about", position=position, time=time_text(seconds, t))


def time_text(seconds: float, t: Translate) -> str:
    """A length of time in minutes, or hours and minutes; at least one minute."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return t("gpus.minutes", minutes=minutes)
    return t("gpus.hours", hours=minutes // 60, minutes=minutes % 60)
