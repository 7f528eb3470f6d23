"""What a call cost, who was asked and why they gave no answer, in the words of the pages."""

from collections.abc import Iterable

from exercises.i18n import Translate
from manifests.manifest import Charge, Cost, Tried

DECIMALS = 6  # a call may cost millionths


def amount(t: Translate, value: float, currency: str) -> str:
    """An amount as people write it: at least two decimals, at most six."""
    whole, _, decimals = f"{value:.{DECIMALS}f}".partition(".")
    return f"{whole}{t('number.decimal')}{decimals.rstrip('0').ljust(2, '0')}\u00a0{currency}"


def cost(t: Translate, charge: Charge | Cost | None, *, cached: bool = False) -> str:
    """The amount and where it is known from; that it is free, or unknown."""
    if cached:
        return t("provider.origin.cached")
    if charge is None or charge.amount is None:
        return t("provider.origin.unknown")
    origin = charge.origin if isinstance(charge, Charge) else "reported"
    if origin == "free":
        return t("provider.origin.free")
    said = t("provider.origin.listed" if origin == "price list" else "provider.origin.reported")
    return f"{amount(t, charge.amount, charge.currency)} ({said})"


def tried(t: Translate, before: Iterable[Tried]) -> str:
    """Who was asked first, and why each gave no answer."""
    return t("api.then").join(
        t("api.tried", provider=each.provider, reason=reason(t, each.reason)) for each in before
    )


def reason(t: Translate, code: str) -> str:
    """An error's code in a few words; one this program does not know stays as it is."""
    try:
        return t(f"api.reason.{code}")
    except KeyError:
        return code
