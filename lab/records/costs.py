"""What was spent, and how models have done so far: sums over the ledger's rows and the student's records.

Pure functions; amounts are micros of the currency's unit, as in the ledger.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from lab.providers.spending import Entry
from manifests.analysis import Analysis, Note
from manifests.store import Record


@dataclass(frozen=True)
class Performance:
    """How one model of one provider has done. `errors`: how often each code came; `seconds`: the median.

    `counted` is what its calls count against the budget; `unknown`: how many of them have no known cost.
    """

    provider: str
    model: str
    calls: int
    answered: int
    errors: Mapping[str, int]
    seconds: float | None
    counted: int
    unknown: int


@dataclass(frozen=True)
class Quality:
    """Pictures of one model as they were scored: mean scores, 0 to 2, by models and by the student."""

    model: str
    pictures: int
    by_models: float | None
    by_student: float | None


def by_day(entries: Iterable[Entry]) -> dict[str, int]:
    """What counts for each day, oldest first; a day without calls is not there."""
    days: dict[str, int] = defaultdict(int)
    for entry in entries:
        days[entry.day] += entry.counted
    return dict(sorted(days.items()))


def performances(entries: Iterable[Entry]) -> list[Performance]:
    """By provider and model, the most asked first. Answers out of the cache are no calls."""
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.outcome not in ("cached", "pending"):
            groups[entry.provider, entry.model].append(entry)
    found = [_performance(provider, model, rows) for (provider, model), rows in groups.items()]
    return sorted(found, key=lambda each: (-each.calls, each.provider, each.model))


def _performance(provider: str, model: str, rows: list[Entry]) -> Performance:
    errors: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.outcome != "answered":
            errors[row.outcome] += 1
    times = [row.seconds for row in rows if row.outcome == "answered" and row.seconds is not None]
    return Performance(
        provider=provider,
        model=model,
        calls=len(rows),
        answered=len(rows) - sum(errors.values()),
        errors=dict(errors),
        seconds=median(times) if times else None,
        counted=sum(row.counted for row in rows),
        unknown=sum(row.origin == "unknown" for row in rows),
    )


def qualities(
    records: Iterable[Record], entries: Iterable[Analysis | Note], own: Mapping[str, Mapping[str, int]]
) -> list[Quality]:
    """By the model that made the scored pictures. `own`: the student's scores by the picture's hash."""
    made_by = {record.manifest.image.sha256: record.manifest.model.id for record in records}
    told: dict[str, list[int]] = {}
    for entry in entries:
        if isinstance(entry, Analysis) and (scores := scores_of(entry)):
            told |= {image.sha256: scores for image in entry.asked.images}
    given = {sha256: list(scores.values()) for sha256, scores in own.items() if scores}
    found = []
    for model in dict.fromkeys(made_by.values()):
        scored = [sha for sha, maker in made_by.items() if maker == model and (sha in told or sha in given)]
        if scored:
            found.append(
                Quality(
                    model,
                    len(scored),
                    _mean([score for sha in scored for score in told.get(sha, ())]),
                    _mean([score for sha in scored for score in given.get(sha, ())]),
                )
            )
    return found


def scores_of(analysis: Analysis) -> list[int]:
    """The scores a model gave; one it could not give is left out."""
    if analysis.asked.task != "quality" or not analysis.answered.data:
        return []
    parts = analysis.answered.data.values()
    scores = [part.get("score") for part in parts if isinstance(part, dict)]
    return [score for score in scores if type(score) is int]


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None
