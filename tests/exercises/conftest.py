"""A small assignment in a folder, to be read as it is or after one change."""

from collections.abc import Callable
from pathlib import Path

import pytest

SMALL = """\
points = 6
title = { en = "Small", fr = "Petit" }

[parameters]
prompt = "a red bag"
steps = 20

[[exercises]]
id = "first"
kind = "generate"
points = 1
title = { en = "First", fr = "Premier" }
[exercises.runs]
one = {}

[[exercises]]
id = "many"
kind = "sweep"
points = 3
title = { en = "Many", fr = "Plusieurs" }
baseline = "run_a"
[exercises.runs]
run_a = {}
run_b = { steps = 40 }
run_c = { scheduler = "DDIM" }

[[exercises]]
id = "photo"
kind = "img2img"
points = 2
title = { en = "Photo", fr = "Photo" }
[exercises.parameters]
prompt = "a bag"
[exercises.runs]
weak = { strength = 0.3 }
strong = { strength = 0.9 }
"""

WriteAssignment = Callable[[str], Path]


def write_texts(folder: Path, *names: str) -> None:
    for name in names:
        for language in ("en", "fr"):
            (folder / f"{name}.{language}.md").write_text(f"{name}, {language}\n", encoding="utf-8")


@pytest.fixture
def write_assignment(tmp_path: Path) -> WriteAssignment:
    """Writes `small/` with that TOML and texts for introduction, first, many and photo."""

    def write(toml: str) -> Path:
        folder = tmp_path / "small"
        folder.mkdir(exist_ok=True)
        write_texts(folder, "introduction", "first", "many", "photo")
        (folder / "assignment.toml").write_text(toml, encoding="utf-8")
        return folder

    return write
