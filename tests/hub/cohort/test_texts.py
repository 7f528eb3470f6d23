"""Every text the cohort tools name is in the catalogue, and every text there is named."""

import re
from pathlib import Path

import hub.cohort
from exercises.i18n import catalogue

SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for path in Path(hub.cohort.__file__).parent.rglob("*.py")
)
NAMED = re.findall(r'"(cohort\.[a-z_.]+)"', SOURCE)
PUT_TOGETHER = [
    re.compile(re.sub(r"\{[^}]*\}", "[a-z_]+", text.replace(".", r"\.")))
    for text in re.findall(r'f"(cohort\.[a-z_.]*\{[^"]+)"', SOURCE)
]
KEYS = {key for key in catalogue("hub", "en") if key.startswith("cohort.")}


def test_every_key_that_is_named_is_there() -> None:
    assert len(NAMED) > 50
    assert set(NAMED) - KEYS == set()


def test_every_text_is_named_somewhere() -> None:
    put_together = {key for key in KEYS if any(pattern.fullmatch(key) for pattern in PUT_TOGETHER)}
    assert len(put_together) > 10
    assert KEYS - set(NAMED) - put_together == set()
