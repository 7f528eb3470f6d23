"""`genai-lab mcp` as agents use it: a real process on stdin and stdout, and the SDK's own client."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, ImageContent, TextContent

import exercises
from exercises.errors import MissingExtra
from lab.cli import mcp as command
from manifests.settings import WorkSettings
from manifests.store import Store

SECONDS = 120
TOOLS = {
    "list_assignments", "list_exercises", "what_is_missing", "list_pictures", "show_picture",
    "compare_pictures", "make_planned_picture", "make_free_picture",
}  # fmt: skip

Scenario = Callable[[Client], Coroutine[Any, Any, None]]
Run = Callable[[Scenario], None]


@pytest.fixture
def work(tmp_path: Path, mini_is_tiny: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def run(work: Path) -> Run:
    """Let a client talk to a process of the command."""

    def run(scenario: Scenario) -> None:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "genai_lab", "mcp", "--work", str(work)], env=dict(os.environ)
        )

        async def connected() -> None:
            async with asyncio.timeout(SECONDS), Client(server) as client:
                await scenario(client)

        asyncio.run(connected())

    return run


def told(result: CallToolResult) -> Any:
    """What a tool said, as data."""
    assert not result.is_error, result.content
    first = result.content[0]
    assert isinstance(first, TextContent)
    return json.loads(first.text)


def store(work: Path, assignment: str = "tp2") -> Store:
    return Store(work, assignment, WorkSettings().student)


def test_an_agent_lists_makes_compares_and_reads_what_is_missing(work: Path, run: Run) -> None:
    async def scenario(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == TOOLS
        assert all(tool.description for tool in tools)
        assert client.instructions
        asked = told(await client.call_tool("list_exercises"))
        assert "smoke" in asked["exercises"][0]["runs"]
        before = told(await client.call_tool("what_is_missing"))
        steps: list[float] = []

        async def progress(progress: float, total: float | None, message: str | None) -> None:
            steps.append(progress)

        made = await client.call_tool("make_planned_picture", {"run": "smoke"}, progress_callback=progress)
        assert told(made)["picture"] == "smoke"
        assert isinstance(made.content[1], ImageContent)
        assert steps
        assert steps == sorted(steps)
        free = {"prompt": "a red mug", "steps": 3, "seed": 5}
        assert told(await client.call_tool("make_free_picture", free))["run"] == "studio"
        changed = told(
            await client.call_tool("make_free_picture", {**free, "source": "studio", "strength": 0.7})
        )
        assert changed["request"]["mode"] == "img2img"
        difference = told(await client.call_tool("compare_pictures", {"one": "smoke", "other": "studio"}))
        assert "request.steps" in {each["field"] for each in difference["made_differently"]}
        own = {"assignment": "seeds", "run": "free/free_seed42"}
        assert (await client.call_tool("make_planned_picture", own)).is_error
        worded = told(await client.call_tool("make_planned_picture", {**own, "prompt": "a green car"}))
        assert worded["request"]["prompt"] == "a green car"
        after = told(await client.call_tool("what_is_missing"))
        assert after["points"] == before["points"] + 2
        assert isinstance(
            (await client.call_tool("show_picture", {"picture": "smoke"})).content[1], ImageContent
        )

    run(scenario)
    records = store(work).records()
    assert [r.stem for r in records] == ["smoke", "studio", "studio-2"]
    assert {r.manifest.made_through for r in records} == {"mcp"}


def test_what_cannot_be_is_said_in_words_and_nothing_is_recorded(
    work: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAI_LANGUAGE", "fr")

    async def scenario(client: Client) -> None:
        wrong: list[tuple[str, dict[str, Any], str]] = [
            ("make_planned_picture", {"run": "sweep"}, "t2i_run02_steps15"),
            ("make_planned_picture", {"run": "nothing"}, "nothing"),
            ("make_planned_picture", {"run": "img2img/i2i_run07_strength035"}, "source"),
            ("make_free_picture", {"prompt": "x", "steps": 0}, "steps"),
            ("make_free_picture", {"prompt": "x", "assignment": "prompts"}, "Studio"),
            ("make_free_picture", {"prompt": "x", "source": "../../etc/passwd"}, "list_pictures"),
            ("show_picture", {"picture": "nothing"}, "n’y a pas d’image"),
            ("what_is_missing", {"assignment": "elsewhere"}, "tp2"),
        ]
        for name, arguments, words in wrong:
            result = await client.call_tool(name, arguments)
            assert result.is_error, name
            said = result.content[0]
            assert isinstance(said, TextContent)
            assert words in said.text
            assert "Traceback" not in said.text

    run(scenario)
    assert store(work).records() == []


def test_an_assignment_that_forbids_agents_is_read_and_nothing_is_made_for_it(
    work: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exercises" / "alone"
    shutil.copytree(Path(exercises.__file__).parent / "tp2", folder)
    file = folder / "assignment.toml"
    file.write_text("agents = false\n" + file.read_text())
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(folder.parent))

    async def scenario(client: Client) -> None:
        listed = await client.call_tool("list_assignments")
        assert listed.structured_content is not None
        may = {
            each["assignment"]: each["agents_may_make_pictures"]
            for each in listed.structured_content["result"]
        }
        assert (may["alone"], may["tp2"]) == (False, True)
        assert told(await client.call_tool("what_is_missing", {"assignment": "alone"}))["missing"]
        for name, arguments in (
            ("make_planned_picture", {"run": "smoke"}),
            ("make_free_picture", {"prompt": "x"}),
        ):
            refused = await client.call_tool(name, {**arguments, "assignment": "alone"})
            assert refused.is_error
            assert isinstance(refused.content[0], TextContent)
            assert "alone" in refused.content[0].text

    run(scenario)
    assert store(work, "alone").records() == []


def test_a_client_that_leaves_in_the_middle_stops_the_picture_and_the_process(work: Path, run: Run) -> None:
    async def scenario(client: Client) -> None:
        begun = asyncio.Event()

        async def progress(progress: float, total: float | None, message: str | None) -> None:
            begun.set()

        long = {"prompt": "a red mug", "steps": 150}
        asking = asyncio.create_task(client.call_tool("make_free_picture", long, progress_callback=progress))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        quick = told(await client.call_tool("make_free_picture", {"prompt": "a red mug", "steps": 2}))
        assert quick["request"]["steps"] == 2

    run(scenario)
    assert [r.manifest.request.steps for r in store(work).records()] == [2]  # type: ignore[union-attr]


def test_without_the_package_the_command_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"genai-lab\[mcp\]"):
        command.mcp()
