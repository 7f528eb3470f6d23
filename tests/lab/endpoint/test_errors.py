"""Every error has OpenAI's form and says what to do; what is too large, too much or unknown stays outside."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st

from lab.endpoint.app import build_endpoint
from lab.endpoint.limits import MINUTE, EndpointLimits, Rate
from lab.engine.protocol import Failed
from tests.lab.endpoint.asked import chat, data_url
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.endpoint.refused import (
    CHAT,
    DRAW,
    RESPOND,
    SMALL,
    TOKEN,
    asked,
    client_of,
    error,
    said,
    vision,
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of() as client:
        yield client


ROUTES = [
    ("GET", "/v1/models"),
    ("GET", "/v1/models/mini"),
    ("GET", "/v1/openapi.json"),
    ("POST", "/v1/images/generations"),
    ("POST", "/v1/images/edits"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/responses"),
    ("GET", "/nowhere"),
    ("OPTIONS", "/v1/models"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer \xff"],
)
def test_nothing_answers_without_the_token(client: Any, method: str, path: str, authorization: str):
    response = client.request(method, path, headers={"Authorization": authorization.encode("latin-1")})
    assert error(response, 401)["code"] == "invalid_api_key"
    assert response.headers["www-authenticate"] == "Bearer"


def test_the_scheme_may_be_written_in_any_case(client: TestClient):
    assert client.get("/v1/models", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_there_is_no_endpoint_without_a_token():
    with pytest.raises(ValueError, match="token"):
        build_endpoint(QuickEngine(), "")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1/files", 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/v1/models/gpt-4", 404, "model_not_found"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_said(client: TestClient, method: str, path: str, status: int, code: str):
    assert error(client.request(method, path), status)["code"] == code


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/images/generations", {"prompt": "a cat", "model": "dall-e-2"}),
        ("/v1/images/generations", {"prompt": "a cat", "model": "analyser"}),
        ("/v1/chat/completions", vision(model="gpt-4o")),
        ("/v1/chat/completions", vision(model="mini")),
        ("/v1/responses", {"model": "mini", "input": "hello"}),
    ],
)
def test_a_model_that_cannot_do_it_is_named_with_those_that_can(client: TestClient, path: str, body: Any):
    told = error(client.post(path, json=body), 404)
    assert (told["code"], told["param"]) == ("model_not_found", "model")
    assert "analyser" in told["message"] if "images" not in path else "mini" in told["message"]


def json_schema(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}


WRONG: list[tuple[str, Any, int, str, str | None]] = [
    (DRAW, {}, 400, "invalid_request", "prompt"),
    (DRAW, {"prompt": ""}, 400, "invalid_request", "prompt"),
    (DRAW, {"prompt": "x" * 2001}, 400, "invalid_request", "prompt"),
    (DRAW, {"prompt": "a", "n": 0}, 400, "invalid_request", "n"),
    (DRAW, {"prompt": "a", "n": 3}, 400, "too_many_images", "n"),
    (DRAW, {"prompt": "a", "size": "big"}, 400, "invalid_request", "size"),
    (DRAW, {"prompt": "a", "size": "100x100"}, 400, "bad_size", "size"),
    (DRAW, {"prompt": "a", "size": "30000x30000"}, 400, "bad_size", "size"),
    (DRAW, {"prompt": "a", "size": "0x0"}, 400, "bad_size", "size"),
    (DRAW, {"prompt": None}, 400, "invalid_request", "prompt"),
    (DRAW, {"prompt": 7}, 400, "invalid_request", "prompt"),
    (DRAW, {"prompt": "a", "n": "many"}, 400, "invalid_request", "n"),
    (DRAW, {"prompt": "a", "output_format": "gif"}, 400, "invalid_request", "output_format"),
    (DRAW, {"prompt": "a", "size": "1024x1024"}, 400, "bad_size", None),
    (DRAW, {"prompt": "a", "steps": 151}, 400, "invalid_request", "steps"),
    (DRAW, {"prompt": "a", "seed": -1}, 400, "invalid_request", "seed"),
    (DRAW, {"prompt": "a", "scheduler": "Magic"}, 400, "invalid_request", "scheduler"),
    (DRAW, {"prompt": "a", "response_format": "url"}, 400, "no_url", "response_format"),
    (CHAT, {"model": "analyser"}, 400, "invalid_request", "messages"),
    (CHAT, vision(messages=[]), 400, "invalid_request", "messages"),
    (CHAT, vision(messages=[{"role": "user"}, {"role": "bard"}]), 400, "invalid_request", "messages[1].role"),
    (CHAT, vision(messages=[said({"type": "sound"})]), 400, "invalid_request", "messages[0].content[0].type"),
    (CHAT, vision(messages=[said({"url": "x"})]), 400, "invalid_request", "messages[0].content[0].type"),
    (
        CHAT,
        vision(messages=[said({"type": "text", "text": "a"}, {"type": "text"})]),
        400,
        "invalid_request",
        "messages[0].content[1].text",
    ),
    (RESPOND, asked(input=[said({"type": "text"})]), 400, "invalid_request", "input[0].content[0].type"),
    (CHAT, vision(n=2), 400, "one_answer", "n"),
    (CHAT, vision(tools=[{"type": "function"}]), 400, "no_tools", "tools"),
    (CHAT, vision(messages=chat(system="task: paint")), 400, "unknown_task", None),
    (
        CHAT,
        vision(response_format=json_schema({"properties": {"short": {"pattern": "(a+)+$"}}})),
        400,
        "bad_schema",
        "response_format",
    ),
    (RESPOND, asked(previous_response_id="resp_1"), 400, "nothing_kept", "previous_response_id"),
    (RESPOND, asked(tools=[{}]), 400, "no_tools", "tools"),
    (RESPOND, asked(input=[{"type": "reasoning"}]), 400, "invalid_request", None),
    (
        RESPOND,
        asked(text={"format": {"type": "json_schema", "schema": {"$ref": "http://127.0.0.1:1/x"}}}),
        400,
        "bad_schema",
        "text.format",
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "code", "param"), WRONG)
@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_request_is_told_which_field_and_why_before_any_stream_begins(
    client: TestClient, path: str, body: Any, status: int, code: str, param: str | None, stream: bool
):
    told = error(client.post(f"/v1/{path}", json=body | {"stream": stream}), status)
    assert told["code"] == code
    assert told["type"] == "invalid_request_error"
    assert param is None or told["param"] == param


def test_errors_are_in_the_language_the_client_asks_for(client: TestClient):
    def message(language: str) -> str:
        response = client.post(
            "/v1/images/generations", json={"prompt": "a", "n": 3}, headers={"Accept-Language": language}
        )
        return str(error(response, 400)["message"])

    assert "au plus" in message("fr-FR,fr;q=0.9")
    assert "At most" in message("de")
    wrong = client.post("/v1/responses", json={}, headers={"Accept-Language": "fr"})
    assert "attendu" in error(wrong, 400)["message"] or "manque" in error(wrong, 400)["message"]


def test_where_the_client_asks_for_no_language_errors_are_in_that_of_the_setting(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GENAI_LANGUAGE", "fr")
    asked = {"prompt": "a", "n": 3}
    assert "au plus" in error(client.post("/v1/images/generations", json=asked), 400)["message"]
    english = client.post("/v1/images/generations", json=asked, headers={"Accept-Language": "en"})
    assert "At most" in error(english, 400)["message"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b'{"model": 1e999}', b"NaN"],
    ids=["empty", "open", "list", "null", "no text", "nested", "nested objects", "infinite", "NaN"],
)
@pytest.mark.parametrize("path", ["images/generations", "chat/completions", "responses"])
def test_a_body_that_is_no_request_is_told_so(client: TestClient, path: str, body: bytes):
    response = client.post(f"/v1/{path}", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    error(response, response.status_code)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_not_taken_whether_it_says_so_or_not(client: TestClient, declared: bool):
    size = SMALL.body_bytes + 1
    content: Any = bytes(size) if declared else (bytes(2**16) for _ in range(size // 2**16 + 1))
    assert error(client.post("/v1/responses", content=content), 413)["code"] == "too_large"


def test_too_many_requests_are_told_when_to_come_back():
    with client_of(limits=EndpointLimits(per_minute=3)) as client:
        assert [client.get("/v1/models").status_code for _ in range(3)] == [200] * 3
        response = client.get("/v1/models")
    told = error(response, 429)
    assert (told["code"], told["type"]) == ("rate_limit_exceeded", "rate_limit_error")
    assert 1 <= int(response.headers["retry-after"]) <= 60


def test_who_has_no_token_does_not_use_up_the_rate():
    with client_of(limits=EndpointLimits(per_minute=1)) as client:
        for _ in range(5):
            client.get("/v1/models", headers={"Authorization": "Bearer wrong"})
        assert client.get("/v1/models").status_code == 200


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
@example([4.793207025334572, 30.0, 30.0], 1)  # a last digit less than a minute apart
def test_in_no_minute_there_are_more_than_the_rate_and_the_wait_is_long_enough(gaps: list[float], count: int):
    now, taken = 0.0, []
    rate = Rate(count, clock=lambda: now)
    for gap in gaps:
        now += gap
        wait = rate.take()
        assert 0 <= wait <= MINUTE
        if not wait:
            taken.append(now)
    assert all(b - a >= MINUTE for a, b in zip(taken, taken[count:], strict=False))


@pytest.mark.parametrize(
    ("failed", "status", "code"),
    [
        (Failed("out_of_memory", {"model": "mini"}), 503, "out_of_memory"),
        (Failed("internal"), 503, "internal"),
        (Failed("closed"), 503, "closed"),
        (Failed("filtered", {"model": "mini"}), 400, "content_policy_violation"),
    ],
)
def test_an_engine_that_fails_is_told_as_its_fault_or_the_requests(failed: Failed, status: int, code: str):
    with client_of(QuickEngine(failed)) as client:
        body = {"prompt": "a cat"}
        assert error(client.post("/v1/images/generations", json=body), status)["code"] == code
        streamed = client.post("/v1/images/generations", json=body | {"stream": True})
    assert streamed.status_code == 200
    name, data = streamed.text.strip().split("\n")
    assert name == "event: error"
    assert json.loads(data.removeprefix("data: "))["error"]["code"] == code


def test_a_bug_is_an_answer_without_details_and_a_traceback_in_the_log(caplog: pytest.LogCaptureFixture):
    class Broken(QuickEngine):
        def submit(self, *_: Any, **__: Any) -> Any:
            raise ZeroDivisionError("secret detail")

    with client_of(Broken()) as client, caplog.at_level(logging.ERROR):
        response = client.post("/v1/images/generations", json={"prompt": "a cat"})
    assert error(response, 500)["code"] == "internal"
    assert "secret" not in response.text
    assert "secret detail" in caplog.text
    assert TOKEN not in caplog.text


SENT: dict[str, dict[str, Any]] = {
    DRAW: {"prompt": "a cat"},
    CHAT: {"model": "analyser", "messages": [{"role": "user", "content": "hello"}]},
    RESPOND: {"model": "analyser", "input": "hello"},
    "images/edits": {"prompt": "a cat", "image": data_url()},
}


@pytest.mark.parametrize("media_type", ["text/plain", "application/octet-stream", "application/x-json", ""])
@pytest.mark.parametrize("path", SENT)
def test_a_body_that_is_not_said_to_be_json_is_told_as_such(client: TestClient, path: str, media_type: str):
    headers = {"Content-Type": media_type} if media_type else {}
    response = client.post(f"/v1/{path}", content=json.dumps(SENT[path]), headers=headers)
    told = error(response, 400)
    assert told["code"] == "not_json"
    assert "application/json" in told["message"]
    assert media_type in told["message"]


@pytest.mark.parametrize("path", SENT)
def test_json_with_a_character_set_is_json(client: TestClient, path: str):
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post(f"/v1/{path}", content=json.dumps(SENT[path]), headers=headers).status_code == 200


NULLS = {
    DRAW: "model n size response_format output_format stream partial_images quality style seed steps",
    CHAT: "n stream stream_options max_tokens max_completion_tokens response_format temperature tools stop",
    RESPOND: "instructions text stream max_output_tokens previous_response_id tools temperature metadata",
    "images/edits": "model n size output_format mask images strength quality",
}


@pytest.mark.parametrize(
    ("path", "field"), [(path, f) for path, names in NULLS.items() for f in names.split()]
)
def test_a_null_is_the_default(client: TestClient, path: str, field: str):
    response = client.post(f"/v1/{path}", json={**SENT[path], field: None})
    assert response.status_code == 200, response.text


def test_pages_of_other_sites_get_nothing(client: TestClient):
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answers = [
        client.options("/v1/images/generations", headers=asking),
        client.options("/v1/images/generations", headers=asking | {"Authorization": ""}),
        client.get("/v1/models", headers=asking),
    ]
    assert [each.status_code for each in answers] == [405, 401, 200]
    assert not [name for each in answers for name in each.headers if name.startswith("access-control")]
