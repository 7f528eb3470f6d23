"""How models have done, as a table and as bar charts that are tables too: lengths for the eye."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from exercises.i18n import Translator, money, number
from lab.records.performance import Performance, Quality
from lab.ui.html import charges as api_words
from lab.ui.html import markup

MICROS = 1_000_000
BEST = 2  # the best score


def performance_table(t: Translator, found: Sequence[Performance], currency: str) -> Markup:
    """Each model's calls or pictures, success, times, cache and cost, and the times once more as bars."""
    if not found:
        return Markup("")
    columns = ("model", "calls", "success", "median", "slow", "hits", "per_picture", "spent", "errors")
    rows = [
        (
            _name(t, each),
            str(each.calls),
            _share(t, each.success),
            _optional_seconds(t, each.seconds),
            _optional_seconds(t, each.slow),
            _share(t, each.hits),
            "–" if each.picture is None else amount(t, round(each.picture), currency),
            _spent(t, each, currency),
            ", ".join(f"{api_words.failure_words(t, code)} ({count})" for code, count in each.errors.items())
            or t("costs.no_errors"),
        )
        for each in found
    ]
    times = {
        _name(t, each): (each.seconds, seconds(t, each.seconds)) for each in found if each.seconds is not None
    }
    header = [t(f"costs.column_{name}") for name in columns]
    return (
        markup.heading(t("costs.metrics"))
        + markup.scrolling(markup.table(header, rows), t("costs.metrics"))
        + bars(t, t("costs.times"), t("costs.column_model"), times)
    )


def quality_tables(t: Translator, found: Sequence[Quality]) -> Markup:
    """The mean scores of each model's pictures as bars: those the student gave, then those models gave."""
    parts = Markup("")
    for whose in ("student", "models"):
        means = {each.model: (getattr(each, f"by_{whose}"), each.pictures) for each in found}
        values = {
            model: (mean, t("costs.mean", mean=number(round(mean, 1), t.language), best=BEST, count=count))
            for model, (mean, count) in means.items()
            if mean is not None
        }
        parts += bars(t, t(f"costs.quality_by_{whose}"), t("costs.column_model"), values, BEST)
    return parts


def bars(
    t: Translator, caption: str, what: str, values: Mapping[str, tuple[float, str]], most: float = 0.0
) -> Markup:
    """A bar chart that is a table: each value as a length for the eye and as words for everybody.

    `most`: the value of the longest bar there could be; without it, of the longest there is.
    """
    if not values:
        return Markup("")
    largest = most or max(value for value, _ in values.values()) or 1
    rows = [
        (
            name,
            Markup('<span class="bar" style="inline-size:{}%" aria-hidden="true"></span>{}').format(
                round(60 * value / largest, 1), words
            ),
        )
        for name, (value, words) in values.items()
    ]
    return Markup('<div class="bars">{}</div>').format(
        markup.table([what, t("costs.column_value")], rows, caption)
    )


def amount(t: Translator, micros: int, currency: str) -> str:
    """Money, of millionths of the currency's unit."""
    return money(micros / MICROS, currency, t.language)


def seconds(t: Translator, value: float) -> str:
    return t("facts.seconds", seconds=number(round(value, 2), t.language))


def _name(t: Translator, each: Performance) -> str:
    return t("comparing.by_api", model=each.model, provider=each.provider) if each.provider else each.model


def _spent(t: Translator, each: Performance, currency: str) -> str:
    if not each.provider:
        return t("provider.origin.free")
    spent = amount(t, each.counted, currency)
    return spent + " " + t("costs.at_most", count=each.unknown) if each.unknown else spent


def _optional_seconds(t: Translator, value: float | None) -> str:
    return "–" if value is None else seconds(t, value)


def _share(t: Translator, share: float | None) -> str:
    return "–" if share is None else t("costs.percent", percent=round(100 * share))
