"""Whatever is sent as the form of a place: marks within their bounds come out of it, or it is refused."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.assignment import Assignment
from grading.class_.one import Entry
from grading.desk.forms import Form, FormError, packed, wanted_marks, wanted_of, whole_number
from grading.desk.queue import Place
from grading.desk.seats import Seat
from grading.marks.mark import NOTHING, Comment, Decision, Mark
from grading.results import CheckResult, Grade

CHECKS = {"reflection/text/lines": False, "reflection/cost_quality/topic": True}
NAMES = [f"{kind}:{check}" for check in CHECKS for kind in ("version", "items", "points", "reason")]
NAMES += ["version:reflection", "comment", "quote", "spot", "x", "y", "flag", "action"]
BEFORE = Mark(items=("stated",), reason="since", comments=(Comment(text="early"),))


def seen_at(check: str, version: int) -> Mark:
    """As if everything had been decided once."""
    return BEFORE if version else NOTHING


values = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["0", "1", "0.25", "0,5", "-1", "nan", "1e999", "{}", "null", "remove:0", "remove:9", "bank:x"]
    ),
    st.sampled_from(["a" * 64, "x" * 5000, "next", "bank:" + "y" * 5000]),
)
forms = st.dictionaries(st.sampled_from(NAMES), st.lists(values, min_size=1, max_size=3))


def place(tp2: Assignment) -> Place:
    checks = tuple(
        CheckResult(id=name, title=name, passed=None if open_ else True, points=0, maximum=0.5,
                    needs_person=open_)
        for name, open_ in CHECKS.items()
    )  # fmt: skip
    grade = Grade(student="a", assignment="tp2", gradable=True, points=0, maximum=20, checks=checks)
    exercise = tp2.exercise("reflection")
    assert exercise
    return Place(exercise, Seat(Entry.of(Path("/a"), "a", "a"), "k", 1, grade, {}))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(forms)
def test_a_form_gives_marks_within_bounds_or_is_refused(
    tp2: Assignment, fields: dict[str, list[str]]
) -> None:
    whole: dict[str, list[str]] = {}
    for name in ("reflection", *CHECKS):
        whole |= {f"version:{name}": ["0"]}
    try:
        wanted = wanted_marks(Form(whole | fields), place(tp2), seen_at)
    except FormError:
        return
    for each in wanted:
        assert each.student == "a"
        assert each.check in ("reflection", *CHECKS)
        assert each.mark.points is None or 0 <= each.mark.points <= 0.5
        kept: dict[str, Any] = {"student": "a", "author": "ann", "time": "2026-11-27T00:00:00Z"}
        decision = Decision(check=each.check, version=each.version + 1, mark=each.mark, **kept)
        assert Decision.model_validate_json(decision.model_dump_json()) == decision
    assert wanted_of(packed(wanted), "a") == wanted


def test_only_the_checks_of_the_place_are_written(tp2: Assignment) -> None:
    fields = {
        "version:reflection": ["0"], "comment": ["well"],
        "version:code/code/code": ["0"], "points:code/code/code": ["1"],
    }  # fmt: skip
    assert [each.check for each in wanted_marks(Form(fields), place(tp2), seen_at)] == ["reflection"]


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "²", "9" * 5000])
def test_what_is_no_number_of_a_pages_own_is_no_form(text: str) -> None:
    """One of five thousand digits too: Python refuses to read it."""
    with pytest.raises(FormError):
        whole_number(text)
    assert whole_number("12") == 12
