"""An instructor changes the budgets over HTTP: the file keeps its other lines; no change undoes another."""

from decimal import Decimal
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.budgets import BudgetFile, Budgets, BudgetsChanged
from tests.gateway.conftest import RunningGateway, StartGateway

NOTE = "# agreed with the dean on 3 October"
FILE = f"""\
{NOTE}
class = 40.00
student = 2.00

[students]
"jane.doe" = 5.00  # a thesis
"""


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway) -> RunningGateway:
    return start_gateway()


def write(gateway: RunningGateway, text: str) -> None:
    (gateway.state / "budgets.toml").write_text(text, encoding="utf-8")


def told(gateway: RunningGateway, language: str = "en") -> dict[str, Any]:
    with gateway.client("teacher") as client:
        answer = client.get("/class/budgets", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def put(
    gateway: RunningGateway, said: dict[str, Any], name: str = "teacher", **change: Any
) -> httpx2.Response:
    body = {"budgets": said["budgets"] | change, "version": said["version"]}
    with gateway.client(name) as client:
        return client.put("/class/budgets", json=body)


def test_a_change_keeps_comments_and_other_lines_and_counts_at_once(gateway: RunningGateway) -> None:
    write(gateway, FILE)
    said = told(gateway)
    assert Decimal(said["budgets"]["class"]) == 40
    answer = put(gateway, said, day="0.75", groups={"master-1": "15"}, student=None)
    assert answer.status_code == 200, answer.text
    text = (gateway.state / "budgets.toml").read_text()
    assert NOTE in text
    assert '"jane.doe" = 5.00  # a thesis' in text
    assert "student = " not in text
    with gateway.client("teacher") as client:
        limits = client.get("/class/spending").json()["limits"]
    assert (limits["day"], limits["groups"], limits["student"]) == (750_000, {"master-1": 15_000_000}, None)
    assert (gateway.state / "budgets.toml").stat().st_mode & 0o077 == 0


def test_who_changes_what_somebody_else_changed_meanwhile_changes_nothing(gateway: RunningGateway) -> None:
    write(gateway, FILE)
    said = told(gateway)
    assert put(gateway, said, day="1").status_code == 200
    late = put(gateway, said, day="9")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "budgets_changed")
    assert Decimal(told(gateway)["budgets"]["day"]) == 1


def test_a_file_that_is_wrong_is_told_with_its_line_and_never_written_over(gateway: RunningGateway) -> None:
    write(gateway, FILE)
    said = told(gateway)
    wrong = FILE.replace("2.00", "two")
    write(gateway, wrong)
    assert told(gateway)["budgets"] is None
    assert "budgets.toml, line 3" in told(gateway)["wrong"]
    assert "ligne 3" in told(gateway, "fr")["wrong"]
    assert put(gateway, said).status_code == 409
    assert (gateway.state / "budgets.toml").read_text() == wrong


@pytest.mark.parametrize("budget", ["-1", "NaN", "1e9", "much"])
def test_what_is_no_budget_is_refused_with_its_place(gateway: RunningGateway, budget: str) -> None:
    write(gateway, FILE)
    answer = put(gateway, told(gateway), students={"ben": budget})
    assert answer.status_code == 400
    assert "ben" in answer.json()["error"]["param"]
    assert (gateway.state / "budgets.toml").read_text() == FILE


def test_a_student_neither_reads_nor_sets_them(gateway: RunningGateway) -> None:
    write(gateway, FILE)
    said = told(gateway)
    with gateway.client("ada") as client:
        assert client.get("/class/budgets").status_code == 403
    assert put(gateway, said, name="ada", student="999").status_code == 403
    assert (gateway.state / "budgets.toml").read_text() == FILE


amounts = st.none() | st.decimals(0, 1_000_000, places=2)
names = st.text(min_size=1, max_size=20)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=amounts, students=st.dictionaries(names, st.decimals(0, 1_000_000, places=2), max_size=5))
def test_whatever_is_written_is_read_again(
    tmp_path: Any, day: Decimal | None, students: dict[str, Decimal]
) -> None:
    file = BudgetFile(tmp_path / "budgets.toml")
    file.file.write_text(FILE, encoding="utf-8")
    asked = Budgets(day=day, students=students)
    file.write(asked, file.read()[1])
    assert file.read()[0] == asked
    with pytest.raises(BudgetsChanged):
        file.write(asked, "another version")
