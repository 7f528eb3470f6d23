"""The files of a film: made once for its frames, and there as long as a page may ask for them."""

import os
import time
from pathlib import Path
from typing import Any, cast

from exercises.kinds import BetweenTwo
from exercises.loader import find_assignment
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.sheets.film import film_files
from lab.ui.sheets.kept import KEPT_SECONDS
from manifests.store import Store
from tests.grading.test_edit import save_film


def test_an_older_film_stays_for_a_while_and_then_goes(tmp_path: Path) -> None:
    lab = Lab(LabSettings(), find_assignment("edit"), tmp_path, "alice", cast(Any, None))
    exercise = lab.assignment.exercise("way")
    assert isinstance(exercise, BetweenTwo)
    store: Store = lab.store()
    save_film(store, exercise, frames=5)
    film = [record for record in store.records() if record.manifest.exercise == "way"]
    first = film_files(lab, "way", film[:3], "")
    second = film_files(lab, "way", film, "")
    assert first
    assert second
    assert first != second
    assert all(path.is_file() for path in (*first, *second))  # a page may be asking for the first just now
    for path in first:
        long_ago = time.time() - KEPT_SECONDS - 1
        os.utime(path, (long_ago, long_ago))
    film_files(lab, "way", film[:4], "")
    assert not any(path.exists() for path in first)
    assert all(path.is_file() for path in second)
