"""The desk is killed while people mark: what it answered to is on the disk.

`benchmarks/desk_kills.py` kills it 200 times.
"""

import os
import random
import shutil
import threading
import time
from pathlib import Path

import httpx2
import pytest

from exercises.assignment import Assignment
from grading.desk.app import open_desk
from tests.grading.desk.process import Marker, running, start

CHECK = "reflection/cost_quality/topic"


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_a_desk_killed_at_random_moments_loses_no_mark(
    tmp_path: Path, subs: Path, graded_class: Path, tp2: Assignment
) -> None:
    out = tmp_path / "out"
    shutil.copytree(graded_class / "out", out)
    marker = Marker("reflection", CHECK)
    for _ in range(4):
        desk = start(subs, out)
        worker = threading.Thread(target=marker.work, args=(desk,))
        worker.start()
        time.sleep(1 + random.random())
        desk.process.kill()
        desk.process.communicate()
        worker.join(30)
    names = {seat.key: seat.entry.name for seat in open_desk(subs, tp2, out, "x", "en").seats.current()}
    assert sum(map(len, marker.told.values())) > 5
    assert marker.lost(out, names) == []


def test_the_command_grades_first_hides_names_where_asked_and_ends_on_terminate(
    tmp_path: Path, subs: Path
) -> None:
    with running(subs, tmp_path / "new", "--anonymous") as desk:
        assert (tmp_path / "new" / "grades.csv").is_file()
        page = httpx2.get(desk.url, follow_redirects=False, trust_env=False)
        cookies = page.cookies
        text = httpx2.get(f"{desk.base}/", cookies=cookies, trust_env=False).text
        assert "Student 1" in text
        assert "alice" not in text
