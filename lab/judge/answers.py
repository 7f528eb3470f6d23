"""What the analyser can be asked: fields by name, the typed answers made of them, and each task in words.

A field has one name, one type and one meaning, whoever asks for it and in whichever type. The pydantic
models below can be given to any provider as the type of its answer; the bundled one fills them from `FIELDS`.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lab.judge import quality, wording
from lab.judge.findings import Swatch
from lab.judge.prompts import MOST_PROMPT, PromptCheck, check_prompt
from lab.judge.quality import CRITERIA, Score
from lab.judge.wording import Look

Task = Literal["describe", "quality", "missing", "text", "alt_text", "improve"]
STATUSES = {"present": "found", "missing": "not_found", "unsure": "unsure"}  # by the answer's field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Certainty(_Answer):
    """How probable the judge finds its first answer to each question."""

    object: float
    object_color: float
    background_color: float


class Description(_Answer):
    """What the picture shows, in words and by name ("not sure" where it is not), with the palette."""

    description: str
    object: str
    object_color: str
    background_color: str
    certainty: Certainty
    palette: list[Swatch]


class Quality(_Answer):
    """The first assignment's five scores."""

    prompt_adherence: Score
    visual_realism: Score
    artifacts: Score
    ecommerce_usability: Score
    reproducibility: Score


class Missing(_Answer):
    """What of a prompt is in the picture. `not_checked`: words nobody here can look for."""

    present: list[str]
    missing: list[str]
    unsure: list[str]
    not_checked: list[str]


class Improved(Missing):
    """The same, and a prompt that may come nearer to what is wanted."""

    better_prompt: str


class AltText(_Answer):
    """Drafts of an alternative text: `short` for `alt`, `long` for what a complex picture needs beside it."""

    short: str
    long: str


class NoPrompt(Exception):
    """What is missing cannot be said without the prompt."""


def short_alt(look: Look) -> str:
    """The scene alone; it does not begin with "image of"."""
    said = wording.scene(look)
    return f"{said[0].upper()}{said[1:]}."


def long_alt(look: Look) -> str:
    """The scene, its colours and its emptiness; numbers a listener has no use for are left out."""
    palette = look.t("analyser.palette", colors=wording.colors(look))
    return " ".join((short_alt(look), palette, wording.emptiness(look)))


def _certainty(look: Look) -> Certainty:
    seen = look.findings
    return Certainty(
        object=seen.object.guesses[0].probability,
        object_color=seen.color.guesses[0].probability,
        background_color=seen.background.guesses[0].probability,
    )


def _compared(look: Look) -> PromptCheck:
    found = check_prompt(look)
    if found is None:
        raise NoPrompt
    return found


def better_prompt(look: Look) -> str:
    """The prompt, with what is missing or not sure said once more at its end; as it is where nothing is."""
    found = _compared(look)
    again = [*found.of("not_found"), *found.of("unsure")]
    return ", ".join([(look.prompt or "").strip(), *again])[:MOST_PROMPT]


FIELDS: dict[str, Callable[[Look], object]] = {
    "description": wording.description,
    "object": lambda look: wording.name_or_unsure(look, look.findings.object, "object"),
    "object_color": lambda look: wording.name_or_unsure(look, look.findings.color, "color"),
    "background_color": lambda look: wording.name_or_unsure(look, look.findings.background, "color"),
    "certainty": _certainty,
    "palette": lambda look: [
        Swatch(name=look.t(f"color.{swatch.name}"), share=swatch.share)
        for swatch in look.findings.measurements.palette
    ],
    "sharpness": lambda look: look.findings.measurements.sharpness,
    "contrast": lambda look: look.findings.measurements.contrast,
    "brightness": lambda look: look.findings.measurements.brightness,
    "clipped_shadows": lambda look: look.findings.measurements.clipped_shadows,
    "clipped_highlights": lambda look: look.findings.measurements.clipped_highlights,
    "emptiness": lambda look: look.findings.measurements.emptiness,
    **{name: getattr(quality, name) for name in CRITERIA},
    "present": lambda look: _compared(look).of("found"),
    "missing": lambda look: _compared(look).of("not_found"),
    "unsure": lambda look: _compared(look).of("unsure"),
    "not_checked": lambda look: list(_compared(look).not_checked),
    "better_prompt": better_prompt,
    "short": short_alt,
    "long": long_alt,
}

TASKS: dict[Task, tuple[str, ...]] = {
    "describe": tuple(Description.model_fields),
    "quality": CRITERIA,
    "missing": tuple(Missing.model_fields),
    "alt_text": tuple(AltText.model_fields),
    "improve": tuple(Improved.model_fields),
    "text": tuple(Description.model_fields),
}


def fields(look: Look, names: Sequence[str]) -> dict[str, object]:
    """The fields of those names as JSON values. Raises NoPrompt, and KeyError for a name there is not."""
    values = {name: FIELDS[name](look) for name in names}
    return {name: _json(value) for name, value in values.items()}


def text(look: Look, task: Task) -> str:
    """A task's answer in words. Raises NoPrompt."""
    if task == "quality":
        return "\n".join(_score_line(look, name) for name in CRITERIA)
    if task in ("missing", "improve"):
        found = _compared(look)
        lists = {name: found.of(status) for name, status in STATUSES.items()}
        lists["not_checked"] = list(found.not_checked)
        nothing = look.t("analyser.nothing")
        lines = [
            look.t(f"analyser.line_{name}", parts=", ".join(parts) or nothing)
            for name, parts in lists.items()
        ]
        if task == "improve":
            lines.append(look.t("analyser.line_better_prompt", text=better_prompt(look)))
        return "\n".join(lines)
    if task == "alt_text":
        return "\n".join(
            (
                look.t("analyser.line_short", text=short_alt(look)),
                look.t("analyser.line_long", text=long_alt(look)),
            )
        )
    if task == "text":
        return look.t("analyser.no_reading")
    return wording.description(look)


def _score_line(look: Look, name: str) -> str:
    score: Score = getattr(quality, name)(look)
    said = look.t("analyser.no_score") if score.score is None else f"{score.score}/2"
    criterion = look.t(f"analyser.criterion_{name}")
    return look.t("analyser.line_score", criterion=criterion, score=said, reason=score.reason)


def _json(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list):
        return [_json(each) for each in value]
    return value
