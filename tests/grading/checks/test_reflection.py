"""How lines are counted and points are seen, as students are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.assignment import Assignment
from exercises.i18n import Bilingual
from exercises.kinds import Reflection
from exercises.kinds.parts import Topic
from grading.checks.reflection import LineCount, count_lines, length_fits
from grading.checks.text_rules import touches

WORD = "word "


def fits(text: str) -> bool | None:
    return length_fits(count_lines(text), 8, 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n".join(["a line of words"] * 8), True),
        ("\n".join(["a line of words"] * 12), True),
        ("\n".join(["a line of words"] * 7), False),
        ("\n".join(["a line of words"] * 13), False),
        ("\n\n \n".join(["a line of words"] * 8), True),  # empty lines do not count
        ("\r\n".join(["a line of words"] * 9), True),
        ("\n".join([WORD * 30] * 7), False),  # 150 characters: typed lines, however wide
        ("\n".join([WORD * 40] * 10), True),  # as typed it fits
        (WORD * 200, True),  # 1,000 characters: 9 to 13 lines
        (WORD * 128, True),  # 640 characters: 8 lines of 80
        (WORD * 112, None),  # 560 characters: 7 lines of 80, one short
        (WORD * 80, False),
        (WORD * 288, True),  # 1,440 characters: 12 lines of 120
        (WORD * 312, None),  # 1,560 characters: 13 lines of 120, one over
        (WORD * 600, False),
        ("", False),
        ("x" * 200_000, False),
    ],
)
def test_a_length_fits_by_lines_as_typed_or_as_they_stand_on_a_page(text: str, expected: bool | None) -> None:
    assert fits(text) is expected


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        (159, LineCount(1, 1, 1)),
        (160, LineCount(1, 1, 1)),
        (161, LineCount(1, 2, 3)),
        (170, LineCount(1, 2, 3)),
    ],
)
def test_a_line_of_more_than_160_characters_is_a_paragraph(characters: int, expected: LineCount) -> None:
    line = (WORD * 40)[: characters - 1] + "x"
    assert len(line) == characters
    assert count_lines(line) == expected


def test_three_paragraphs_of_a_page_fit() -> None:
    assert count_lines("\n\n".join([WORD * 65, WORD * 58, WORD * 100])) == LineCount(3, 3 + 3 + 5, 5 + 4 + 7)
    assert fits("\n\n".join([WORD * 65, WORD * 58, WORD * 100])) is True


@given(st.text(max_size=3000))
def test_any_text_has_a_count_in_order(text: str) -> None:
    count = count_lines(text)
    assert count.typed <= count.fewest <= count.most


@given(st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=160), max_size=30))
def test_lines_that_are_no_paragraphs_are_counted_exactly(lines: list[str]) -> None:
    count = count_lines("\n".join(lines))
    assert count == LineCount(len(lines), len(lines), len(lines))


def topic(*words: str) -> Topic:
    return Topic(id="t", title=Bilingual(en="t", fr="t"), words={"fr": words})


@pytest.mark.parametrize(
    ("text", "stem", "seen"),
    [
        ("Le COUT augmente", "coût", True),
        ("les coûts", "coût", True),
        ("cou\N{COMBINING CIRCUMFLEX ACCENT}t", "coût", True),
        ("Reproductibilité", "reproduc", True),
        ("irréproductible", "reproduc", False),  # a word must begin with it
        ("la main-d’œuvre", "oeuvre", True),
        ("à l’identique", "à l'identique", True),
        ("trade\noff", "trade off", True),
        ("nothing of it", "coût", False),
        ("(seed=42)", "seed", True),
        ("a.b", "a+b", False),  # no pattern language
    ],
)
def test_a_point_is_seen_by_the_beginnings_of_words(text: str, stem: str, seen: bool) -> None:
    assert touches(text, topic(stem)) is seen


def test_a_point_is_seen_in_either_language(tp2: Assignment) -> None:
    reflection = next(e for e in tp2.exercises if isinstance(e, Reflection))
    by_id = {t.id: t for t in reflection.topics}
    assert touches("more steps, more latency", by_id["cost_quality"])
    assert touches("plus d’étapes, plus de latence", by_id["cost_quality"])
    assert not touches("the weather is fine", by_id["cost_quality"])
