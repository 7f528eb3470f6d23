"""Providers as they stand in a TOML file: names, addresses, models, prices. Nothing else names a model.

The built-in file is `providers.toml` beside this one; `GENAI_PROVIDERS` names another in its place.
Order in the file is the order of asking. Whatever is wrong raises ExerciseError: file, line, field,
what was expected.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from exercises.faults import faults
from exercises.toml_file import TomlFile
from lab.providers.protocol import Kind

BUILT_IN = Path(__file__).with_name("providers.toml")
MAX_BYTES = 256 * 1024

MODEL_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.:/@+~-]{0,199}$"
ModelName = Annotated[str, StringConstraints(pattern=MODEL_PATTERN)]
ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
URL_PATTERN = r"^https?://[^\s@?#]{1,500}$"  # no password in it
Url = Annotated[str, StringConstraints(pattern=URL_PATTERN)]
Amount = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=0, le=10_000_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Price(_Part):
    """In the file's currency: per million tokens, per picture made, per picture sent, per request.

    `tokens_per_image` (a picture sent) and `tokens_per_picture` (a picture made) are upper bounds
    and only serve to set money aside before the call.
    """

    input: Amount = 0.0
    output: Amount = 0.0
    picture: Amount = 0.0
    image: Amount = 0.0
    request: Amount = 0.0
    tokens_per_image: Tokens = 10_000
    tokens_per_picture: Tokens = 10_000


class Work(_Part):
    """What a provider does of one kind. No `models`: the first one it says it has.

    `protocol`: chat completions, the image endpoints, or Hugging Face's inference; `length`: what
    its protocol calls the longest answer; `seed`: pictures
    of the same seed are the same; `masks`: an edit may be told by a mask which part is to change (by
    the image endpoints alone); `seconds`: time limit; `options`: further fields of each request.
    """

    models: tuple[ModelName, ...] = Field(default=(), max_length=50)
    protocol: Literal["chat", "images", "hugging_face"] | None = None
    base_url: Url | None = None
    length: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    seed: bool = False
    masks: bool = False
    seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    options: dict[str, Any] = Field(default_factory=dict, max_length=20)


class Provider(_Part):
    """`address`: the variable whose value stands in for `base_url`; without either it is not asked.

    An address without a path is a server's, whose protocol lies below `/v1`. `optional`: where it does not
    say which models it has, it is left out as one that is not set up, since something else may stand there.
    `key`: the variable of its key; without it none is sent. `free`: nothing is charged.
    """

    name: ProviderName
    base_url: Url | None = None
    address: Variable | None = None
    key: Variable | None = None
    free: bool = False
    optional: bool = False
    work: dict[Kind, Work] = Field(min_length=1)
    prices: dict[ModelName, Price] = Field(default_factory=dict, max_length=200)


class Configuration(_Part):
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    providers: tuple[Provider, ...] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _names_once(self) -> "Configuration":
        names = [provider.name for provider in self.providers]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"two providers are named {twice}")
        return self

    def provider(self, name: str) -> Provider | None:
        return next((each for each in self.providers if each.name == name), None)


def load_configuration(path: Path | None = None) -> Configuration:
    """The file's providers; the built-in file where `path` is None. Raises ExerciseError."""
    file = TomlFile.read(path or BUILT_IN, MAX_BYTES)
    try:
        return Configuration.model_validate(file.data)
    except ValidationError as error:
        raise file.fault(faults(error, file.data)[0]) from error
