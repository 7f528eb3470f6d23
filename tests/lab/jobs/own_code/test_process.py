"""The process that runs a student's text: no secrets, bounds that hold, the error at its line."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.jobs.own_code.inside import CODE
from lab.jobs.own_code.process import ALLOWED, Bounds, Outcome, environment, run_text

BOUNDS = Bounds(seconds=20, memory=2**30, output=1000)


def ran(folder: Path, text: str, bounds: Bounds = BOUNDS, stopped: threading.Event | None = None) -> Outcome:
    (folder / CODE).write_text(text, encoding="utf-8")
    return run_text(folder, bounds, stopped or threading.Event())


def test_what_it_prints_is_kept_and_it_ends_well(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "print('hé')\nimport sys; print('!', file=sys.stderr)")
    assert (outcome.ended, outcome.output, outcome.error) == ("done", "hé\n!\n", None)


@pytest.mark.parametrize(
    ("text", "line", "kind"),
    [
        ("x = 1\nx = _______\n", 2, "NameError"),
        ("def f():\n    return 1 / 0\n\n\nf()\n", 2, "ZeroDivisionError"),
        ("x = 1\nprint('a'\n", 2, "SyntaxError"),
        ("import json\njson.loads('{')\n", 2, "JSONDecodeError"),
        ("raise SystemExit('enough')", 1, "SystemExit"),
        ("raise ValueError('\\ud800')", 1, "ValueError"),
        ("raise KeyboardInterrupt", 1, "KeyboardInterrupt"),
        ("class E(Exception):\n    def __str__(self):\n        raise E\n\n\nraise E", 6, "E"),
    ],
)
def test_an_error_is_told_with_its_line(tmp_path: Path, text: str, line: int, kind: str) -> None:
    outcome = ran(tmp_path, text)
    assert outcome.ended == "failed"
    assert outcome.error
    assert (outcome.error.line, outcome.error.type) == (line, kind)


def test_no_secret_of_the_lab_is_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "JUPYTERHUB_API_TOKEN", "HF_TOKEN", "GENAI_STUDENT", "PYTHONPATH"):
        monkeypatch.setenv(name, "secret-of-the-lab")
    outcome = ran(tmp_path, "import os\nfor name in os.environ: print(name, os.environ[name])")
    assert "secret-of-the-lab" not in outcome.output
    allowed = set(ALLOWED) | set(environment(tmp_path, {}))
    assert {line.split()[0] for line in outcome.output.splitlines()} - allowed <= {"LC_CTYPE"}


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=10))
def test_whatever_the_lab_has_only_the_allowed_names_are_passed_on(own: dict[str, str]) -> None:
    assert set(environment(Path("/x"), own)) - set(environment(Path("/x"), {})) <= set(ALLOWED)


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="drops to another user")
def test_it_cannot_read_the_environment_of_the_process_that_started_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    reads = "import os; print(open(f'/proc/{os.getppid()}/environ').read())"
    program = (
        "import subprocess, sys\n"
        "if sys.argv[1] == 'hidden':\n"
        "    import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n"
        f"print(subprocess.run([sys.executable, '-c', {reads!r}], env={{}}, capture_output=True, text=True))"
    )
    found = {
        how: subprocess.run(
            ["/usr/bin/env", "python3", "-c", program, how],
            env={"PATH": "/usr/bin:/bin", "A_KEY": "secret-of-the-lab"},
            cwd="/",
            user=65534,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for how in ("seen", "hidden")
    }
    assert "secret-of-the-lab" in found["seen"]
    assert "secret-of-the-lab" not in found["hidden"]


def test_the_lab_is_hidden_from_it(tmp_path: Path) -> None:
    ran(tmp_path, "")
    status = Path("/proc/self/status").read_text()  # what is not dumpable belongs to root alone
    assert "CoreDumping:\t0" in status
    import ctypes

    assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0  # PR_GET_DUMPABLE


def test_time_is_bounded_and_what_it_started_ends_with_it(tmp_path: Path) -> None:
    text = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
        "start_new_session=True)\n"
        "open('pid', 'w').write(str(child.pid))\n"
        "while True: pass\n"
    )
    began = time.monotonic()
    outcome = ran(tmp_path, text, Bounds(seconds=2, memory=2**30))
    assert outcome.ended == "time"
    assert time.monotonic() - began < 10
    child = int((tmp_path / "pid").read_text())
    gone = not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert gone


def test_it_can_be_stopped(tmp_path: Path) -> None:
    stopped = threading.Event()
    threading.Timer(0.5, stopped.set).start()
    began = time.monotonic()
    assert ran(tmp_path, "import time\ntime.sleep(60)", stopped=stopped).ended == "stopped"
    assert time.monotonic() - began < 10


def test_memory_is_bounded(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "kept = []\nwhile True: kept.append(bytearray(2**24))", Bounds(20, 2**28))
    assert outcome.ended == "failed"
    assert outcome.error
    assert (outcome.error.type, outcome.error.line) == ("MemoryError", 2)


def test_output_is_bounded(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "while True: print('x' * 10_000)", BOUNDS)
    assert outcome.ended == "output"
    assert len(outcome.output) <= BOUNDS.output


def test_a_file_that_grows_without_end_is_an_error(tmp_path: Path) -> None:
    outcome = ran(tmp_path, "with open('big', 'wb') as file:\n    while True: file.write(b'x' * 2**20)")
    assert outcome.ended in ("failed", "killed")
    assert (tmp_path / "big").stat().st_size <= 64 * 2**20


def test_a_process_that_ends_itself_is_told_apart_from_one_that_is_done(tmp_path: Path) -> None:
    assert ran(tmp_path, "import os\nos.kill(os.getpid(), 9)").ended == "killed"


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(report=st.binary(max_size=50_000))
def test_whatever_is_written_as_the_report_it_is_read_or_left(tmp_path: Path, report: bytes) -> None:
    text = f"import os, sys\nos.write(int(sys.argv[3]), {report!r})\nos._exit(3)"
    outcome = ran(tmp_path, text)
    assert outcome.ended in ("failed", "killed")


def test_it_ends_when_the_lab_is_killed(tmp_path: Path) -> None:
    program = (
        "import threading; from pathlib import Path; from lab.jobs.own_code.process import Bounds, run_text;"
        f"run_text(Path({str(tmp_path)!r}), Bounds(600, 2**30), threading.Event())"
    )
    (tmp_path / CODE).write_text("import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)")
    starter = subprocess.Popen([sys.executable, "-c", program])
    pid = tmp_path / "pid"
    for _ in range(200):
        if pid.exists() and pid.read_text():
            break
        time.sleep(0.1)
    starter.kill()
    starter.wait()
    child = int(pid.read_text())
    for _ in range(100):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.1)
    pytest.fail("the process outlived the lab")
