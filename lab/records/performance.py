"""How models have done so far: the ledger's calls, the pictures drawn without an API, and their scores.

Pure functions; amounts are micros of the currency's unit, as in the ledger.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lab.providers.spending import Entry
from manifests.analysis import Analysis, Note
from manifests.manifest import Request
from manifests.store import Record


@dataclass(frozen=True)
class Performance:
    """How one model has done. `provider` is empty for one that draws here or at the gateway.

    `errors`: how often each code came. `cached`: answers that were not asked for again; they are no calls.
    `seconds`: the median, `slow`: only one in twenty takes longer. `counted` is what its calls count against
    the budget; `unknown`: how many of them have no known cost. `picture`: what one picture counts on average,
    None where it makes none.
    """

    provider: str
    model: str
    calls: int
    answered: int
    errors: Mapping[str, int]
    cached: int
    seconds: float | None
    slow: float | None
    counted: int
    unknown: int
    picture: float | None

    @property
    def success(self) -> float | None:
        """The share of calls answered; None for what is drawn here: only what was finished is recorded."""
        return self.answered / self.calls if self.provider and self.calls else None

    @property
    def hits(self) -> float | None:
        """The share of answers that came out of the cache."""
        answers = self.answered + self.cached
        return self.cached / answers if self.provider and answers else None


@dataclass(frozen=True)
class Quality:
    """Pictures of one model as they were scored: mean scores, 0 to 2, by models and by the student."""

    model: str
    pictures: int
    by_models: float | None
    by_student: float | None


def performances(entries: Iterable[Entry]) -> list[Performance]:
    """Of models behind an API, by provider and model, the most asked first."""
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.outcome != "pending":
            groups[entry.provider, entry.model].append(entry)
    found = [_performance(provider, model, rows) for (provider, model), rows in groups.items()]
    return sorted(found, key=lambda each: (-each.calls, each.provider, each.model))


def _performance(provider: str, model: str, rows: list[Entry]) -> Performance:
    calls = [row for row in rows if row.outcome != "cached"]
    answered = [row for row in calls if row.outcome == "answered"]
    times = [row.seconds for row in answered if row.seconds is not None]
    made = [row for row in answered if row.kind != "vision"]
    pictures = sum(row.images or 1 for row in made)
    return Performance(
        provider=provider,
        model=model,
        calls=len(calls),
        answered=len(answered),
        errors=Counter(row.outcome for row in calls if row.outcome != "answered"),
        cached=len(rows) - len(calls),
        seconds=median(times) if times else None,
        slow=slow(times),
        counted=sum(row.counted for row in calls),
        unknown=sum(row.origin == "unknown" for row in calls),
        picture=sum(row.counted for row in made) / pictures if pictures else None,
    )


def drawn(records: Iterable[Record]) -> list[Performance]:
    """Of models that draw here or at the gateway, by the student's pictures: they cost nothing."""
    times: dict[str, list[float]] = defaultdict(list)
    for record in records:
        manifest = record.manifest
        if isinstance(manifest.request, Request) and manifest.proof is None:  # not out of their own code
            times[manifest.model.id].append(manifest.seconds)
    return [
        Performance("", model, len(each), len(each), {}, 0, median(each), slow(each), 0, 0, 0.0)
        for model, each in times.items()
    ]


def slow(seconds: Sequence[float]) -> float | None:
    """The time that one in twenty passes: the smallest that 95 % do not; None where there is none."""
    return sorted(seconds)[-(-len(seconds) * 95 // 100) - 1] if seconds else None


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
