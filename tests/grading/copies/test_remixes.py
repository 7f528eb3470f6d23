"""A prompt that a student took over from the class's wall is told, and is no sign of copying."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.kinds.studio import STUDIO_RUN
from exercises.loader import find_assignment
from grading.copies.items import free_records, prompts
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission, open_work
from manifests.store import Store
from manifests.wall import MOST_REMIXES, REMIXES, Remix, read_remixes, remember_remix, remixes
from tests.grading.good import draft_of, make_work, noise

TP2 = find_assignment("tp2")


def remix(number: int, prompt: str = "a red fox") -> Remix:
    return Remix(id=f"{number:016x}", title="A fox", shown_as="Ada", prompt=prompt)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work with two free pictures."""
    store = make_work(tmp_path, TP2, "jane.doe")
    _, run = TP2.planned_runs()[0]
    for number, prompt in enumerate(("a red fox asleep in the snow", "a lighthouse on a cliff at night")):
        draft = draft_of("studio", run, prompt=prompt)
        store.save(replace(draft, run=STUDIO_RUN), noise(900 + number))
    return tmp_path


def own_prompts(work: Path) -> list[str]:
    with closing(open_work(work, "tp2", "jane.doe")) as submission:
        assert len(free_records(submission, TP2)) >= len(prompts(submission, TP2))
        return [each.text for each in prompts(submission, TP2)]


def test_what_was_taken_over_is_not_compared_and_all_else_is(work: Path) -> None:
    lighthouse, fox = own_prompts(work)
    assert "fox" in fox
    remember_remix(work / "tp2", remix(1, fox.upper()))
    assert own_prompts(work) == [lighthouse]


def test_it_is_handed_in_and_read_there(work: Path) -> None:
    remember_remix(work / "tp2", remix(1, "a prompt of somebody else's"))
    archive = hand_in(TP2, Store(work, "tp2", "jane.doe"), "en")
    assert f"tp2/{REMIXES}" in zipfile.ZipFile(archive).namelist()
    with closing(open_submission(archive, "tp2")) as submission:
        assert [each.prompt for each in submission.remixes] == ["a prompt of somebody else's"]


def test_each_work_is_remembered_once_the_newest_last_and_not_without_end(tmp_path: Path) -> None:
    for number in range(MOST_REMIXES + 5):
        remember_remix(tmp_path, remix(number))
    remember_remix(tmp_path, remix(50, "anew"))
    kept = remixes(tmp_path)
    assert len(kept) == MOST_REMIXES
    assert (kept[-1].prompt, [each.id for each in kept].count(f"{50:016x}")) == ("anew", 1)


@given(st.binary(max_size=300) | st.just(b'{"remixes": [{"id": 3}, 7, null]}') | st.just(b'{"remixes": {}}'))
def test_any_file_is_read_without_an_error(data: bytes) -> None:
    assert read_remixes(data) == []
