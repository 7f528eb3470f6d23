"""Rounds of a pipeline: draw, let a model look and say a better prompt, draw that, until a rule ends it.

Rule: each round leaves a picture in the store and an answer in the notebook, both written before the next one
begins; so a stop or a kill loses nothing of the rounds before. Who draws and who looks are chosen apart; each
falls back as it does alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event as Flag
from typing import Literal

from exercises.i18n import Language
from exercises.kinds import Pipeline
from exercises.kinds.pipeline import ROUND_RUN
from grading.checks.pipeline import found_share, said_lists
from lab.engine.protocol import Cancelled, Engine
from lab.engine.requests import HIGHEST_SEED, request_for
from lab.jobs.analyse import AnswerSaved, ModelSelection, Question, QuestionJob
from lab.jobs.api_pictures import MAX_PROMPT, ApiPicture, check_prompt
from lab.jobs.generate import PictureSaved, generate
from lab.jobs.protocol import StoppableJob, Stored
from lab.providers.opening import AnyRouter
from lab.providers.replies import plain
from manifests.analysis import Analysis
from manifests.manifest import Charge, Cost
from manifests.notebook import Notebook
from manifests.store import Record, Store

Draws = str | ModelSelection  # a model of the registry, or one behind an API
MOST_SHOWN = 20  # things that a picture lacks
Why = Literal["good_enough", "rounds", "budget", "same"]


@dataclass(frozen=True)
class Round:
    """A picture, and what was said of it, if anything was."""

    record: Record
    answer: Analysis | None = None

    @property
    def found(self) -> float | None:
        """How much of what was looked for is in the picture; None where nothing could be looked for."""
        return found_share(self.answer)

    @property
    def lacks(self) -> list[str]:
        """What the picture is said to lack, as it is shown."""
        return lacking(self.answer)

    @property
    def better_prompt(self) -> str:
        """One line that a request can hold; empty where the answer has none."""
        return plain(
            (self.answer.answered.data or {}).get("better_prompt") if self.answer else "", most=MAX_PROMPT
        )

    @property
    def seconds(self) -> float:
        """Of drawing and of looking."""
        return self.record.manifest.seconds + (self.answer.seconds if self.answer else 0)

    @property
    def costs(self) -> list[Charge | Cost]:
        """What providers have charged for it."""
        answer = [self.answer.cost] if self.answer else []
        picture = self.record.manifest.cost
        return [*([picture] if picture else []), *answer]


def lacking(answer: Analysis | None) -> list[str]:
    """What is said to be missing, or not surely there: bounded, in plain lines."""
    said = [*said_lists(answer, "missing"), *said_lists(answer, "unsure")]
    return [*(plain(each) for each in said[:MOST_SHOWN]), *(["…"] if len(said) > MOST_SHOWN else [])]


@dataclass(frozen=True)
class RoundBegun:
    """Round `number` of at most `most` begins."""

    number: int
    most: int


@dataclass(frozen=True)
class RoundsDone(Stored):
    """All rounds are on disk; `why` they ended."""

    rounds: tuple[Round, ...]
    why: Why


def spent(rounds: Sequence[Round]) -> float | None:
    """The sum of what the rounds cost; None where one of them cost what nobody knows."""
    amounts = [cost.amount for each in rounds for cost in each.costs]
    return sum(amount for amount in amounts if amount is not None) if None not in amounts else None


def best(rounds: Sequence[Round]) -> Round | None:
    """The round of which most was found, the earliest of several."""
    return max(rounds, key=lambda each: -1 if each.found is None else each.found, default=None)


@dataclass
class Rounds:
    """`events()` is for one reader, and gives RoundsDone last, or how a picture or an answer failed.

    `draw(prompt, number)` and `look(record)` begin a round's two jobs; `number` counts from 0.
    """

    first: str
    draw: Callable[[str, int], StoppableJob]
    look: Callable[[Record], StoppableJob]
    most: int
    good_enough: float = 1.0
    budget: float | None = None
    new_seed: bool = True
    _stop: Flag = field(default_factory=Flag)
    _job: StoppableJob | None = None

    def events(self) -> Iterator[object]:
        """Raises UserError where nobody draws or looks."""
        prompt, rounds = self.first, list[Round]()
        for number in range(self.most):
            yield RoundBegun(number + 1, self.most)
            last: object = None
            for last in self._follow(self.draw(prompt, number)):
                yield last
            if not isinstance(last, PictureSaved):
                return
            record = last.record
            for last in self._follow(self.look(record)):
                yield last
            if not isinstance(last, AnswerSaved):
                return
            rounds.append(Round(record, last.analysis))
            why = self._ended(rounds, prompt)
            if why:
                yield RoundsDone(tuple(rounds), why)
                return
            prompt = rounds[-1].better_prompt or prompt

    def cancel(self) -> None:
        """Stop what goes on; rounds that are done stay."""
        self._stop.set()
        if self._job is not None:
            self._job.cancel()

    def _follow(self, job: StoppableJob) -> Iterator[object]:
        self._job = job
        if self._stop.is_set():
            job.cancel()
            yield Cancelled()
            return
        yield from job.events()

    def _ended(self, rounds: Sequence[Round], prompt: str) -> Why | None:
        newest, cost = rounds[-1], spent(rounds)
        if newest.found is not None and newest.found >= self.good_enough:
            return "good_enough"
        if len(rounds) == self.most:
            return "rounds"
        if self.budget is not None and (cost is None or cost >= self.budget):
            return "budget"
        if not self.new_seed and newest.better_prompt in ("", prompt):
            return "same"
        return None


@dataclass(frozen=True)
class Tools:
    """What rounds work with: where they are kept, and who is asked."""

    store: Store
    notebook: Notebook
    engine: Engine
    router: AnyRouter


def rounds_job(
    tools: Tools,
    exercise: Pipeline,
    *,
    prompt: str,
    draws: Draws,
    looks: ModelSelection,
    language: Language,
    most: int,
) -> Rounds:
    """At most so many further rounds of the exercise, from `prompt` on, else from the exercise's own.

    What is wanted stays what the exercise says. Raises BadPrompt.
    """
    first, done = prompt or exercise.start.prompt, len(rounds_of(tools.store, tools.notebook))
    check_prompt(first)
    return Rounds(
        first=first,
        draw=partial(_draw, tools, exercise, draws, done),
        look=partial(_look, tools, exercise, looks, language),
        most=most,
        good_enough=exercise.good_enough,
        budget=exercise.budget,
        new_seed=exercise.new_seed,
    )


def rounds_of(store: Store, notebook: Notebook) -> list[Round]:
    """The rounds on disk, in their order, each with the newest answer about its picture."""
    said: dict[str, Analysis] = {}
    for entry in notebook.entries():
        if isinstance(entry, Analysis) and entry.asked.task == "improve":
            said |= {seen.sha256: entry for seen in entry.asked.images}
    made = [record for record in store.records() if record.manifest.run == ROUND_RUN]
    made.sort(key=lambda record: record.manifest.attempt)
    return [Round(record, said.get(record.manifest.image.sha256)) for record in made]


def _draw(tools: Tools, exercise: Pipeline, draws: Draws, done: int, prompt: str, place: int) -> StoppableJob:
    start = exercise.start
    seed = (start.seed + done + place) % (HIGHEST_SEED + 1) if exercise.new_seed else start.seed
    if isinstance(draws, ModelSelection):
        return ApiPicture(tools.store, tools.router, exercise.id, ROUND_RUN, prompt, draws, seed=seed)
    request = request_for(start.model_copy(update={"prompt": prompt, "seed": seed}), draws)
    return generate(tools.store, tools.engine, exercise.id, ROUND_RUN, request, model=draws)


def _look(
    tools: Tools, exercise: Pipeline, looks: ModelSelection, language: Language, record: Record
) -> StoppableJob:
    question = Question("improve", language, record, goal=exercise.start.prompt)
    return QuestionJob(tools.notebook, tools.router, exercise.id, question, looks)
