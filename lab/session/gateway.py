"""The class's gateway, where there is one: its address is a setting, who asks is this lab's token."""

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.engine.by_model import ByModel
from lab.engine.comfy.engine import ComfyuiEngine
from lab.engine.local import LocalEngine
from lab.engine.protocol import Engine
from lab.engine.remote import RemoteEngine
from lab.engine.witnessed import WitnessedEngine
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
    """The lab's engine; with a ComfyUI server's beside it, where one is set up.

    A gateway is shown that server's pictures, and signs them.
    """
    others = _engine(settings)
    if ComfyuiSettings().url is None:
        return others
    comfyui: Engine = ComfyuiEngine()
    if settings.gateway is not None:
        comfyui = WitnessedEngine(comfyui, settings.gateway, gateway_token())
    return ByModel(others, comfyui)


def _engine(settings: LabSettings) -> Engine:
    """The class's engine, or one of this process where there is no gateway, or it only witnesses."""
    if settings.gateway is None:
        return LocalEngine()
    if not settings.gateway_draws:
        return WitnessedEngine(LocalEngine(), settings.gateway, gateway_token())
    return RemoteEngine(settings.gateway, gateway_token())
