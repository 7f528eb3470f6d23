"""Where the hub listens and where people open it."""

from urllib.parse import urlunsplit

from hub.settings import HubSettings


def bound(settings: HubSettings) -> str:
    """The address the proxy listens on, with the base path."""
    scheme = "https" if settings.tls_certificate and settings.tls_key else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return urlunsplit((scheme, f"{host}:{settings.port}", settings.base_url, "", ""))


def address(settings: HubSettings) -> str:
    """Where people open the hub; ends with a slash."""
    if settings.public_url:
        return f"{settings.public_url.rstrip('/')}/"
    if settings.subdomain_host:
        return f"{settings.subdomain_host.rstrip('/')}{settings.base_url}"
    return bound(settings)
