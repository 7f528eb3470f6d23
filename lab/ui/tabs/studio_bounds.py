"""What the Studio's form may ask for: the bounds of an assignment's runs, each refusal named by its field."""

from typing import Any

from pydantic import ValidationError

from exercises.errors import UserError
from exercises.i18n import Translator
from exercises.parameters import WITH_STRENGTH, Mode, Parameters
from lab.jobs.api_pictures import MAX_PROMPT

MODES: tuple[Mode, ...] = ("text2img", *WITH_STRENGTH)
API = "api:"  # before provider and model, in the list of models
HIGHEST_SEED = 2**32 - 1


class BadParameters(UserError):
    """The form asks for what no model can do."""


def checked_seed(t: Translator, value: object) -> int:
    """The seed as it was typed. Raises BadParameters, which says what there may be."""
    if isinstance(value, int | float) and 0 <= value <= HIGHEST_SEED and float(value).is_integer():
        return int(value)
    raise BadParameters(t("studio.bad_seed", field=t("parameter.seed"), highest=HIGHEST_SEED))


def parameters(t: Translator, asked: dict[str, Any]) -> Parameters:
    """The form's values within the bounds of `Parameters`. Raises BadParameters, which names the field."""
    whole = ("width", "height", "steps")
    values = {
        name: int(value) if name in whole and isinstance(value, float) and value.is_integer() else value
        for name, value in asked.items()
    }
    values["seed"] = checked_seed(t, asked["seed"])
    for name in ("prompt", "negative_prompt"):
        text = values[name] = str(asked[name] or "")
        if len(text) > MAX_PROMPT:
            field = t(f"parameter.{name}")
            raise BadParameters(t("studio.too_long", field=field, length=len(text), most=MAX_PROMPT))
    if not str(values["prompt"]).strip():
        raise BadParameters(t("studio.no_prompt", field=t("parameter.prompt")))
    try:
        return Parameters.model_validate(values)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise BadParameters(
            t("studio.bad_value", field=t(f"parameter.{field}"), value=values[field])
        ) from error
