"""A provider's base URL and key, and the model that one call goes to."""

from dataclasses import dataclass

from pydantic import SecretStr

from lab.providers.configuration import Work


@dataclass(frozen=True)
class Address:
    """Where a provider is, and the key it asks for."""

    url: str
    key: SecretStr | None = None


@dataclass(frozen=True)
class Asked:
    """Whom a call goes to."""

    provider: str
    model: str
    address: Address
    work: Work
    protocol: str

    @property
    def secret(self) -> str:
        return self.address.key.get_secret_value() if self.address.key else ""
