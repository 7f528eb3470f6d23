"""What a call cost, who was asked, and why a provider gave no answer, in the words of the pages."""

from collections.abc import Iterable

from exercises.i18n import Translator, money
from manifests.manifest import Charge, Cost, Tried


def cost(t: Translator, charge: Charge | Cost | None, *, cached: bool = False) -> str:
    """The amount and where it is known from; that it is free, or unknown."""
    if cached:
        return t("provider.origin.cached")
    if charge is None or charge.amount is None:
        return t("provider.origin.unknown")
    origin = charge.origin if isinstance(charge, Charge) else "reported"
    if origin == "free":
        return t("provider.origin.free")
    said = t("provider.origin.listed" if origin == "price list" else "provider.origin.reported")
    return f"{money(charge.amount, charge.currency, t.language)} ({said})"


def tried(t: Translator, before: Iterable[Tried]) -> str:
    """Who was asked first, and why each gave no answer."""
    return t("api.then").join(
        t("api.tried", provider=each.provider, reason=failure_words(t, each.reason)) for each in before
    )


def failure_words(t: Translator, code: str) -> str:
    """An error's code in a few words; one this program does not know stays as it is."""
    try:
        return t(f"api.reason.{code}")
    except KeyError:
        return code
