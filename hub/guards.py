"""Keeps a hub that others can reach from starting with an unsafe configuration.

Others can reach a hub that listens beyond loopback, stands behind a proxy or has a public address.
`GENAI_HUB_INSECURE=1` starts it nevertheless; the console then lists the risks.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from exercises.errors import UserError
from exercises.i18n import Language, preferred_language, translator
from hub.settings import HubSettings


class UnsafeStart(UserError):
    """The hub does not start because of risks, each of which gets a line of the message."""

    def __init__(self, risks: list[str]) -> None:
        super().__init__(*risks)
        self.risks = risks

    def in_language(self, language: Language) -> str:
        t = translator("hub", language)
        return "\n".join(t(f"guard.{key}") for key in ("refused", *self.risks, "insist"))

    def __str__(self) -> str:
        return self.in_language(preferred_language())


def require_safe_start(settings: HubSettings) -> None:
    """Raises UnsafeStart if there are risks and the settings do not accept them."""
    found = risks(settings)
    if found and not settings.insecure:
        raise UnsafeStart(found)


def risks(settings: HubSettings) -> list[str]:
    """Return the risks of this configuration, each as a key of the texts' section `guard`."""
    if not is_reachable(settings):
        return []
    applies = {
        "shared": settings.authenticator == "shared",
        "local": settings.spawner == "local",
        "tls": not (settings.tls_certificate and settings.tls_key) and not settings.tls_proxy,
    }
    return [key for key, is_risk in applies.items() if is_risk]


def is_reachable(settings: HubSettings) -> bool:
    """Tell whether anyone but this machine's own users can open the hub."""
    public = [urlsplit(url).hostname for url in (settings.public_url, settings.subdomain_host) if url]
    return bool(settings.tls_proxy) or not all(map(is_loopback, [settings.host, *public]))


def is_loopback(host: str | None) -> bool:
    """Tell whether a host is certainly this machine. Any name other than `localhost` may be another one."""
    name = (host or "").strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
