"""Every text the lab's code names is in the catalogue, and every text of the catalogue is named somewhere."""

import ast
import re
from pathlib import Path

import lab
from exercises.i18n import catalogue

SOURCES = list(Path(lab.__file__).parent.rglob("*.py"))


def _strings() -> tuple[set[str], list[re.Pattern[str]]]:
    """Plain strings, and patterns of the strings that are put together to a key."""
    plain: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                plain.add(node.value)
                if node.value.endswith("."):  # "verify." + verdict
                    patterns.append(re.compile(re.escape(node.value) + "[a-z_0-9.]+"))
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[A-Za-z_0-9.]+"
                    for part in node.values
                ]
                if isinstance(node.values[0], ast.Constant) and "." in str(node.values[0].value):
                    patterns.append(re.compile("".join(parts)))
    return plain, patterns


def test_every_key_a_translator_is_called_with_is_there() -> None:
    keys = catalogue("lab", "en")
    called: set[str] = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if name == "t" and isinstance(first, ast.Constant):
                called.add(str(first.value))
    assert len(called) > 50
    assert called - keys.keys() == set()


def test_every_text_is_named_somewhere() -> None:
    plain, patterns = _strings()
    unnamed = {
        key
        for key in catalogue("lab", "en")
        if key not in plain and not any(pattern.fullmatch(key) for pattern in patterns)
    }
    assert unnamed == set()
