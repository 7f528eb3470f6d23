"""A machine's opinion of a picture earns nothing and costs nothing."""

from pathlib import Path

import pytest

from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.submission.reading import open_submission
from manifests.manifest import Adherence, Sought
from tests.grading.good import make_work

TP2 = find_assignment("tp2")


def opinion(*, found: bool) -> Adherence:
    parts = (
        Sought(kind="object", asked="headphones", probability=0.5, first="headphones" if found else "cat"),
    )
    return Adherence(judge="mini-judge", weights_sha256="0" * 64, parts=parts, found=int(found))


@pytest.mark.parametrize("found", [True, False])
def test_the_checks_say_the_same_with_an_opinion_as_without(tmp_path: Path, found: bool):
    make_work(tmp_path / "with" / "alice", TP2, adherence=opinion(found=found))
    make_work(tmp_path / "without" / "alice", TP2)
    with_it, without = (open_submission(tmp_path / folder / "alice", "tp2") for folder in ("with", "without"))
    assert all(recorded.manifest.adherence for recorded in with_it.own if recorded.manifest.proof is None)
    results = check_submission(TP2, with_it, "en")
    assert results == check_submission(TP2, without, "en")
    assert all(result.passed for result in results if not result.needs_person)
