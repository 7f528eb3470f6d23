"""What requests may leave open: a null is the field's default, and the kind of a part goes by its content."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, model_validator


class NullsAreDefaults(BaseModel):
    """OpenAI's schemas allow null for nearly every field, and say that it is the default."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if value is not None}


def typed_by(kinds: Mapping[str, str]) -> Callable[[Any], Any]:
    """A validator that gives a part without `type` the one of the only field it has of `kinds`."""

    def with_type(part: Any) -> Any:
        if not isinstance(part, Mapping) or part.get("type") is not None:
            return part
        found = [kind for field, kind in kinds.items() if field in part]
        return {**part, "type": found[0]} if len(found) == 1 else part

    return with_type
