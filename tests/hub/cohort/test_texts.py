"""Tests that the cohort tools use exactly the texts that the catalogue has."""

import re
from pathlib import Path

import hub.cohort
from exercises.i18n import catalogue

SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for path in Path(hub.cohort.__file__).parent.rglob("*.py")
)
KEYS_IN_SOURCE = re.findall(r'"(cohort\.[a-z_.]+)"', SOURCE)
PATTERNS = [
    re.compile(re.sub(r"\{[^}]*\}", "[a-z_]+", text.replace(".", r"\.")))
    for text in re.findall(r'f"(cohort\.[a-z_.]*\{[^"]+)"', SOURCE)
]
KEYS = {key for key in catalogue("hub", "en") if key.startswith("cohort.")}


def test_every_key_that_is_named_is_there() -> None:
    assert len(KEYS_IN_SOURCE) > 50
    assert set(KEYS_IN_SOURCE) - KEYS == set()


def test_every_text_is_named_somewhere() -> None:
    matching = {key for key in KEYS if any(pattern.fullmatch(key) for pattern in PATTERNS)}
    assert len(matching) > 10
    assert KEYS - set(KEYS_IN_SOURCE) - matching == set()
