"""Costs: spent and left, call by call, and how each model has done, from the ledger and the disk."""

from collections.abc import Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from lab.providers.spending import Budget, Entry
from lab.records.costs import by_day
from lab.records.own_pictures import own_scores
from lab.records.performance import drawn, performances, qualities
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import charges as api_words
from lab.ui.html import markup
from lab.ui.html.performance import amount, bars, performance_table, quality_tables, seconds
from lab.ui.page import Page
from lab.ui.tabs.asking import ROUTER_FAILS

SHOWN = 100  # calls in the table


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
    records = lab.own_pictures()
    own = {
        record.manifest.image.sha256: own_scores(lab.work, record.manifest.assignment, record.stem)
        for record in records.values()
    }
    return (
        spending(page, standing.budgets, entries, currency),
        call_table(page, entries),
        performance_table(page.t, [*drawn(records.values()), *performances(entries)], currency)
        + quality_tables(page.t, qualities(records.values(), lab.notebook().entries(), own)),
    )


def spending(page: Page, budgets: Sequence[Budget], entries: Sequence[Entry], currency: str) -> Markup:
    """Each budget with what is spent and left of it, then the days."""
    t = page.t
    header = [t(f"costs.column_{name}") for name in ("budget", "spent", "limit", "left", "share")]
    rows = [
        (
            t(f"costs.budget_{budget.name}"),
            amount(page.t, budget.counted, currency),
            t("costs.no_limit") if budget.limit is None else amount(page.t, budget.limit, currency),
            t("costs.no_limit") if budget.left is None else amount(page.t, budget.left, currency),
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
        page.t,
        t("costs.days"),
        t("costs.column_day"),
        {day: (n, amount(page.t, n, currency)) for day, n in days.items()},
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
            "" if entry.seconds is None else seconds(page.t, entry.seconds),
            _cost(page, entry),
            _outcome(page, entry),
        )
        for entry in entries[:SHOWN]
    ]
    title = t("costs.calls", count=len(entries))
    return markup.heading(title) + markup.scrolling(markup.table(header, rows), title)


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
        return t("costs.set_aside", amount=amount(page.t, entry.counted, entry.currency))
    if entry.cost is None:
        return t("costs.unknown", amount=amount(page.t, entry.counted, entry.currency))
    return t("provider.origin.free") if entry.origin == "free" else amount(page.t, entry.cost, entry.currency)


def _outcome(page: Page, entry: Entry) -> str:
    if entry.outcome in ("answered", "cached", "pending", "abandoned"):
        return page.t(f"costs.outcome_{entry.outcome}")
    return api_words.failure_words(page.t, entry.outcome)
