"""The guards of the test suite itself hold, in one process and in several."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SLOW, WHOLE, OutsideConnection, group_of

TESTS = Path(__file__).parent
CONFTEST = TESTS / "conftest.py"
SEVERAL = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two processes"])


def test_a_connection_beyond_this_machine_fails_the_test():
    # 192.0.2.1 is reserved for documentation: nothing answers there, and the guard acts before anyone could
    with pytest.raises(OutsideConnection), socket.socket() as client:
        client.connect(("192.0.2.1", 9))


def test_a_connection_to_this_machine_is_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())


def run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest over a folder that has the conftest of these tests."""
    (folder / "conftest.py").write_bytes(CONFTEST.read_bytes())
    markers = ["docker", "slurm", "hub", "browser", "slow"]
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n" + "".join(f"    {each}\n" for each in markers))
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "GENAI_", "COV_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-v", "-p", "no:cacheprovider", "-p", "xdist", *options],
        cwd=folder,
        env=ours | environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


SKIPS = """
import pytest
def test_passes(): pass
@pytest.mark.skip(reason="nothing to see here")
def test_is_skipped(): pass
"""


@SEVERAL
def test_a_skip_fails_the_run_where_nothing_may_be_skipped_and_its_reason_is_told(
    tmp_path: Path, workers: tuple[str, ...]
):
    (tmp_path / "test_some.py").write_text(SKIPS)
    allowed = run(tmp_path, *workers)
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
    refused = run(tmp_path, *workers, GENAI_TESTS_SKIP_NOTHING="1")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "1 skipped, and here nothing may be skipped" in refused.stdout
    for said in (allowed, refused):
        assert "nothing to see here" in said.stdout


def test_what_needs_the_one_engine_runs_in_one_process_and_a_file_stays_together(tmp_path: Path):
    fixture = "import pytest\n@pytest.fixture\ndef docker(): pass\n"
    needs = "".join(f"def test_{n}(docker): pass\n" for n in range(4))
    plain = "".join(f"def test_{n}(): pass\n" for n in range(4))
    for folder in ("docker", "other"):
        (tmp_path / folder).mkdir()
    for name in ("one", "two", "three"):
        (tmp_path / "docker" / f"test_docker_{name}.py").write_text(fixture + needs)
        (tmp_path / "other" / f"test_plain_{name}.py").write_text(plain)
    done = run(tmp_path, "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line.split() for line in done.stdout.splitlines() if "PASSED" in line]
    assert len(passed) == 24
    workers: dict[str, set[str]] = {}
    for worker, *_, test in passed:
        workers.setdefault(group_of(test), set()).add(worker)
    assert len(workers) == 4
    assert {len(several) for several in workers.values()} == {1}
    (worker,) = workers["docker"]
    assert next(test for by, *_, test in passed if by == worker).startswith("docker/")  # the long ones begin


def test_of_the_groups_that_start_many_processes_two_run_at_once_however_many_workers_there_are(
    tmp_path: Path,
):
    waits = "import time\n" + "".join(f"def test_{n}(): time.sleep(0.2)\n" for n in range(3))
    for folder in ("hub", "browser", "plain"):
        (tmp_path / folder).mkdir()
        for name in ("one", "two", "three"):
            (tmp_path / folder / f"test_{folder}_{name}.py").write_text(waits)
    done = run(tmp_path, "-n", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line.split() for line in done.stdout.splitlines() if "PASSED" in line]
    assert len(passed) == 27
    workers: dict[bool, set[str]] = {}
    for worker, *_, test in passed:
        workers.setdefault(test.startswith("plain/"), set()).add(worker)
    assert len(workers[False]) == 2
    assert workers[True] - workers[False]  # and the others were not idle


def test_while_containers_come_and_go_no_browser_runs(tmp_path: Path):
    """Each test notes when it begins and ends, in one file that all append to."""
    fixture = "import time\nimport pytest\n@pytest.fixture\ndef docker(): pass\n"
    note = "    with open({file!r}, 'a') as file: file.write('{name} {what}\\n')\n"
    file = str(tmp_path / "noted")
    for folder, count in (("docker", 3), ("hub", 2), ("browser", 2), ("plain", 8)):
        (tmp_path / folder).mkdir()
        for number in range(1 if folder == "docker" else 2):
            tests = "".join(
                f"def test_{n}({'docker' if folder == 'docker' else ''}):\n"
                + note.format(file=file, name=folder, what="begins")
                + "    time.sleep(0.3)\n"
                + note.format(file=file, name=folder, what="ends")
                for n in range(count)
            )
            (tmp_path / folder / f"test_{folder}_{number}.py").write_text(fixture + tests)
    done = run(tmp_path, "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    noted = Path(file).read_text().splitlines()
    assert len(noted) == 2 * (3 + 4 + 4 + 16)
    first, last = noted.index("docker begins"), len(noted) - 1 - noted[::-1].index("docker ends")
    assert {line.split()[0] for line in noted[first:last]} == {"docker", "plain"}


def test_what_needs_the_one_engine_is_refused_where_it_could_run_beside_others(tmp_path: Path):
    (tmp_path / "test_lost.py").write_text(
        "import pytest\n@pytest.fixture\ndef docker(): pass\ndef test_it(docker): pass\n"
    )
    done = run(tmp_path)
    assert done.returncode != 0
    assert "belongs below a folder docker/" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/hub/docker/test_containers.py::test_it[a/b]", "docker"),
        ("tests/hub/spawners/slurm/test_jobs.py::test_it", "slurm"),
        ("tests/lab/web/test_app.py::test_docker/slurm", "tests/lab/web/test_app.py"),
    ],
)
def test_the_group_of_a_test_is_its_file_or_the_single_thing_that_it_needs(nodeid: str, group: str):
    assert group_of(nodeid) == group


@pytest.mark.parametrize("name", SLOW)
def test_every_test_that_is_called_slow_is_there(name: str):
    """A renamed file or test would come back into `make quick` unnoticed."""
    files = [file.read_text(encoding="utf-8") for file in TESTS.rglob(name)]
    if SLOW[name] == WHOLE:
        assert len(files) == 1
        return
    missing = [test for test in SLOW[name] if not any(f"def {test}(" in text for text in files)]
    assert missing == []
