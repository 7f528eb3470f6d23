"""Rounds of a pipeline: each leaves a picture and an answer, and one of four rules ends them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from exercises.kinds import Pipeline
from exercises.loader import find_assignment
from exercises.parameters import Parameters
from grading.checks.pipeline import found_of
from lab.endpoint.server import Loopback
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Failed
from lab.jobs.analyse import AnswerSaved, ModelSelection
from lab.jobs.generate import PictureSaved
from lab.jobs.pipeline import Rounds, RoundsDone, Tools, best, rounds_job, rounds_of, spent
from lab.providers.address import Address
from lab.providers.opening import open_router
from manifests.analysis import Answered, Asked, Seen
from manifests.manifest import Charge
from manifests.notebook import Notebook
from manifests.store import Record, Store
from tests.manifests.conftest import make_draft, make_picture

FREE = Charge(amount=0, currency="USD", origin="free")


@dataclass
class Scripted:
    """A job that tells these events, made when they are read."""

    make: Callable[[], list[Any]]
    stopped: bool = False

    def events(self) -> Iterator[Any]:
        yield from [Cancelled()] if self.stopped else self.make()

    def cancel(self) -> None:
        self.stopped = True


@dataclass
class Table:
    """Pictures and answers as a test says; what was asked for is in `prompts`."""

    work: Path
    answers: list[dict[str, Any]]
    cost: Charge = FREE
    prompts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store, self.notebook = Store(self.work, "tp3", "jane"), Notebook(self.work, "tp3", "jane")

    def draw(self, prompt: str, place: int) -> Scripted:
        self.prompts.append(prompt)
        draft = make_draft(run="round")
        return Scripted(lambda: [PictureSaved(self.store.save(draft, make_picture(place)))])

    def look(self, record: Record) -> Scripted:
        return Scripted(lambda: [AnswerSaved(self._answer(record))])

    def _answer(self, record: Record) -> Any:
        image = Seen(assignment="tp3", stem=record.stem, sha256=record.manifest.image.sha256)
        return self.notebook.record(
            "rounds",
            Asked(task="improve", language="en", text="?", images=(image,)),
            Answered(text="", data=self.answers[len(self.prompts) - 1]),
            provider="bundled",
            model="analyser",
            tried=(),
            cached=False,
            seconds=0.5,
            cost=self.cost,
        )

    def rounds(self, **options: Any) -> Rounds:
        given: dict[str, Any] = {"first": "a bag", "draw": self.draw, "look": self.look, "most": 3}
        return Rounds(**given | options)


def said(present: int, missing: int, better: str = "a better bag") -> dict[str, Any]:
    return {"present": ["x"] * present, "missing": ["y"] * missing, "unsure": [], "better_prompt": better}


def last(rounds: Rounds) -> Any:
    return list(rounds.events())[-1]


def test_it_ends_when_a_picture_is_good_enough(tmp_path: Path) -> None:
    table = Table(tmp_path, [said(1, 2), said(3, 0), said(0, 3)])
    done = last(table.rounds())
    assert isinstance(done, RoundsDone)
    assert (done.why, len(done.rounds)) == ("good_enough", 2)
    assert table.prompts == ["a bag", "a better bag"]


def test_how_much_is_good_enough_is_said_by_the_exercise(tmp_path: Path) -> None:
    assert last(Table(tmp_path, [said(2, 1)]).rounds(good_enough=0.66)).why == "good_enough"


def test_it_ends_after_the_most_rounds_and_the_best_is_the_earliest_of_equals(tmp_path: Path) -> None:
    done = last(Table(tmp_path, [said(1, 2), said(2, 1), said(2, 1)]).rounds())
    assert (done.why, len(done.rounds)) == ("rounds", 3)
    chosen = best(done.rounds)
    assert chosen is not None
    assert chosen.record.stem == "round-2"


@pytest.mark.parametrize(
    "cost",
    [
        Charge(amount=0.02, currency="USD", origin="reported"),
        Charge(amount=None, currency="USD", origin="unknown"),
    ],
)
def test_it_ends_when_the_budget_is_spent_or_nobody_knows(tmp_path: Path, cost: Charge) -> None:
    done = last(Table(tmp_path, [said(0, 3)] * 3, cost).rounds(budget=0.02))
    assert (done.why, len(done.rounds)) == ("budget", 1)
    assert spent(done.rounds) == cost.amount


def test_the_same_prompt_under_the_same_seed_is_not_drawn_again(tmp_path: Path) -> None:
    answers = [said(1, 2, "a bag")] * 3
    assert last(Table(tmp_path, answers).rounds(new_seed=False)).why == "same"
    assert last(Table(tmp_path / "other", answers).rounds(new_seed=True)).why == "rounds"


def test_an_answer_that_says_nothing_usable_keeps_the_prompt(tmp_path: Path) -> None:
    table = Table(tmp_path, [{"better_prompt": 7, "present": "all"}, {}, said(1, 1)])
    assert last(table.rounds()).why == "rounds"
    assert table.prompts == ["a bag"] * 3
    assert rounds_of(table.store, table.notebook)[0].found is None


@pytest.mark.parametrize(
    ("better", "asked"),
    [
        ("bag " * 50_000, ("bag " * 500).strip()),
        ("a bag\x1b[2J\x00 \n\n  on\tgrey", "a bag [2J on grey"),
        ("\u202e\x07 \n", "a bag"),
    ],
)
def test_a_better_prompt_is_a_line_that_a_request_can_hold(tmp_path: Path, better: str, asked: str) -> None:
    """A model may answer with 100,000 characters, or with a terminal's commands among them."""
    table = Table(tmp_path, [said(0, 1, better)] * 2)
    assert last(table.rounds(most=2)).why == "rounds"
    prompt = table.prompts[1]
    assert prompt.rstrip("…").strip()[:1900] == asked[:1900]
    assert Parameters(prompt=prompt)
    assert prompt.isprintable()


def test_what_a_model_lists_is_shown_bounded_and_counted_whole(tmp_path: Path) -> None:
    answer = said(0, 0) | {"missing": ["y" * 5000, "a\x1b[2Jb", *["z"] * 3000]}
    table = Table(tmp_path, [answer])
    one = last(table.rounds(most=1)).rounds[0]
    assert len(one.lacks) <= 21
    assert max(map(len, one.lacks)) <= 200
    assert all(each.isprintable() for each in one.lacks)
    assert found_of(one.answer) == (0, 3002)


def test_a_picture_that_fails_ends_the_rounds_and_those_before_stay(tmp_path: Path) -> None:
    table = Table(tmp_path, [said(1, 2)] * 3)

    def draw(prompt: str, place: int) -> Scripted:
        return table.draw(prompt, place) if place == 0 else Scripted(lambda: [Failed("out_of_memory")])

    assert last(table.rounds(draw=draw)) == Failed("out_of_memory")
    assert [each.answer is not None for each in rounds_of(table.store, table.notebook)] == [True]


def test_stop_ends_them_and_whole_rounds_stay(tmp_path: Path) -> None:
    table = Table(tmp_path, [said(1, 2)] * 3)
    rounds = table.rounds()
    seen = []
    for event in rounds.events():
        seen.append(event)
        if isinstance(event, AnswerSaved):
            rounds.cancel()
    assert seen[-1] == Cancelled()
    assert len(rounds_of(table.store, table.notebook)) == 1


def test_the_bundled_models_draw_look_and_say_a_better_prompt(tmp_path: Path, engine: LocalEngine) -> None:
    """The tiny model draws noise, in which the real judge finds nothing that was asked for."""
    loopback = Loopback(engine)
    router = open_router(
        tmp_path, "jane", {"bundled": lambda: Address(loopback.url, SecretStr(loopback.token))}
    )
    exercise = find_assignment("api-analysis").exercise("by_itself")
    assert isinstance(exercise, Pipeline)
    tools = Tools(Store(tmp_path, "tp3", "jane"), Notebook(tmp_path, "tp3", "jane"), engine, router)
    try:
        job = rounds_job(
            tools, exercise, prompt="", draws="mini", looks=ModelSelection(), language="en", most=2
        )
        done = last(job)
    finally:
        router.close()
        loopback.close()
    assert isinstance(done, RoundsDone)
    first, second = rounds_of(tools.store, tools.notebook)
    assert first.record.manifest.request.prompt == exercise.start.prompt
    assert second.record.manifest.request.prompt == first.better_prompt
    assert first.better_prompt.startswith(exercise.start.prompt + ", ")
    assert second.record.manifest.request.seed == exercise.start.seed + 1
    assert spent(done.rounds) == 0
