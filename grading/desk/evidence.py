"""What stands beside an answer: the texts, the pictures with their records, the plan, how the work went.

Everything here comes from a student: it passes the veil and is escaped by the templates; nothing is decided.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exercises.assignment import Assignment
from exercises.i18n import Translator, labelled, number
from exercises.kinds import Exercise, Observe
from grading.checks import KINDS, as_given
from grading.checks.runs import deviations
from grading.desk.veil import Veil
from grading.submission.reading import Recorded, Submission
from manifests.manifest import Request

MAX_TEXT = 20_000
MAX_PICTURES = 60
PAUSE = timedelta(minutes=30)  # a longer one ends a sitting
MAX_SITTINGS = 100


@dataclass(frozen=True)
class Said:
    """What the student wrote, below a heading; `picture` is the run it is about, where it is about one."""

    title: str
    body: str
    code: bool = False
    picture: str = ""


@dataclass(frozen=True)
class Deviation:
    """A parameter that is not as it was planned."""

    name: str
    planned: str
    actual: str


@dataclass(frozen=True)
class Shown:
    """A picture; `sha` asks for it (missing without one), `text` is what the student wrote beside it."""

    title: str
    alt: str
    sha: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    deviations: tuple[Deviation, ...] = ()
    opinion: tuple[str, ...] = ()
    manifest: str = ""
    text: str = ""


@dataclass(frozen=True)
class Sitting:
    """A time of work without a longer pause: when, how long, and what was made, in words."""

    start: datetime
    minutes: int
    pictures: int
    tried: str
    ticks: tuple[float, ...]  # when each picture was made, from 0 to 100


@dataclass(frozen=True)
class Evidence:
    texts: tuple[Said, ...]
    pictures: tuple[Shown, ...]
    sittings: tuple[Sitting, ...]
    names: tuple[str, ...] = ()  # that the record bears too, and nobody has confirmed


def evidence(
    assignment: Assignment, exercise: Exercise, submission: Submission, veil: Veil, t: Translator
) -> Evidence:
    """All that helps to judge one exercise of a submission."""
    written = [
        Said(veil.line(text.title), veil.text(text.body[:MAX_TEXT]), text.code)
        for text in KINDS[exercise.kind].texts(exercise, submission, t)
    ]
    beside = {text.title: text.body for text in written}
    pictures = _pictures(assignment, exercise, submission, veil, t, beside)
    with_picture = {shown.title for shown in pictures if shown.text}
    texts = tuple(text for text in written if text.title not in with_picture)
    names = () if veil.on else submission.other_names
    return Evidence(texts, pictures, sittings(submission, veil), names)


def _pictures(
    assignment: Assignment,
    exercise: Exercise,
    submission: Submission,
    veil: Veil,
    t: Translator,
    beside: dict[str, str],
) -> tuple[Shown, ...]:
    """The exercise's own pictures, or those it is about; where it is about none, all that were planned."""
    of = exercise.of if isinstance(exercise, Observe) else exercise.id
    given = as_given(assignment, submission)
    runs = {run.id: (e.id, run) for e, run in given.planned_runs()}
    names = [name for name, (owner, _) in runs.items() if owner == of]
    own = [r for r in submission.own if r.manifest.exercise == of and r.manifest.run not in names]
    if not names and not own:
        names = list(runs)
    shown: list[Shown] = []
    for name in names:
        owner, run = runs[name]
        attempts = submission.attempts(owner, name)
        text = beside.get(name, "")
        if not attempts:
            shown.append(Shown(name, t("report.no_picture"), text=text))
            continue
        newest = attempts[-1]
        differing = tuple(
            Deviation(each, _value(planned), veil.line(_value(asked)))
            for each, planned, asked in deviations(run, newest)
        )
        shown.append(_shown(newest, name, len(attempts), differing, text, veil, t))
    shown += [_shown(r, r.stem, 1, (), "", veil, t) for r in own]
    sources = {r.manifest.request.source.sha256 for r in submission.own if r.manifest.request.source}
    if any(r.manifest.request.source for r in submission.own if r.manifest.exercise == of):
        shown = [Shown(t("report.source"), t("report.source_alt"), sha) for sha in sorted(sources)] + shown
    return tuple(shown[:MAX_PICTURES])


def _shown(
    recorded: Recorded,
    title: str,
    attempts: int,
    differing: tuple[Deviation, ...],
    text: str,
    veil: Veil,
    t: Translator,
) -> Shown:
    made = recorded.manifest
    prompt = veil.line(made.request.prompt, 500)
    facts = [(t("desk.prompt"), prompt)]
    if isinstance(made.request, Request):
        asked = made.request
        settings = (
            f"{asked.steps} · {number(asked.guidance_scale, t.language)} · {asked.scheduler} · {asked.seed}"
        )
        facts.append((t("desk.settings"), settings))
    facts += [
        (t("desk.model"), veil.line(made.model.id)),
        (t("desk.made"), f"{made.time.astimezone():%Y-%m-%d %H:%M}"),
        (t("desk.seconds"), number(round(made.seconds, 2), t.language)),
        (t("desk.attempts"), str(attempts)),
        (t("desk.receipt"), t("desk.yes" if made.receipt is not None else "desk.no")),
    ]
    if not recorded.sealed:
        facts.append((t("desk.seal"), t("desk.broken")))
    parts = made.adherence.parts if made.adherence else ()
    return Shown(
        title=veil.line(title),
        alt=t("report.alt", run=veil.line(title), prompt=prompt),
        sha=made.image.sha256,
        facts=tuple(facts),
        deviations=differing,
        opinion=tuple(labelled(part.asked, t(f"desk.{part.verdict}"), t.language) for part in parts),
        manifest=veil.text(made.model_dump_json(indent=2, by_alias=True)),
        text=text,
    )


def sittings(submission: Submission, veil: Veil) -> tuple[Sitting, ...]:
    """How the work went, by the manifests' own times: what was made one after the other, and how long."""
    made = sorted(
        (r for r in submission.records if submission.is_mine(r.manifest.student)),
        key=lambda r: r.manifest.time,
    )
    parts: list[list[Recorded]] = []
    for recorded in made:
        if parts and recorded.manifest.time - parts[-1][-1].manifest.time <= PAUSE:
            parts[-1].append(recorded)
        else:
            parts.append([recorded])
    return tuple(_sitting(part, veil) for part in parts[:MAX_SITTINGS])


def _sitting(part: Sequence[Recorded], veil: Veil) -> Sitting:
    start, end = part[0].manifest.time, part[-1].manifest.time
    whole = max((end - start).total_seconds(), 1.0)
    counts = Counter(r.manifest.run for r in part)
    tried = ", ".join(f"{run} × {n}" if n > 1 else run for run, n in counts.items())
    return Sitting(
        start=start.astimezone(),
        minutes=round((end - start).total_seconds() / 60),
        pictures=len(part),
        tried=veil.line(tried, 1000),
        ticks=tuple(round(100 * (r.manifest.time - start).total_seconds() / whole, 1) for r in part),
    )


def _value(value: object) -> str:
    return "–" if value is None else str(value)[:300]
