"""What a diagram must have, in either language: the labels and arrows asked for, and a word on each label."""

from pathlib import Path
from typing import Any

import pytest

from exercises.kinds.crafted import Crafted
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.results import CheckResult
from grading.submission.reading import closing, open_work
from tests.grading.crafted import DIAGRAM, SETTINGS, make_piece, make_work

ASSIGNMENT = find_assignment("diagrams")
FRENCH = """graph LR
a[prompt] -->|mots| b[encodeur de texte] -->|vecteurs| c{U-Net}
d[Bruit] -->|début| c --> e[Décodeur] --> f[Image]"""


def as_asked(work: Path, **changes: Any) -> CheckResult:
    """The check of a piece of these settings."""
    store = make_work(work, ASSIGNMENT)
    (exercise,) = [each for each in ASSIGNMENT.exercises if isinstance(each, Crafted)]
    make_piece(store, exercise, **changes)
    with closing(open_work(work, ASSIGNMENT.id, "alice")) as submission:
        checks = check_submission(ASSIGNMENT, submission, "en")
    return next(check for check in checks if check.id == "diagram/piece/as_asked")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"source": DIAGRAM.replace("Noise", "Nose")}, "lacks labels that are asked for: Noise."),
        ({"source": DIAGRAM.replace("u --> d[Decoder]", "d[Decoder]")}, "an arrow from U-Net to Decoder"),
        ({"source": DIAGRAM.replace("|words|", "")}, "Too few arrows have a label"),
        ({"found": SETTINGS["diagrams"]["found"][1:]}, "Nothing is said of these labels"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    check = as_asked(tmp_path, **changes)
    assert check.passed is False
    assert check.cause is not None
    assert told in check.cause.message


def test_the_labels_may_be_of_the_other_language_and_in_any_case(tmp_path: Path) -> None:
    labels = (
        "prompt",
        "encodeur de texte",
        "U-Net",
        "Bruit",
        "Décodeur",
        "Image",
        "mots",
        "vecteurs",
        "début",
    )
    found = [{"label": label, "finding": "wrong"} for label in labels]
    assert as_asked(tmp_path, source=FRENCH, found=found).passed is True
