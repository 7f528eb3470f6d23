"""The alert rules and the dashboard that ship ask for metrics that a gateway has, in PromQL that parses."""

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gateway.class_watch import ClassWatch
from gateway.drawings import Drawings
from gateway.kept import Kept
from gateway.keys import SigningKeys
from gateway.receipt_log import ReceiptLog
from lab.engine.local import LocalEngine

FOLDER = Path(__file__).parents[2] / "docs" / "monitoring"
ALERTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
EXPRESSIONS = {f"alert {rule['alert']}": rule["expr"] for rule in ALERTS} | {
    f"panel {panel['title']} {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
}


@pytest.fixture
def names(tmp_path: Path, engine: LocalEngine) -> set[str]:
    """What a gateway tells Prometheus, by the names of its samples."""
    log = ReceiptLog(tmp_path / "receipts.sqlite", SigningKeys(tmp_path / "keys"))
    drawings = Drawings(engine, log, Kept(tmp_path / "finished"))
    text = ClassWatch().metrics(drawings, 0.5).decode()
    found = set()
    for family in text_string_to_metric_families(text):
        found |= {family.name, f"{family.name}_total"} | {sample.name for sample in family.samples}
    return found


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_expression_parses_and_asks_for_metrics_that_there_are(where: str, names: set[str]) -> None:
    promql_parser.parse(EXPRESSIONS[where])
    asked = set(re.findall(r"genai_\w+", EXPRESSIONS[where]))
    assert asked <= names
    assert asked or "up{" in EXPRESSIONS[where]


def test_each_alert_says_what_happened_and_what_to_do() -> None:
    for rule in ALERTS:
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("warning", "page")
        assert re.fullmatch(r"\d+m", rule["for"])
