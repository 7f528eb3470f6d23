"""The class's gateway, where there is one: its address is a setting, who asks is this lab's token."""

from collections.abc import Callable

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.engine.a1111.engine import A1111Engine
from lab.engine.by_model import ByModel
from lab.engine.comfy.engine import ComfyuiEngine
from lab.engine.local import LocalEngine
from lab.engine.protocol import Engine
from lab.engine.remote import RemoteEngine
from lab.engine.witnessed import WitnessedEngine
from lab.models.a1111.entries import is_a1111
from lab.models.a1111.settings import A1111Settings
from lab.models.comfyui.entries import is_comfyui
from lab.models.comfyui.settings import ComfyuiSettings
from lab.session.settings import LabSettings


class GatewayToken(BaseSettings):
    """`GENAI_GATEWAY_TOKEN`, else what the Hub gave this lab."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    token: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("GENAI_GATEWAY_TOKEN", "JUPYTERHUB_API_TOKEN")
    )


def gateway_token() -> SecretStr:
    """The token by which the gateway knows whose lab this is."""
    return GatewayToken().token


def engine_for(settings: LabSettings) -> Engine:
    """The lab's engine; beside it those of the servers of others that are set up.

    A gateway is shown those servers' pictures, and signs them.
    """
    servers: list[tuple[Callable[[str], bool], Engine]] = []
    if ComfyuiSettings().url is not None:
        servers.append((is_comfyui, ComfyuiEngine()))
    if A1111Settings().url is not None:
        servers.append((is_a1111, A1111Engine()))
    if settings.gateway is not None:
        address = settings.gateway
        servers = [(ours, WitnessedEngine(each, address, gateway_token())) for ours, each in servers]
    others = _engine(settings)
    return ByModel(others, servers) if servers else others


def draws_here(settings: LabSettings) -> bool:
    """Whether the lab's engine draws in this process, and so has torch, which teaching needs."""
    return settings.gateway is None or not settings.gateway_draws


def _engine(settings: LabSettings) -> Engine:
    """The class's engine, or one of this process where there is no gateway, or it only witnesses."""
    if settings.gateway is None:
        return LocalEngine()
    if not settings.gateway_draws:
        return WitnessedEngine(LocalEngine(), settings.gateway, gateway_token())
    return RemoteEngine(settings.gateway, gateway_token())
