"""The lab's tools for agents over HTTP, on a real hub: a token of the Hub's opens them, nothing else does."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from tests.hub.conftest import RunningHub
from tests.hub.labs import api, enter, path, token_of

NAME, OTHER = "zoé@uni.fr", "bob"
SECONDS = 180


@pytest.fixture(scope="module")
def student(hub: RunningHub) -> httpx2.Client:
    return enter(hub, NAME)


def test_an_agent_with_the_students_token_makes_a_picture_that_is_marked(
    hub: RunningHub, student: httpx2.Client
) -> None:
    async def scenario() -> dict[str, Any]:
        headers = token_of(api(hub, student))
        async with (
            asyncio.timeout(SECONDS),
            httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http,
            Client(streamable_http_client(f"{hub.url}{path(NAME)}mcp", http_client=http)) as client,
        ):
            assert "make_free_picture" in {tool.name for tool in (await client.list_tools()).tools}
            made = await client.call_tool("make_free_picture", {"prompt": "a red mug", "steps": 2})
            assert not made.is_error, made.content
            assert isinstance(made.content[0], TextContent)
            told: dict[str, Any] = json.loads(made.content[0].text)
            return told

    assert asyncio.run(scenario())["made_through"] == "mcp"
    (file,) = hub.state.rglob("outputs/studio.json")
    manifest = json.loads(file.read_text())
    assert (manifest["student"], manifest["made_through"]) == (NAME, "mcp")


def test_nobody_elses_token_and_no_missing_one_opens_them(hub: RunningHub, student: httpx2.Client) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accepted = {"accept": "application/json, text/event-stream"}
    address = f"{hub.url}{path(NAME)}mcp"
    bob = token_of(api(hub, hub.login(OTHER)))
    for headers, status in ((bob, 403), ({}, 401), ({"authorization": "token nonsense"}, 401)):
        assert httpx2.post(address, json=call, headers={**accepted, **headers}).status_code == status
    elsewhere = {**accepted, "origin": "https://elsewhere.example"}
    assert student.post(f"{path(NAME)}mcp", json=call, headers=elsewhere).status_code == 403
