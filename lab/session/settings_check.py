"""What the doctor finds about the variables that are set: settings, keys, and what looks like one of them.

A setting is read by the rules of its class, so what is wrong here stops the lab there. No value is shown.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

from exercises.errors import UserError
from exercises.faults import faults
from exercises.i18n import LANGUAGES, Language
from exercises.settings import ExerciseSettings
from lab.endpoint.server import ApiSettings
from lab.models.a1111.settings import A1111Settings
from lab.models.comfyui.settings import ComfyuiSettings
from lab.models.settings import ModelSettings
from lab.providers.configuration import load_configuration
from lab.providers.errors import KeyFile
from lab.providers.keys import find_key
from lab.providers.settings import ProviderSettings
from lab.session.gateway import GatewayToken
from lab.session.settings import LabSettings
from manifests.settings import WorkSettings

SETTINGS: tuple[type[BaseSettings], ...] = (
    ExerciseSettings,
    WorkSettings,
    LabSettings,
    GatewayToken,
    ModelSettings,
    ComfyuiSettings,
    A1111Settings,
    ProviderSettings,
    ApiSettings,
)
# Settings of the hub and of the gateway, which the lab does not import.
ELSEWHERE = ("GENAI_HUB_", "GENAI_GATEWAY_")
ADDRESSES = ("GENAI_LOCAL_", "GENAI_BUNDLED_")  # variables that the providers' file names


def settings_findings(
    variables: Mapping[str, str], language: Language
) -> Iterator[tuple[str, dict[str, str]]]:
    """Keys of `[doctor.settings]` with their values."""
    known = {name for settings in SETTINGS for name in setting_names(settings)}
    unknown = sorted(
        name
        for name in variables
        if name.startswith("GENAI_") and name not in known and not name.startswith(ELSEWHERE + ADDRESSES)
    )
    for name in unknown:
        near = get_close_matches(name, known, n=1)
        if near:
            yield "settings.typo", {"name": name, "near": near[0]}
        else:
            yield "settings.unknown", {"name": name}
    for settings in SETTINGS:
        try:
            settings()
        except ValidationError as error:
            names = {str(each["loc"][0]) if each["loc"] else settings.__name__ for each in error.errors()}
            for fault in faults(error, dict.fromkeys(names)):
                name = str(fault.path[0]) if fault.path else settings.__name__
                if name in settings.model_fields:  # a field of the prefix's, not one with a name of its own
                    name = variable(settings, name)
                yield "settings.wrong", {"name": name, "reason": fault.text(language)}
    language_set = variables.get("GENAI_LANGUAGE", "")
    if language_set and not language_set.lower().startswith(LANGUAGES):
        yield "settings.language", {"name": "GENAI_LANGUAGE", "found": language_set}
    used = sorted(name for name in variables if name in known and name.startswith("GENAI_"))
    yield "settings.used" if used else "settings.defaults", {"names": ", ".join(used)}


def key_findings(variables: Mapping[str, str], language: Language) -> Iterator[tuple[str, dict[str, str]]]:
    """Keys of `[doctor.keys]` with their values."""
    names = _key_names()
    for name in names:
        try:
            find_key(name)
        except KeyFile as error:
            yield "keys.refused", {"reason": error.at(name, "").in_language(language)}
    there = [name for name in names if variables.get(name, "").strip()]
    yield "keys.some" if there else "keys.none", {"names": ", ".join(there)}


def setting_names(settings: type[BaseSettings]) -> set[str]:
    """The environment variables a settings class reads."""
    names: set[str] = set()
    for name, info in settings.model_fields.items():
        alias = info.validation_alias
        if isinstance(alias, AliasChoices):
            names |= {str(choice) for choice in alias.choices}
        else:
            names.add(str(alias) if alias else variable(settings, name))
    return names


def variable(settings: type[BaseSettings], name: str) -> str:
    """The environment variable of a field that has no name of its own."""
    return f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def _key_names() -> list[str]:
    """The variables of keys that something reads: those of the providers' file, and the one of models."""
    try:
        providers = load_configuration(ProviderSettings().providers).providers
    except (UserError, ValidationError):  # told by other checks, and where a provider is to be asked
        providers = ()
    named = [provider.key for provider in providers if provider.key]
    return list(dict.fromkeys([*named, "HF_TOKEN"]))
