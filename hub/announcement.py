"""What the person who starts the hub is told once it is open: where it is, who may enter and how."""

from importlib import import_module

from exercises.i18n import preferred_language, translator
from hub import guards
from hub.addresses import address
from hub.settings import HubSettings


def announcement(settings: HubSettings) -> list[str]:
    """Lines for the console; passwords among them only where they are made now."""
    t = translator("hub", preferred_language())
    state = settings.state.resolve()
    lines = [t("start.address", address=address(settings))]
    names = ", ".join(sorted(settings.instructors)) or t("start.none")
    lines.append(t("start.instructors", names=names))
    lines += import_module(f"hub.authenticators.{settings.authenticator}").announce(settings, t)
    if settings.spawner == "local":
        lines.append(t("start.local"))
    against = guards.reasons(settings)
    if against:
        lines += [t("start.insecure"), *(t(f"guard.{reason}") for reason in against)]
    lines.append(t("start.log_local" if settings.spawner == "local" else "start.log", file=state / "hub.log"))
    return lines
