"""The tools over MCP for any client of it: on stdin and stdout, or over HTTP behind the lab's gate."""

import json
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any, TypeVar

import anyio
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from exercises.errors import UserError
from exercises.i18n import Language
from lab.agent.desk import Desk, Facts, facts
from lab.engine.protocol import Step
from lab.jobs.generate import Generation
from lab.session.lab import Lab
from manifests.pictures import open_picture
from manifests.store import Record

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
MAKES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
LARGEST = 1024  # pixels of a picture's side, as an agent sees it

T = TypeVar("T")
Shown = list[str | Image]


def build_server(lab: Lab, language: Language) -> MCPServer[Any]:
    """A server of one student's lab."""
    desk = Desk(lab, language)
    server: MCPServer[Any] = MCPServer("genai-lab", instructions=desk.instructions(), log_level="WARNING")

    @server.tool(annotations=READS)
    async def list_assignments() -> list[Facts]:
        """List the assignments that are open to the student, with points and deadline."""
        return await _said(language, desk.assignments)

    @server.tool(annotations=READS)
    async def list_exercises(assignment: str | None = None) -> Facts:
        """List an assignment's exercises: what each asks for, its points, its planned runs.

        Without `assignment` the one that the lab opens with.
        """
        return await _said(language, partial(desk.exercises, assignment))

    @server.tool(annotations=READS)
    async def what_is_missing(assignment: str | None = None) -> Facts:
        """Say what is not done or not right yet, with causes and points: the checks that grade."""
        return await _said(language, partial(desk.missing, assignment))

    @server.tool(annotations=READS)
    async def list_pictures(assignment: str | None = None, exercise: str | None = None) -> list[Facts]:
        """List the pictures made so far, the newest first, with how they were asked for."""
        return await _said(language, partial(desk.pictures, assignment, exercise))

    @server.tool(annotations=READS, structured_output=False)
    async def show_picture(picture: str, assignment: str | None = None) -> Shown:
        """Show a picture by its name, with how it was made."""
        return await _said(language, lambda: _shown(desk.picture(assignment, picture)))

    @server.tool(annotations=READS)
    async def compare_pictures(one: str, other: str, assignment: str | None = None) -> Facts:
        """Say in which parameters two pictures differ, and how far apart their pixels lie (0 to 255)."""
        return await _said(language, partial(desk.compared, assignment, one, other))

    @server.tool(annotations=MAKES, structured_output=False)
    async def make_planned_picture(
        run: str,
        ctx: Context[Any],
        assignment: str | None = None,
        source: str | None = None,
        prompt: str | None = None,
        negative_prompt: str | None = None,
    ) -> Shown:
        """Make one planned picture, named EXERCISE/RUN as in list_exercises, with the planned parameters.

        `source` names the picture that image to image begins with. `prompt` and `negative_prompt` are for
        exercises that leave the words open (kinds own and iterate); elsewhere they break with the plan. The
        picture is recorded as made through an agent. Raises an error where the assignment forbids agents.
        """
        words = {
            name: value
            for name, value in (("prompt", prompt), ("negative_prompt", negative_prompt))
            if value is not None
        }
        return await _made(desk, partial(desk.planned, assignment, run, source, words), ctx)

    @server.tool(annotations=MAKES, structured_output=False)
    async def make_free_picture(
        prompt: str,
        ctx: Context[Any],
        negative_prompt: str = "",
        steps: int = 30,
        guidance_scale: float = 7.5,
        scheduler: str = "EulerA",
        seed: int = 42,
        source: str | None = None,
        strength: float | None = None,
        assignment: str | None = None,
    ) -> Shown:
        """Make a picture of any prompt in the assignment's Studio.

        With `source`, the name of an earlier picture, that one is changed: `strength` says by how much, above
        0 up to 1. The picture is recorded as made through an agent. Raises an error where the assignment has
        no Studio or forbids agents.
        """
        parameters = {
            "prompt": prompt,
            "negative_prompt": negative_prompt,
            "steps": steps,
            "guidance_scale": float(guidance_scale),
            "scheduler": scheduler,
            "seed": seed,
        } | ({} if strength is None else {"strength": float(strength)})
        return await _made(desk, partial(desk.free, assignment, source, parameters), ctx)

    return server


async def _said(language: Language, do: Callable[[], T]) -> T:
    """What it gives, done beside the event loop. Raises ToolError with the words of a UserError.

    A client that no longer wants it does not wait for it.
    """
    try:
        return await anyio.to_thread.run_sync(do, abandon_on_cancel=True)
    except UserError as error:
        raise ToolError(error.in_language(language)) from error


async def _made(desk: Desk, begin: Callable[[], Generation], ctx: Context[Any]) -> Shown:
    """Make it, telling how far it is; stopped when the client no longer wants it."""
    generation = await _said(desk.language, begin)

    def tell(event: object) -> None:
        if isinstance(event, Step):
            anyio.from_thread.run(ctx.report_progress, event.step, event.steps)

    ended = False
    try:
        record = await _said(desk.language, partial(desk.finish, generation, tell))
        ended = True
    finally:
        if not ended:
            generation.cancel()
    return await _said(desk.language, lambda: _shown(record))


def _shown(record: Record) -> Shown:
    image = open_picture(record.image_path.read_bytes())
    image.thumbnail((LARGEST, LARGEST))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return [json.dumps(facts(record), ensure_ascii=False), Image(data=buffer.getvalue(), format="png")]
