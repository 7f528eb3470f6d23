"""What the console shows when the hub is open: its address, who may enter, and how."""

from exercises.i18n import preferred_language, translator
from hub import guards
from hub.addresses import public_url
from hub.registry import AUTHENTICATORS
from hub.settings import HubSettings


def announcement(settings: HubSettings) -> list[str]:
    """Return the lines for the console. They contain passwords only at the start at which these are made."""
    t = translator("hub", preferred_language())
    state = settings.state.resolve()
    lines = [t("start.address", address=public_url(settings))]
    names = ", ".join(sorted(settings.instructors)) or t("start.none")
    lines.append(t("start.instructors", names=names))
    lines += AUTHENTICATORS[settings.authenticator].announce(settings, t)
    if settings.spawner == "local":
        lines.append(t("start.local"))
    risks = guards.risks(settings)
    if risks:
        lines += [t("start.insecure"), *(t(f"guard.{risk}") for risk in risks)]
    lines.append(t("start.log_local" if settings.spawner == "local" else "start.log", file=state / "hub.log"))
    return lines
