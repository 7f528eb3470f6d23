"""Runs all notebooks by Papermill, offline, on the bundled model, as one student's work, and grades it.

`python -m notebooks.execute [DIR]` does so in both languages; the notebooks with their outputs, the work and
the grades are left in DIR (else a temporary folder, which is said).
"""

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import papermill

from exercises.i18n import LANGUAGES, Language
from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from notebooks.build import HERE

STUDENT = "notebook"
LAST = "08_class_metrics"  # reads what is graded of all before it
SMALL: Mapping[str, Mapping[str, Any]] = {
    "02_first_image": {"steps": 6},
    "03_sweep": {"values": [4, 8]},
    "04_image_to_image": {"steps": 6},
    "05_api_analysis": {"question": "What is in the picture?"},
    "06_grid": {"values": [4, 8]},
}


def notebooks(language: Language) -> list[Path]:
    """Those of a language, in their order."""
    return sorted((HERE / language).glob("*.ipynb"))


def execute(notebook: Path, out: Path, **parameters: Any) -> Path:
    """Run one with these parameters; the notebook with its outputs. Raises PapermillExecutionError."""
    done = out / notebook.parent.name / notebook.name
    done.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        notebook, done, parameters=parameters, kernel_name="python3", progress_bar=False, cwd=out
    )
    return done


def environment(out: Path) -> dict[str, str]:
    """What the notebooks' processes are to find: the student's name, no network, nothing left elsewhere."""
    return {
        "GENAI_STUDENT": STUDENT,
        "HF_HUB_OFFLINE": "1",
        "JUPYTER_RUNTIME_DIR": str(out / ".runtime"),
        "IPYTHONDIR": str(out / ".ipython"),
    }


def execute_all(out: Path, language: Language) -> dict[str, float]:
    """Run all on one work folder below `out`, then grade it; the seconds each took, by name.

    `environment(out)` is to be set.
    """
    submissions, grades = out / language / "submissions", out / language / "grades"
    seconds = {}
    for notebook in notebooks(language):
        parameters = dict(SMALL.get(notebook.stem, {}))
        if notebook.stem == LAST:
            grade_class(submissions, find_assignment("tp2"), grades, language=language)
            parameters["grades"] = str(grades)
        begun = time.monotonic()
        execute(notebook, out, work=str(submissions / STUDENT), **parameters)
        seconds[notebook.stem] = time.monotonic() - begun
    return seconds


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="genai-notebooks-")).resolve()
    out.mkdir(parents=True, exist_ok=True)
    os.environ.update(environment(out))
    for language in LANGUAGES:
        for name, seconds in execute_all(out, language).items():
            print(f"{language}/{name}  {seconds:.0f} s", flush=True)
    print(out)


if __name__ == "__main__":
    main()
