"""Feedback in the lab: from the gateway, kept as a file, or out of a file; whatever is in it is only text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from exercises.i18n import translator
from grading.feedback.document import Feedback, LookAgain, OwnFeedback
from lab.session.feedback import FILE, AskingFailed, FeedbackOf
from lab.ui.html import feedback as words
from tests.gateway.conftest import TOKENS, RunningGateway, StartGateway
from tests.gateway.conftest import start_gateway as start_gateway
from tests.gateway.test_feedback import document


def lab(folder: Path, gateway: RunningGateway | None, name: str = "ada") -> FeedbackOf:
    return FeedbackOf("tp2", folder / "tp2", gateway.url if gateway else None, SecretStr(TOKENS[name]))


def publish(gateway: RunningGateway, **change: Any) -> None:
    with gateway.client("teacher") as client:
        body = {"feedback": document("ada", **change)}
        assert client.put("/class/feedback/tp2/ada", json=body).status_code == 204


def test_it_is_kept_and_shown_when_the_gateway_is_away(
    start_gateway: StartGateway,
    tmp_path: Path,
) -> None:
    gateway = start_gateway()
    assert lab(tmp_path, gateway)() is None
    publish(gateway)
    seen = lab(tmp_path, gateway)()
    assert seen is not None
    assert seen.feedback.total == 15.5
    gateway.kill()
    assert lab(tmp_path, gateway)() == seen


def test_what_was_taken_back_is_not_shown_any_more(
    start_gateway: StartGateway,
    tmp_path: Path,
) -> None:
    gateway = start_gateway()
    publish(gateway)
    assert lab(tmp_path, gateway)() is not None
    with gateway.client("teacher") as client:
        client.delete("/class/feedback/tp2/ada")
    assert lab(tmp_path, gateway)() is None


def test_a_wish_arrives_once_and_its_answer_is_seen(
    start_gateway: StartGateway,
    tmp_path: Path,
) -> None:
    gateway = start_gateway()
    publish(gateway)
    own = lab(tmp_path, gateway)
    own.look_again("sweep", "Look at run 3.")
    assert [each.reason for each in own().requests] == ["Look at run 3."]  # type: ignore[union-attr]
    with pytest.raises(AskingFailed, match="already"):
        own.look_again("sweep", "Again.")
    with gateway.client("teacher") as client:
        client.put("/class/feedback/requests/1", json={"answer": "True."})
    (asked,) = lab(tmp_path, gateway)().requests  # type: ignore[union-attr]
    assert asked.answer == "True."
    gateway.kill()
    with pytest.raises(AskingFailed, match="does not answer"):
        own.look_again("img2img", "And this.")


def test_without_a_gateway_the_file_that_a_teacher_sent_is_shown(tmp_path: Path) -> None:
    assert lab(tmp_path, None)() is None
    (tmp_path / "tp2").mkdir()
    (tmp_path / "tp2" / FILE).write_text(json.dumps(document("ada")), encoding="utf-8")
    seen = lab(tmp_path, None)()
    assert seen is not None
    assert seen.requests == ()
    (tmp_path / "tp2" / FILE).write_text("{", encoding="utf-8")
    assert lab(tmp_path, None)() is None


HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@given(st.text(max_size=60))
def test_whatever_stands_in_it_is_text_on_the_page(text: str) -> None:
    said = HOSTILE + text
    told = document("ada", explained=said, title={"en": said, "fr": said})
    told["exercises"] = [
        told["exercises"][0]
        | {
            "title": {"en": said, "fr": said},
            "remarks": [{"text": said, "quote": said}, {"text": said, "picture": "a" * 64}],
            "reasons": {"sweep/x/y": said},
            "answer": {"en": said, "fr": said},
            "checks": [
                {
                    "id": "sweep/x/y",
                    "title": said,
                    "passed": False,
                    "points": 0,
                    "maximum": 1,
                    "cause": {"message": said, "expected": said, "actual": said},
                    "items": [said],
                }
            ],
        }
    ]
    asked = LookAgain(
        number=1,
        student="ada",
        assignment="tp2",
        exercise="sweep",
        reason=said,
        time="2026-11-27T10:00:00Z",  # type: ignore[arg-type]
        answer=said,
    )
    own = OwnFeedback(feedback=Feedback.model_validate(told), requests=(asked,))
    page = words.page(translator("lab", "en"), "en", own, lambda sha256: f"/file={said}")
    assert "<img" not in page
    assert page.count("&lt;img src=x") >= 10
