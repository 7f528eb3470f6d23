"""What speaks against starting: a hub that others can reach must not be open to them.

Reachable is a hub that listens beyond loopback, and one behind a proxy or below a public address.
`GENAI_HUB_INSECURE=1` starts it all the same; the command line then says what speaks against it.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from exercises.errors import UserError
from exercises.i18n import Language, preferred_language, translator
from hub.settings import HubSettings


class UnsafeStart(UserError):
    """The hub does not start, for reasons of which each has its own line."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(*reasons)
        self.reasons = reasons

    def in_language(self, language: Language) -> str:
        t = translator("hub", language)
        return "\n".join(t(f"guard.{key}") for key in ("refused", *self.reasons, "insist"))

    def __str__(self) -> str:
        return self.in_language(preferred_language())


def check(settings: HubSettings) -> None:
    """Raises UnsafeStart where something speaks against starting and nobody insists."""
    found = reasons(settings)
    if found and not settings.insecure:
        raise UnsafeStart(found)


def reasons(settings: HubSettings) -> list[str]:
    """What speaks against starting, each as a key of the texts' section `guard`; empty where nothing does."""
    if not reachable(settings):
        return []
    against = {
        "shared": settings.authenticator == "shared",
        "local": settings.spawner == "local",
        "tls": not (settings.tls_certificate and settings.tls_key) and not settings.tls_proxy,
    }
    return [key for key, applies in against.items() if applies]


def reachable(settings: HubSettings) -> bool:
    """Whether anyone but this machine's own users can open the hub."""
    public = [urlsplit(url).hostname for url in (settings.public_url, settings.subdomain_host) if url]
    return bool(settings.tls_proxy) or not all(map(is_loopback, [settings.host, *public]))


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine and nothing else; a name that is not `localhost` may be anything."""
    name = (host or "").strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
