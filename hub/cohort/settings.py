"""The Hub's address and token: from options, else the environment and `.env`, else the state folder."""

from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from exercises.errors import SystemReason
from hub.cohort.errors import CohortError
from hub.secret_files import COHORT_TOKEN_FILE


class CohortSettings(BaseSettings):
    """The fields are read from `GENAI_HUB_URL`, `_TOKEN`, `_STATE` and `_INSECURE`."""

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_", env_file=".env", extra="ignore")

    url: str = "http://127.0.0.1:8000"  # as a browser opens it, including a base path
    token: SecretStr | None = None
    state: Path = Path("hub-state")
    insecure: bool = False  # allow sending the token over an unencrypted connection

    def address(self) -> str:
        """Return the Hub's address without a final slash. Raises CohortError if it is invalid or unsafe."""
        try:
            parts = urlsplit(self.url)
            host = parts.hostname
            _ = parts.port
        except ValueError:
            host = None
        if host is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
            raise CohortError("cohort.bad_address", url=self.url)
        if parts.scheme == "http" and not _is_this_machine(host) and not self.insecure:
            raise CohortError("cohort.not_https", host=host)
        return self.url.rstrip("/")

    def secret(self) -> str:
        """Return the token. Raises CohortError if there is none."""
        if self.token is not None:
            secret = self.token.get_secret_value().strip()
        else:
            file = self.state / COHORT_TOKEN_FILE
            try:
                secret = file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = SystemReason(error) if isinstance(error, OSError) else type(error).__name__
                raise CohortError("cohort.no_token", file=file, reason=reason) from None
        if not secret.isascii() or not secret.isprintable() or not secret:
            raise CohortError("cohort.bad_token")
        return secret


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
