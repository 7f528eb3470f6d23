"""The address on which the hub listens, and the address at which people open it."""

from urllib.parse import urlunsplit

from hub.settings import HubSettings


def bind_url(settings: HubSettings) -> str:
    """Return the address on which the proxy listens, with the base path."""
    scheme = "https" if settings.tls_certificate and settings.tls_key else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return urlunsplit((scheme, f"{host}:{settings.port}", settings.base_url, "", ""))


def public_url(settings: HubSettings) -> str:
    """Return the address at which people open the hub. It ends with a slash."""
    if settings.public_url:
        return f"{settings.public_url.rstrip('/')}/"
    if settings.subdomain_host:
        return f"{settings.subdomain_host.rstrip('/')}{settings.base_url}"
    return bind_url(settings)
