"""The checks are those of the folder as it is; while nothing in it changes they are not run again."""

import os
from pathlib import Path

import pytest

from exercises.loader import find_assignment
from lab.session import lab as lab_module
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from tests.grading.good import make_work

TP2 = find_assignment("tp2")


@pytest.fixture
def full(tmp_path: Path) -> Lab:
    make_work(tmp_path, TP2, "jane.doe")
    return Lab(LabSettings(), TP2, tmp_path, "jane.doe", None)  # type: ignore[arg-type]


def test_checks_are_run_once_for_a_folder_that_stays_as_it_is(
    full: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    check = lab_module.check_submission

    def counting(*values: object) -> object:
        asked.append(str(values[2]))
        return check(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(lab_module, "check_submission", counting)
    first = full.checks("en")
    assert full.checks("en") == first
    assert full.checks("fr") != first
    assert asked == ["en", "fr"]


def test_any_change_on_disk_is_seen_at_once(full: Lab) -> None:
    def done() -> dict[str, object]:
        return {check.id: check.passed for check in full.checks("en")}

    before = done()
    full.store().delete("t2i_run06_ddim")
    deleted = done()
    assert deleted != before
    full.store().restore("t2i_run06_ddim")
    assert done() == before
    picture = full.store().outputs / "t2i_run06_ddim.png"
    kept = picture.stat()
    data = bytearray(picture.read_bytes())
    data[-20] ^= 1
    picture.write_bytes(data)  # as long as before, and by its times as old
    os.utime(picture, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert done() != before
    full.folder.joinpath("answers.json").unlink()
    assert not any(done()[name] for name in done() if name.startswith("reflection/"))
