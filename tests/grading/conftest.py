"""One good submission, made once; tests copy it and spoil the copy."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.loader import find_assignment
from manifests.store import Store
from tests.grading.good import make_work


@pytest.fixture(scope="session")
def tp2() -> Assignment:
    return find_assignment("tp2")


@pytest.fixture(scope="session")
def good_work(tmp_path_factory: pytest.TempPathFactory, tp2: Assignment) -> Path:
    """A work folder of `alice` in which everything is in order; not to be changed."""
    work = tmp_path_factory.mktemp("good") / "alice"
    make_work(work, tp2)
    return work


@pytest.fixture
def alice(good_work: Path, tmp_path: Path) -> Store:
    """A copy of the good work, to spoil: `<tmp>/alice`."""
    shutil.copytree(good_work, tmp_path / "alice")
    return Store(tmp_path / "alice", "tp2", "alice")


@pytest.fixture(scope="session")
def make_good(tp2: Assignment) -> Callable[[Path, str], Store]:
    """`make_good(work, student)`: a good submission of that student's own."""
    return lambda work, student: make_work(work, tp2, student)
