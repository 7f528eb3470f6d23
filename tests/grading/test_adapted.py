"""The assignment `adapt`: finished work has its points, and what was not taught as asked has none."""

from pathlib import Path

from exercises.assignment import Assignment
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.results import CheckResult
from grading.submission.reading import closing, open_work
from tests.grading.adapted import make_work

ADAPT: Assignment = find_assignment("adapt")
TABS = ("few", "enough", "many")


def checks(work: Path) -> dict[str, CheckResult]:
    with closing(open_work(work, "adapt", "alice")) as submission:
        found = check_submission(ADAPT, submission, "en")
    return {check.id: check for check in found if check.id.split("/")[0] in TABS}


def test_finished_work_is_in_order_and_the_lesson_is_a_persons_to_judge(tmp_path: Path) -> None:
    make_work(tmp_path, ADAPT)
    found = checks(tmp_path)
    assert {name.split("/")[0] for name in found} == set(TABS)
    for name, check in found.items():
        if name.endswith("/lesson"):
            assert check.needs_person, name
        else:
            assert check.passed is True, (name, check.cause)


def test_an_adapter_that_is_gone_or_another_one_is_told(tmp_path: Path) -> None:
    store = make_work(tmp_path, ADAPT)
    files = sorted((store.folder / "adapters").glob("zibou_0240_*.safetensors"))
    files[-1].write_bytes(files[0].read_bytes() + b" ")
    for file in files[:-1]:
        file.unlink()
    found = checks(tmp_path)
    assert found["few/adapter/taught"].passed is not False
    assert found["many/adapter/taught"].passed is True
    assert found["enough/adapter/taught"].passed is False
