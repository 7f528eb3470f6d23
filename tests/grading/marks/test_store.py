"""Marks are a history to which things are only added; nobody overwrites anybody, and nothing is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.marks.lines import LinesError, from_lines, to_lines
from grading.marks.mark import NOTHING, Comment, Mark, Passage, Spot
from grading.marks.store import FILE, Conflict, MarksStore, Wanted

CHECK = "reflection/cost/topic"


@pytest.fixture
def store(tmp_path: Path) -> MarksStore:
    return MarksStore(tmp_path)


def save(store: MarksStore, points: float, version: int, author: str = "ann") -> None:
    store.save(author, [Wanted("alice", CHECK, version, Mark(points=points))])


def test_the_newest_decision_is_the_mark_and_the_others_are_its_history(store: MarksStore) -> None:
    save(store, 0.25, 0)
    save(store, 0.5, 1, "ben")
    assert store.newest()["alice", CHECK].mark.points == 0.5
    told = [(d.version, d.author, d.mark.points) for d in store.history("alice", CHECK)]
    assert told == [(1, "ann", 0.25), (2, "ben", 0.5)]


def test_who_saves_late_gets_both_versions_and_nothing_is_written(store: MarksStore) -> None:
    save(store, 0.25, 0)
    with pytest.raises(Conflict) as caught:
        store.save(
            "ben",
            [Wanted("bob", CHECK, 0, Mark(points=1)), Wanted("alice", CHECK, 0, Mark(points=0.5))],
        )
    [(mine, theirs)] = caught.value.pairs
    assert (mine.mark.points, theirs.mark.points, theirs.author) == (0.5, 0.25, "ann")
    assert len(store.everything()) == 1


def test_an_undo_is_a_new_decision_and_goes_back_step_by_step(store: MarksStore) -> None:
    for version, points in enumerate((0.1, 0.2, 0.3)):
        save(store, points, version)
    assert store.undo("ann", "alice", CHECK, 3).mark.points == 0.2
    assert store.undo("ann", "alice", CHECK, 4).mark.points == 0.1
    save(store, 0.5, 5)
    assert store.undo("ben", "alice", CHECK, 6).mark.points == 0.1
    assert store.undo("ben", "alice", CHECK, 7).mark == NOTHING
    with pytest.raises(LookupError):
        store.undo("ben", "alice", CHECK, 8)
    assert len(store.history("alice", CHECK)) == 8


def test_the_database_itself_refuses_to_change_or_delete_a_decision(
    store: MarksStore, tmp_path: Path
) -> None:
    save(store, 0.25, 0)
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        for statement in ("update decisions set author = 'x'", "delete from decisions"):
            with pytest.raises(sqlite3.IntegrityError, match="append only"):
                database.execute(statement)


texts = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() != "")
places = st.one_of(
    st.none(),
    st.builds(Passage, quote=texts),
    st.builds(Spot, picture=st.just("a" * 64), x=st.floats(0, 1), y=st.floats(0, 1)),
)
marks = st.builds(
    Mark,
    items=st.lists(st.sampled_from(["clear", "vague", "wrong"]), max_size=3).map(tuple),
    points=st.none() | st.floats(0, 1000),
    reason=st.text(max_size=40),
    comments=st.lists(st.builds(Comment, text=texts, place=places), max_size=3).map(tuple),
    flag=st.booleans(),
)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(texts, st.sampled_from([CHECK, "reflection", "name:x"]), marks), max_size=8))
def test_an_export_read_back_is_the_same_history(
    tmp_path_factory: pytest.TempPathFactory, taken: list[tuple[str, str, Mark]]
) -> None:
    store = MarksStore(tmp_path_factory.mktemp("marks"))
    for student, check, mark in taken:
        version = len(store.history(student, check))
        store.save("ann", [Wanted(student, check, version, mark)])
    data = to_lines(store.everything())
    other = MarksStore(tmp_path_factory.mktemp("other"))
    assert other.restore(from_lines(data)) == len(taken)
    assert other.restore(from_lines(data)) == 0
    assert to_lines(other.everything()) == data


def test_a_line_that_is_no_decision_is_said(store: MarksStore) -> None:
    save(store, 0.25, 0)
    data = to_lines(store.everything())
    for bad in (b"{}\n", b"[" * 10_000 + b"\n", b"\xff\n"):
        with pytest.raises(LinesError, match="line 2"):
            list(from_lines(data + bad))


WRITER = """
import sys
from pathlib import Path
from grading.marks.mark import Mark
from grading.marks.store import MarksStore, Wanted
store = MarksStore(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), 1_000_000):
    store.save("ann", [Wanted(f"student{number}", "a/b/c", 0, Mark(points=1))])
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_a_process_killed_at_any_moment_loses_no_mark_that_it_said_was_saved(tmp_path: Path) -> None:
    said = -1
    for wait in (0.0, 0.01, 0.03, 0.05, 0.1):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(said + 1 if said >= 0 else 0)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        numbers = [int(line) for line in (first + rest).split("\n") if line.strip()]
        there = {student for student, _ in MarksStore(tmp_path).newest()}
        assert {f"student{number}" for number in range(max(numbers) + 1)} <= there
        said = len(there) - 1
