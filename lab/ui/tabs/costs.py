"""Costs: spent and left, call by call, and how each model has done, from the ledger and the disk."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from exercises.i18n import money, number
from lab.providers.spending import Budget, Entry
from lab.records.costs import Performance, by_day, performances, qualities
from lab.records.own_pictures import own_scores
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import charges as api_words
from lab.ui.html import markup
from lab.ui.page import Page
from lab.ui.tabs.asking import ROUTER_FAILS

SHOWN = 100  # calls in the table
MICROS = 1_000_000


def build(lab: Lab, page: Page) -> None:
    """Only where the assignment asks models behind an API."""
    import gradio as gr

    if not lab.assignment.asks_apis:
        return
    with page.tab("costs", page.t("costs.title")):
        spent = gr.HTML(elem_id="costs-spent")
        calls = gr.HTML(elem_id="costs-calls", elem_classes="stacking")
        metrics = gr.HTML(elem_id="costs-metrics", elem_classes="stacking")
        page.refresh(lambda: look(lab, page), [spent, calls, metrics])


def look(lab: Lab, page: Page) -> tuple[str, str, str]:
    """The three parts of the tab."""
    try:
        standing = lab.router.standing()
    except ROUTER_FAILS as error:
        return markup.status(error_text(error, page.language), bad=True), "", ""
    currency, entries = standing.currency, standing.entries
    return (
        spending(page, standing.budgets, entries, currency),
        call_table(page, entries),
        performance_table(page, performances(entries), currency) + quality_table(lab, page),
    )


def spending(page: Page, budgets: Sequence[Budget], entries: Sequence[Entry], currency: str) -> Markup:
    """Each budget with what is spent and left of it, then the days."""
    t = page.t
    header = [t(f"costs.column_{name}") for name in ("budget", "spent", "limit", "left", "share")]
    rows = [
        (
            t(f"costs.budget_{budget.name}"),
            _amount(page, budget.counted, currency),
            t("costs.no_limit") if budget.limit is None else _amount(page, budget.limit, currency),
            t("costs.no_limit") if budget.left is None else _amount(page, budget.left, currency),
            "" if budget.limit is None else _meter(page, budget),
        )
        for budget in budgets
    ]
    budgets_table = markup.table(header, rows, t("costs.budgets"))
    parts = markup.title(t("costs.title")) + markup.scrolling(budgets_table, t("costs.budgets"))
    if any(budget.reserved for budget in budgets):
        parts += markup.hint(t("costs.reserved"))
    days = by_day(entries)
    return parts + bars(
        page,
        t("costs.days"),
        t("costs.column_day"),
        {day: (n, _amount(page, n, currency)) for day, n in days.items()},
    )


def bars(page: Page, caption: str, what: str, values: Mapping[str, tuple[float, str]]) -> Markup:
    """A bar chart that is a table: each value as a length for the eye and as words for everybody."""
    if not values:
        return Markup("")
    largest = max(value for value, _ in values.values()) or 1
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
        markup.table([what, page.t("costs.column_value")], rows, caption)
    )


def call_table(page: Page, entries: Sequence[Entry]) -> Markup:
    """The newest calls, each with its time, cost and outcome."""
    t = page.t
    if not entries:
        return markup.hint(t("costs.nothing"))
    header = [t(f"costs.column_{name}") for name in ("time", "kind", "model", "seconds", "cost", "outcome")]
    rows = [
        (
            f"{datetime.fromtimestamp(entry.time, UTC):%Y-%m-%d %H:%M:%S} UTC",
            t(f"costs.kind_{entry.kind}"),
            t("comparing.by_api", model=entry.model, provider=entry.provider),
            "" if entry.seconds is None else _seconds(page, entry.seconds),
            _cost(page, entry),
            _outcome(page, entry),
        )
        for entry in entries[:SHOWN]
    ]
    title = t("costs.calls", count=len(entries))
    return markup.heading(title) + markup.scrolling(markup.table(header, rows), title)


def performance_table(page: Page, found: list[Performance], currency: str) -> Markup:
    """Each model's calls, errors, time and cost, and the times once more as bars."""
    t = page.t
    if not found:
        return Markup("")
    header = [t(f"costs.column_{name}") for name in ("model", "calls", "errors", "median", "spent")]
    rows = []
    for each in found:
        errors = ", ".join(
            f"{api_words.failure_words(t, code)} ({count})" for code, count in each.errors.items()
        )
        spent = _amount(page, each.counted, currency)
        if each.unknown:
            spent += " " + t("costs.at_most", count=each.unknown)
        rows.append(
            (
                t("comparing.by_api", model=each.model, provider=each.provider),
                str(each.calls),
                errors or t("costs.no_errors"),
                "" if each.seconds is None else _seconds(page, each.seconds),
                spent,
            )
        )
    times = {
        t("comparing.by_api", model=each.model, provider=each.provider): (
            each.seconds,
            _seconds(page, each.seconds),
        )
        for each in found
        if each.seconds is not None
    }
    return (
        markup.heading(t("costs.metrics"))
        + markup.scrolling(markup.table(header, rows), t("costs.metrics"))
        + bars(page, t("costs.times"), t("costs.column_model"), times)
    )


def quality_table(lab: Lab, page: Page) -> Markup:
    """The scored pictures by the model that made them, a model's scores beside the student's own."""
    t = page.t
    records = lab.own_pictures().values()
    own = {
        record.manifest.image.sha256: own_scores(lab.work, record.manifest.assignment, record.stem)
        for record in records
    }
    found = qualities(records, lab.notebook().entries(), own)
    if not found:
        return Markup("")
    header = [t(f"costs.column_{name}") for name in ("model", "pictures", "by_models", "by_student")]
    rows = [
        (each.model, str(each.pictures), _mean(page, each.by_models), _mean(page, each.by_student))
        for each in found
    ]
    return markup.scrolling(markup.table(header, rows, t("costs.quality")), t("costs.quality"))


def _meter(page: Page, budget: Budget) -> Markup:
    words = page.t("costs.percent", percent=budget.percent)
    return Markup('<meter min="0" max="100" high="80" value="{}" aria-label="{}"></meter> {}').format(
        min(100, budget.percent), page.t(f"costs.budget_{budget.name}"), words
    )


def _cost(page: Page, entry: Entry) -> str:
    t = page.t
    if entry.outcome == "cached":
        return t("provider.origin.cached")
    if entry.state == "reserved":
        return t("costs.set_aside", amount=_amount(page, entry.counted, entry.currency))
    if entry.cost is None:
        return t("costs.unknown", amount=_amount(page, entry.counted, entry.currency))
    return t("provider.origin.free") if entry.origin == "free" else _amount(page, entry.cost, entry.currency)


def _outcome(page: Page, entry: Entry) -> str:
    if entry.outcome in ("answered", "cached", "pending", "abandoned"):
        return page.t(f"costs.outcome_{entry.outcome}")
    return api_words.failure_words(page.t, entry.outcome)


def _amount(page: Page, micros: int, currency: str) -> str:
    return money(micros / MICROS, currency, page.language)


def _seconds(page: Page, seconds: float) -> str:
    return page.t("facts.seconds", seconds=number(round(seconds, 2), page.t.language))


def _mean(page: Page, value: float | None) -> str:
    return page.t("costs.not_scored") if value is None else f"{number(round(value, 1), page.t.language)} / 2"
