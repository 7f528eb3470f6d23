"""Answers survive a round trip; odd values are read for the grader to judge, a broken file is said."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES
from manifests.answers import Answers, SubjectAnswer, load_answers, read_answers, save_answers
from manifests.errors import AnswersError

ANSWERS = Answers(
    language="fr",
    evaluations={
        "baseline": SubjectAnswer(
            image="t2i_run01_baseline-2", scores={"artifacts": 2}, reasons=["C’est net.", "« Oui »"]
        )
    },
    reflection="Première ligne\nSeconde ligne",
)


def test_there_are_none_at_first(tmp_path: Path):
    assert load_answers(tmp_path / "tp2") == Answers()
    assert not (tmp_path / "tp2").exists()


def test_what_is_saved_is_loaded(tmp_path: Path):
    save_answers(tmp_path / "tp2", ANSWERS)
    assert load_answers(tmp_path / "tp2") == ANSWERS
    save_answers(tmp_path / "tp2", Answers(reflection="new"))
    assert load_answers(tmp_path / "tp2").reflection == "new"
    assert [path.name for path in (tmp_path / "tp2").iterdir()] == ["answers.json"]


@pytest.mark.parametrize("score", [3, 1.5, "two", None, True, -1, [1], {"a": 1}, 10**30])
def test_a_wrong_score_is_no_unreadable_file(score: object):
    text = Answers.model_validate({"evaluations": {"x": {"scores": {"y": score}}}}).model_dump_json()
    value = read_answers(text.encode()).evaluations["x"].scores["y"]
    assert value == score
    assert type(value) is type(score)


def test_a_total_is_kept_as_it_was_written():
    assert read_answers(b'{"evaluations": {"x": {"total": 11}}}').evaluations["x"].total == 11
    assert read_answers(b'{"evaluations": {"x": {}}}').evaluations["x"].total is None


def test_a_language_not_spoken_here_is_none():
    assert read_answers(b'{"language": "de"}').language is None
    assert read_answers(b'{"language": ["fr"]}').language is None
    assert read_answers(b'{"language": "fr"}').language == "fr"


REFUSED = {
    "empty": b"",
    "a list": b"[]",
    "NaN": b'{"evaluations": {"x": {"scores": {"y": NaN}}}}',
    "infinity by size": b'{"evaluations": {"x": {"scores": {"y": 1e999}}}}',
    "a broken character": rb'{"reflection": "\udc00"}',
    "a broken character in a score": rb'{"evaluations": {"x": {"scores": {"y": "\udc00"}}}}',
    "reasons as text": b'{"evaluations": {"x": {"reasons": "good"}}}',
    "a reason as number": b'{"evaluations": {"x": {"reasons": [1]}}}',
    "reflection as list": b'{"reflection": []}',
    "a reflection too long": b'{"reflection": "' + b"x" * 20_001 + b'"}',
    "too many reasons": b'{"evaluations": {"x": {"reasons": [' + b'"",' * 100 + b'""]}}}',
    "too large": b'{"other": "' + b"x" * 300_000 + b'"}',
    "deep": b'{"evaluations": {"x": {"scores": {"y": ' + b"[" * 9000 + b"]" * 9000 + b"}}}}",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_a_broken_file_is_refused(data: bytes):
    with pytest.raises(AnswersError) as caught:
        read_answers(data)
    for language in LANGUAGES:
        assert "\n" not in caught.value.in_language(language)


def test_answers_too_long_for_a_file_are_not_saved(tmp_path: Path):
    save_answers(tmp_path, ANSWERS)
    reasons = ["é" * 20_000] * 100
    with pytest.raises(AnswersError):
        save_answers(tmp_path, Answers(evaluations={"x": SubjectAnswer(reasons=reasons)}))
    assert load_answers(tmp_path) == ANSWERS


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "work").write_bytes(b"")
    with pytest.raises(AnswersError):
        save_answers(tmp_path / "work" / "tp2", ANSWERS)


def test_a_file_broken_by_hand_is_put_aside_and_not_lost(tmp_path: Path):
    for text in (b'{"reflection": "an hour of work}', b"{"):
        (tmp_path / "answers.json").write_bytes(text)
        with pytest.raises(AnswersError):
            load_answers(tmp_path)
        save_answers(tmp_path, ANSWERS)
        assert load_answers(tmp_path) == ANSWERS
    assert (tmp_path / "answers.unreadable-1.json").read_bytes() == b'{"reflection": "an hour of work}'
    assert (tmp_path / "answers.unreadable-2.json").read_bytes() == b"{"


def test_a_link_is_neither_read_nor_written_through(tmp_path: Path):
    outside = tmp_path / "outside.json"
    outside.write_bytes(b'{"reflection": "secret"}')
    folder = tmp_path / "tp2"
    folder.mkdir()
    (folder / "answers.json").symlink_to(outside)
    with pytest.raises(AnswersError):
        load_answers(folder)
    save_answers(folder, ANSWERS)
    assert outside.read_bytes() == b'{"reflection": "secret"}'
    assert load_answers(folder) == ANSWERS


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes):
    with contextlib.suppress(AnswersError):
        assert isinstance(read_answers(data), Answers)
