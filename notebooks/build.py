"""Builds the notebooks of both languages from one source each, so that code stands once.

`python -m notebooks.build` writes them anew; a test is red where somebody forgot.

A source is Markdown with lines that begin a part: `::: en` and `::: fr` (the same text in both languages),
`::: parameters` (the cell that Papermill replaces) and `::: code`. In code `{language}` is the language.
"""

import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from exercises.i18n import LANGUAGES, Language

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
_PART = re.compile(r"^::: (en|fr|parameters|code)\n", re.MULTILINE)


def build(source: str, language: Language) -> str:
    """The notebook of a source in one language, as its file holds it: without outputs, the same each time."""
    cells: list[Any] = []
    kinds = _PART.split(source)[1:]
    for kind, text in zip(kinds[::2], kinds[1::2], strict=True):
        name = f"cell-{len(cells) + 1}"
        if kind == language:
            cells.append(new_markdown_cell(text.strip(), id=name))
        elif kind not in LANGUAGES:
            code = text.strip().replace("{language}", language)
            tags = {"tags": ["parameters"]} if kind == "parameters" else {}
            cells.append(new_code_cell(code, id=name, metadata=tags))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    written: str = nbformat.writes(new_notebook(cells=cells, metadata=metadata))
    return written + "\n"


def built() -> dict[Path, str]:
    """Every notebook that belongs here, by its file."""
    return {
        HERE / language / f"{source.stem}.ipynb": build(source.read_text(encoding="utf-8"), language)
        for source in sorted(SOURCES.glob("*.md"))
        for language in LANGUAGES
    }


def main() -> None:
    for path, text in built().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
