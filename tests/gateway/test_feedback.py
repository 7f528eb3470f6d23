"""Feedback goes to whom it is for, from its moment on; a student asks once per exercise and is answered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.gateway.conftest import RunningGateway, StartGateway

EXERCISE = {
    "id": "sweep",
    "title": {"en": "Sweep", "fr": "Série"},
    "points": 3.5,
    "maximum": 4,
    "checks": [],
    "remarks": [{"text": "Look at the <b>edges</b>", "picture": "a" * 64, "x": 0.2, "y": 0.9}],
}


def document(student: str, **change: Any) -> dict[str, Any]:
    return {
        "schema": "genai-lab/feedback/1",
        "student": student,
        "assignment": "tp2",
        "title": {"en": "TP 2", "fr": "TP 2"},
        "time": "2026-11-27T10:00:00Z",
        "gradable": True,
        "total": 15.5,
        "maximum": 20,
        "exercises": [EXERCISE],
    } | change


def ask(gateway: RunningGateway, who: str, method: str, path: str, body: Any = None) -> httpx2.Response:
    with gateway.client(who) as client:
        return client.request(method, path, json=body)


def publish(gateway: RunningGateway, student: str, **more: Any) -> httpx2.Response:
    body = {"feedback": document(student)} | more
    return ask(gateway, "teacher", "PUT", f"/class/feedback/tp2/{student}", body)


@pytest.fixture(scope="module")
def started(start_gateway: StartGateway) -> RunningGateway:
    """One gateway for all that do not kill it."""
    return start_gateway()


@pytest.fixture
def gateway(started: RunningGateway) -> RunningGateway:
    """It, with nobody's feedback."""
    for student in ("ada", "ben"):
        ask(started, "teacher", "DELETE", f"/class/feedback/tp2/{student}")
        assert ask(started, student, "GET", "/v1/feedback/tp2").status_code == 404
    return started


def test_a_student_sees_their_own_and_nobody_elses(gateway: RunningGateway) -> None:
    assert ask(gateway, "ada", "GET", "/v1/feedback/tp2").status_code == 404
    assert publish(gateway, "ada").status_code == 204
    own = ask(gateway, "ada", "GET", "/v1/feedback/tp2").json()
    assert (own["feedback"]["student"], own["feedback"]["total"], own["requests"]) == ("ada", 15.5, [])
    assert own["feedback"]["exercises"][0]["remarks"][0]["text"] == EXERCISE["remarks"][0]["text"]  # type: ignore[index]
    assert ask(gateway, "ben", "GET", "/v1/feedback/tp2").status_code == 404
    assert ask(gateway, "ada", "GET", "/v1/feedback/prompts").status_code == 404


def test_it_comes_at_the_moment_that_was_set(gateway: RunningGateway) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    publish(gateway, "ada", begins=later)
    assert ask(gateway, "ada", "GET", "/v1/feedback/tp2").status_code == 404
    publish(gateway, "ada", begins=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())
    assert ask(gateway, "ada", "GET", "/v1/feedback/tp2").status_code == 200


@pytest.mark.parametrize("begins", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "soon"])
def test_a_moment_that_no_calendar_has_is_refused(gateway: RunningGateway, begins: str) -> None:
    assert publish(gateway, "ada", begins=begins).status_code == 400


@pytest.mark.parametrize("number", ["0", "9" * 23, "first"])
def test_a_request_of_no_such_number_is_refused(gateway: RunningGateway, number: str) -> None:
    refused = ask(gateway, "teacher", "PUT", f"/class/feedback/requests/{number}", {"answer": "No."})
    assert refused.status_code == 400


def test_a_student_asks_once_and_reads_the_answer_and_it_outlives_a_kill(
    start_gateway: StartGateway,
) -> None:
    gateway = start_gateway()
    publish(gateway, "ada")
    wish = {"exercise": "sweep", "reason": "The baseline was made twice."}
    assert ask(gateway, "ada", "POST", "/v1/feedback/tp2/requests", wish).status_code == 204
    again = ask(gateway, "ada", "POST", "/v1/feedback/tp2/requests", wish)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "asked_before")
    assert ask(gateway, "ben", "POST", "/v1/feedback/tp2/requests", wish).status_code == 404
    unknown = wish | {"exercise": "nowhere"}
    assert ask(gateway, "ada", "POST", "/v1/feedback/tp2/requests", unknown).status_code == 404
    (asked,) = ask(gateway, "teacher", "GET", "/class/feedback/tp2/requests").json()
    assert (asked["student"], asked["exercise"], asked["answer"]) == ("ada", "sweep", None)
    answer = {"answer": "You are right: 4 points."}
    path = f"/class/feedback/requests/{asked['number']}"
    assert ask(gateway, "teacher", "PUT", path, answer).status_code == 204
    gateway.kill()
    with_it = start_gateway(gateway.state, gateway.port)
    publish(with_it, "ada")  # published anew: what was asked and answered stays
    (told,) = ask(with_it, "ada", "GET", "/v1/feedback/tp2").json()["requests"]
    assert (told["answer"], told["by"]) == (answer["answer"], "teacher")


def test_what_was_taken_back_is_gone(gateway: RunningGateway) -> None:
    publish(gateway, "ada")
    assert ask(gateway, "teacher", "DELETE", "/class/feedback/tp2/ada").status_code == 204
    assert ask(gateway, "ada", "GET", "/v1/feedback/tp2").status_code == 404
    assert ask(gateway, "teacher", "DELETE", "/class/feedback/tp2/ada").status_code == 404


def test_no_student_publishes_answers_or_reads_what_others_asked(gateway: RunningGateway) -> None:
    publish(gateway, "ada")
    for method, path, body in (
        ("PUT", "/class/feedback/tp2/ada", {"feedback": document("ada", total=20)}),
        ("DELETE", "/class/feedback/tp2/ada", None),
        ("GET", "/class/feedback/tp2/requests", None),
        ("PUT", "/class/feedback/requests/1", {"answer": "yes"}),
    ):
        assert ask(gateway, "ada", method, path, body).status_code == 403
    assert ask(gateway, "ada", "GET", "/v1/feedback/tp2").json()["feedback"]["total"] == 15.5


@pytest.mark.parametrize("change", [{"total": "NaN"}, {"exercises": [EXERCISE] * 200}, {"schema": "another"}])
def test_what_is_no_feedback_is_refused(gateway: RunningGateway, change: dict[str, Any]) -> None:
    body = {"feedback": document("ada", **change)}
    assert ask(gateway, "teacher", "PUT", "/class/feedback/tp2/ada", body).status_code == 400
