"""Finds the providers and models that could do a call, and says what keeps the others from it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from lab.providers.address import Address, Asked
from lab.providers.configuration import URL_PATTERN, Configuration, Price, Provider, Work
from lab.providers.errors import BadAddress, DeadServer, NoKey, NoProvider, ProviderError
from lab.providers.keys import find_key, find_value
from lab.providers.offers import Model, Offers
from lab.providers.protocol import Call, Kind


@dataclass(frozen=True)
class Candidate:
    """A provider and model; `error` says why it cannot be asked."""

    provider: Provider
    work: Work
    model: str
    kind: Kind
    address: Address | None = None
    error: ProviderError | None = None

    def asked(self) -> Asked:
        if self.address is None:
            raise NoKey()
        protocol = self.work.protocol or ("chat" if self.kind == "vision" else "images")
        url = self.work.base_url or self.address.url
        return Asked(self.provider.name, self.model, Address(url, self.address.key), self.work, protocol)


class Candidates:
    def __init__(
        self,
        configuration: Configuration,
        offers: Offers,
        addresses: Mapping[str, Callable[[], Address]],
        environment: Mapping[str, str],
        env_place: Path | None,
    ) -> None:
        self._configuration, self._offers, self._addresses = configuration, offers, addresses
        self._environment, self._env_place = environment, env_place

    def of(self, call: Call) -> Iterator[Candidate]:
        """Those who may answer this call, first to last; models are looked up as they are needed.

        Providers that are not set up (no address, no key) are left out, unless one is named.
        Raises NoProvider where nobody is left.
        """
        if call.provider and self._configuration.provider(call.provider) is None:
            names = ", ".join(provider.name for provider in self._configuration.providers)
            raise NoProvider(variant=".unknown", wished=call.provider[:80], known=names)
        anyone = False
        for provider in self._configuration.providers:
            if call.provider in (None, provider.name) and _can(provider, call):
                for candidate in self._of(provider, call.kind, call.model, bool(call.provider)):
                    anyone = True
                    yield candidate
        if not anyone:
            variant = (
                ".mask"
                if call.mask
                else ".model"
                if call.model
                else ".provider"
                if call.provider
                else ".kind"
            )
            wished = (call.model or call.provider or "")[:200]
            raise NoProvider(variant=variant, wished=wished)

    def every(self, kind: Kind) -> list[Candidate]:
        """All that stand in the configuration for that work, set up or not; may ask them for models."""
        return [
            candidate
            for provider in self._configuration.providers
            if kind in provider.work
            for candidate in self._of(provider, kind, None, True)
        ]

    def listed(self, candidate: Candidate) -> Mapping[str, Model] | None:
        """What the provider says it has; asked for when it is not known."""
        if candidate.address is None:
            return None
        return self._offers.models(candidate.provider.name, candidate.address)

    def _of(
        self, provider: Provider, kind: Kind, chosen: str | None, even_without: bool
    ) -> Iterator[Candidate]:
        work = provider.work[kind]
        first = chosen or next(iter(work.models), "")
        if chosen and work.models and chosen not in work.models and not even_without:
            return
        try:
            address = self._address(provider)
        except ProviderError as error:
            if provider.optional and not chosen:
                return
            if not isinstance(error, NoKey) or even_without:
                yield Candidate(provider, work, first, kind, error=error)
            return
        if chosen and (work.models or even_without):
            models: tuple[str, ...] = (chosen,)
        elif work.models:
            models = work.models
        else:
            listed = self._offers.models(provider.name, address)
            able = [name for name, model in (listed or {}).items() if model.can(kind)]
            models = tuple(able[:1]) if not chosen else tuple(name for name in able if name == chosen)
            if not able and not (provider.optional and not chosen):
                yield Candidate(provider, work, first, kind, address, DeadServer())
        for model in models:
            yield Candidate(provider, work, model, kind, address)

    def price(self, candidate: Candidate) -> Price | None:
        """By the configuration, else as the provider lists it; None where it is free, or nobody says."""
        if candidate.provider.free:
            return None
        if price := candidate.provider.prices.get(candidate.model):
            return price
        listed = self.listed(candidate)
        model = listed.get(candidate.model) if listed else None
        return model.price if model else None

    def _address(self, provider: Provider) -> Address:
        """Raises NoKey where it is not set up; KeyFile, BadAddress, DeadServer where it is so in vain."""
        if provider.name in self._addresses:
            try:
                return self._addresses[provider.name]()
            except OSError:  # TimeoutError is one
                raise DeadServer() from None
        url = provider.base_url
        if provider.address and (value := self._value(provider.address)):
            if not re.fullmatch(URL_PATTERN, value):
                raise BadAddress(name=provider.address)
            url = _with_path(value)
        if url is None:
            raise NoKey(variant=".address", name=provider.address or "base_url")
        key = self._key(provider.key) if provider.key else None
        if key is None and provider.key and not provider.free:
            raise NoKey(variant=".key", name=provider.key)
        return Address(url, key)

    def _value(self, name: str) -> str | None:
        return find_value(name, self._environment, self._env_place)

    def _key(self, name: str) -> SecretStr | None:
        return find_key(name, self._environment, self._env_place)


def _can(provider: Provider, call: Call) -> bool:
    """Whether it does work of that kind, and takes a mask where there is one."""
    work = provider.work.get(call.kind)
    if work is None or call.mask is None:
        return work is not None
    return work.masks and work.protocol in (None, "images")


def _with_path(url: str) -> str:
    """The address as it is; OpenAI's usual path after one that has none."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + "/v1"
