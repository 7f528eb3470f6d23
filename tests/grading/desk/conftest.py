"""A class of three at the desk, graded once; each test marks a copy of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from grading.class_.grade import grade_class
from tests.grading.desk.serving import Served, make_class, serving

NAMES = ["alice", "bob", "Marie Dupont"]


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory: pytest.TempPathFactory, tp2: Assignment) -> Path:
    """`subs/` and `out/`; not to be changed."""
    folder = tmp_path_factory.mktemp("graded")
    grade_class(make_class(folder / "subs", tp2, NAMES), tp2, folder / "out", language="en")
    return folder


@pytest.fixture
def subs(tmp_path: Path, graded_class: Path) -> Path:
    """The submissions alone, not graded yet."""
    shutil.copytree(graded_class / "subs", tmp_path / "subs")
    return tmp_path / "subs"


@pytest.fixture
def served(subs: Path, tp2: Assignment, graded_class: Path) -> Iterator[Served]:
    shutil.copytree(graded_class / "out", subs.parent / "out")
    with serving(subs, tp2, subs.parent / "out") as running:
        yield running
