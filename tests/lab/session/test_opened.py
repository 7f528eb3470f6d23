"""Which assignments are open: those the Hub names with their deadlines, or all of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exercises.errors import UserError
from exercises.loader import find_assignment
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.session.opened import opened
from lab.session.settings import LabSettings

TP2 = find_assignment("tp2")


def ids(settings: LabSettings) -> list[str]:
    return [each.assignment.id for each in opened(settings)]


def test_alone_all_assignments_are_open_and_none_is_due() -> None:
    found = opened(LabSettings(assignment="api-analysis"))
    assert found[0].assignment.id == "api-analysis"
    assert "tp2" in {each.assignment.id for each in found}
    assert {each.due for each in found} == {None}


def test_what_the_hub_names_is_open_with_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAI_OPEN", '{"api-analysis": "2026-12-01T12:00:00+01:00", "tp2": null}')
    first, second = opened(LabSettings())
    assert (first.assignment.id, first.due) == ("tp2", None)
    assert (second.assignment.id, second.due) == ("api-analysis", datetime(2026, 12, 1, 11, tzinfo=UTC))


def test_a_lab_whose_own_assignment_is_not_open_begins_with_one_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GENAI_OPEN", '{"api-analysis": null}')
    assert ids(LabSettings()) == ["api-analysis"]


def test_one_that_cannot_be_read_does_not_close_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "assignment.toml").write_text("points = ")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(tmp_path))
    assert "api-analysis" in ids(LabSettings())
    assert "broken" not in ids(LabSettings())
    with pytest.raises(UserError, match="broken"):
        opened(LabSettings(assignment="broken"))


def test_labs_of_two_assignments_share_queue_and_router_but_not_work_or_what_is_under_way(
    tmp_path: Path,
) -> None:
    lab = Lab(LabSettings(), TP2, tmp_path, "jane", None)  # type: ignore[arg-type]
    other = lab.on(find_assignment("api-analysis"))
    assert lab.on(TP2) is lab
    assert (other.runs, other.engine, other.cache) == (lab.runs, lab.engine, lab.cache)
    assert other.router is lab.router
    assert {lab.folder.name, other.folder.name} == {"tp2", "api-analysis"}

    def failing() -> Any:
        raise UserError("no")

    lab.runs.start(other.task("studio"), [Task("studio", failing)])
    assert lab.runs.of(lab.task("studio")) == []
    assert len(lab.runs.of(other.task("studio"))) == 1
    lab.router.close()
