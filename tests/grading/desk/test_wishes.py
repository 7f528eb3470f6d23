"""What students ask, as the desk knows it: not asked for at every page, kept while the gateway is silent."""

from datetime import UTC, datetime
from typing import cast

from grading.desk.wishes import HOLDS, Wishes
from grading.feedback.document import LookAgain
from grading.feedback.publishing import GatewayCarrier, PublishError


class Gateway:
    """Answers with `told`, or not at all."""

    def __init__(self) -> None:
        self.told: list[LookAgain] | None = []
        self.asked = 0
        self.answers: list[tuple[int, str, str | None]] = []

    def requests(self, assignment: str) -> list[LookAgain]:
        self.asked += 1
        if self.told is None:
            raise PublishError("publish.no_gateway", reason="gone")
        return self.told

    def answer(self, number: int, answer: str, by: str | None = None) -> None:
        self.answers.append((number, answer, by))


def wish() -> LookAgain:
    return LookAgain(
        number=1, student="ann", assignment="tp2", exercise="sweep", reason="Why?", time=datetime.now(UTC)
    )


def test_the_gateway_is_asked_again_after_a_while_or_after_an_answer() -> None:
    now, gateway = [0.0], Gateway()
    wishes = Wishes(cast(GatewayCarrier, gateway), "tp2", lambda: now[0])
    assert wishes.current() == wishes.current() == []
    gateway.told = [wish()]
    assert (wishes.current(), gateway.asked) == ([], 1)
    now[0] += HOLDS
    assert list(wishes.by_place()) == [("ann", "sweep")]
    wishes.answer(1, "Because.", "anna")
    assert gateway.answers == [(1, "Because.", "anna")]
    wishes.current()
    assert gateway.asked == 3


def test_what_was_told_stays_while_the_gateway_is_silent_and_no_page_waits_for_it_each_time() -> None:
    now, gateway = [0.0], Gateway()
    wishes = Wishes(cast(GatewayCarrier, gateway), "tp2", lambda: now[0])
    gateway.told = [wish()]
    wishes.current()
    gateway.told = None
    now[0] += HOLDS
    assert len(wishes.current()) == len(wishes.current()) == 1
    assert wishes.problem is not None
    assert gateway.asked == 2
    gateway.told = []
    now[0] += HOLDS
    assert wishes.current() == []
    assert wishes.problem is None


def test_without_a_gateway_nobody_can_ask() -> None:
    assert Wishes(None, "tp2").current() == []
