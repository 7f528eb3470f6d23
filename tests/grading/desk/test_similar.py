"""Like answers: what hangs together, whatever the order and case; a program groups and gives nothing."""

from grading.desk.similar import LONGEST, groups

ANSWERS = {
    "a": "More steps cost more time and bring hardly more detail",
    "b": "more STEPS bring hardly more detail, and cost more time!",
    "c": "More steps cost more time and bring hardly any detail",
    "d": "DDIM is smoother than EulerA at the same seed",
    "e": "",
    "f": "???",
    "g": "word " * (LONGEST + 1),
    "h": "word " * (LONGEST + 1),
}


def test_answers_that_share_most_of_their_words_are_one_group_and_the_rest_are_none() -> None:
    assert [group.keys for group in groups(ANSWERS)] == [("a", "b", "c")]


def test_what_hangs_together_by_a_third_is_one_group() -> None:
    words = [f"word{chr(97 + n)}" for n in range(12)]
    chain = {str(n): " ".join(words[n : n + 8]) for n in (0, 4, 2)}
    assert [set(group.keys) for group in groups(chain)] == [{"0", "2", "4"}]
    assert groups({name: chain[name] for name in ("0", "4")}) == []
