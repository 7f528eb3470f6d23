"""What is written beside pictures: a program sees that it stands there, a person reads it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.i18n import Bilingual, translator
from exercises.kinds import Observe
from exercises.kinds.observe import Question
from grading.checks.kind import Evidence
from grading.checks.observe import KIND, check_observe
from grading.submission.reading import Submission
from lab.records import answers as answering
from manifests.answers import Answers, load_answers, read_answers

KEPT = Question(id="kept", title=Bilingual(en="Kept", fr="Conservé"))
SO = Question(id="so", title=Bilingual(en="So", fr="Donc"), words_minimum=5)
SEEN = Observe(
    id="seen",
    title=Bilingual(en="Seen", fr="Vu"),
    points=2,
    texts={},
    of="many",
    pictures=("run_a", "run_b"),
    questions=(KEPT,),
    conclusions=(SO,),
)
Texts = dict[tuple[str | None, str], str]
WELL: Texts = {("run_a", "kept"): "The outline and framing.", ("run_b", "kept"): "Only the framing stays."}
CONCLUDED: Texts = {(None, "so"): "Beyond 0.6 the product is another one."}


def submission(texts: Texts) -> Submission:
    answers = Answers()
    for (run, question), text in texts.items():
        answering.observed("seen", run, question, text)(answers)
    return Submission("alice", "small", answers=answers)


def statuses(texts: Texts, prompts: tuple[str, ...] = ()) -> list[str]:
    evidence = Evidence(submission(texts), {}, prompts, {})
    return [result.check("seen", 1.0, "en").status for result in check_observe(SEEN, evidence)]


def test_each_question_and_each_conclusion_is_one_check_for_a_person():
    assert statuses(WELL | CONCLUDED) == ["open", "open"]


def test_nothing_written_is_not_yet_and_not_wrong():
    assert statuses({}) == ["to_do", "to_do"]


def test_a_picture_without_its_text_is_named():
    texts: Texts = {("run_a", "kept"): WELL["run_a", "kept"]}
    check = check_observe(SEEN, Evidence(submission(texts), {}, (), {}))[0].check("seen", 1.0, "en")
    assert check.status == "to_do"
    assert check.cause
    assert "run_b" in check.cause.message
    assert (check.cause.expected, check.cause.actual) == ("2", "1")


@pytest.mark.parametrize("text", ["...", "ok", "\u2800 \u200b", "lorem ipsum dolor sit amet", "12345"])
def test_what_only_looks_like_a_text_earns_nothing(text: str):
    assert statuses(WELL | {("run_b", "kept"): text, (None, "so"): text})[0] in ("failed", "to_do")


def test_the_prompt_is_no_observation():
    prompt = "a red bag on a minimalist gray background"
    assert statuses(WELL | {("run_b", "kept"): prompt}, (prompt,))[0] == "failed"


def test_the_same_words_beside_two_pictures_are_told_to_the_person_who_reads():
    same: Texts = dict.fromkeys(WELL, "The outline and framing stay.")
    check = check_observe(SEEN, Evidence(submission(same), {}, (), {}))[0].check("seen", 1.0, "en")
    assert check.status == "open"
    assert check.cause
    assert "run_a, run_b" in check.cause.message


def test_the_report_shows_each_text_under_its_picture():
    texts = KIND.texts(SEEN, submission(WELL | CONCLUDED), translator("grading", "en"))
    assert [(t.title, t.body) for t in texts] == [
        ("run_a", "Kept: The outline and framing."),
        ("run_b", "Kept: Only the framing stays."),
        ("So", "Beyond 0.6 the product is another one."),
    ]


@given(st.dictionaries(st.sampled_from([*WELL, *CONCLUDED, ("run_c", "x")]), st.text(max_size=200)))
def test_whatever_is_written_a_program_gives_no_point_for_it(texts: Texts):
    assert "passed" not in statuses(texts)


def test_a_text_is_saved_as_typed_and_bounded(tmp_path: Path):
    answering.update(tmp_path, "en", answering.observed("seen", "run_a", "kept", "x" * 99_999))
    answering.update(tmp_path, "en", answering.observed("seen", None, "so", "  two  spaces "))
    own = load_answers(tmp_path).observations["seen"]
    assert len(own.pictures["run_a"]["kept"]) == answering.OBSERVATION_LENGTH
    assert own.conclusions["so"] == "  two  spaces "


def test_answers_from_before_are_read():
    assert read_answers(b'{"language": "fr", "reflection": "x"}').observations == {}
