"""Workflows: graphs in ComfyUI's API format, and where in them each parameter of a request goes.

    <folder>/workflow.toml        title, seconds, and for each mode its graph and its inputs
             workflow.json        the graph, as ComfyUI exports it ("Export (API)")

The built-in ones lie in `workflows/`, a folder each; a teacher's own beside `assignment.toml`. Whatever is
wrong in one raises ExerciseError with file and field.
"""

import copy
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exercises.errors import CatalogueError, SystemReason
from exercises.parameters import Mode
from manifests.errors import JsonError
from manifests.reader import read_regular_file
from manifests.service import MOST_BYTES, MOST_NODES
from manifests.strict_json import parse

FILE = "workflow.toml"
BUILT_IN = Path(__file__).parent / "workflows"
MAX_TOML = 16 * 1024
MAX_GRAPH = MOST_BYTES // 2  # bytes: the whole workflow, filled in, stands in each manifest

Graph = dict[str, dict[str, Any]]
Parameter = Literal[
    "checkpoint",
    "prompt",
    "negative_prompt",
    "width",
    "height",
    "steps",
    "guidance_scale",
    "scheduler",
    "seed",
    "strength",
    "source",
]
Place = Annotated[str, Field(pattern=r"^[^.\s]{1,64}\.[A-Za-z_][A-Za-z0-9_]{0,63}$")]  # <node>.<input>


class BadWorkflow(CatalogueError):
    """A workflow's file cannot be used."""

    package = "lab"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Way(_Part):
    """The graph of one mode. `inputs`: the places of each parameter that the graph takes."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.json$")]
    inputs: dict[Parameter, Place | list[Place]]

    def places(self, name: Parameter) -> list[tuple[str, str]]:
        """Node and input of each place of a parameter; none where the graph does not take it."""
        value = self.inputs.get(name, [])
        found = [value] if isinstance(value, str) else value
        return [(node, key) for node, _, key in (each.partition(".") for each in found)]


class _Told(_Part):
    title: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    text2img: Way | None = None
    img2img: Way | None = None


@dataclass(frozen=True)
class Workflow:
    """What a folder says. `id` is the folder's name; `seconds` how long a picture may take, if it is said."""

    id: str
    title: str
    seconds: int | None
    ways: Mapping[Mode, Way]
    graphs: Mapping[Mode, Graph]

    def filled(self, mode: Mode, values: Mapping[Parameter, Any]) -> Graph:
        """The graph of a mode with these values in their places."""
        graph = copy.deepcopy(self.graphs[mode])
        for name, value in values.items():
            for node, key in self.ways[mode].places(name):
                graph[node]["inputs"][key] = value
        return graph

    def node_of(self, name: Parameter, mode: Mode | None = None) -> tuple[str, str] | None:
        """The class and the input that take a parameter, in the first mode that does."""
        for each, way in self.ways.items():
            if mode in (None, each):
                for node, key in way.places(name):
                    return str(self.graphs[each][node]["class_type"]), key
        return None


@cache
def built_in() -> tuple[Workflow, ...]:
    """Those that come with the lab."""
    return tuple(read_workflow(file.parent) for file in sorted(BUILT_IN.glob(f"*/{FILE}")))


def of_assignments() -> Iterator[Workflow]:
    """Those that lie beside an assignment; one that cannot be read is left out, and the doctor says why."""
    for folder in assignment_folders():
        try:
            yield read_workflow(folder)
        except BadWorkflow:
            continue


def assignment_folders() -> list[Path]:
    """The folders of assignments that have a workflow of their own."""
    from exercises import loader
    from exercises.settings import ExerciseSettings

    extra = ExerciseSettings().exercises_dir
    folders = [folder for folder in (loader.BUILT_IN, extra) if folder]
    return sorted(file.parent for folder in folders for file in folder.glob(f"*/{FILE}"))


def read_workflow(folder: Path) -> Workflow:
    """The workflow of a folder. Raises BadWorkflow, which names the file and what is wrong in it."""
    file = folder / FILE
    try:
        told = _Told.model_validate(tomllib.loads(_text(file)))
    except tomllib.TOMLDecodeError as error:
        raise BadWorkflow("workflow.syntax", file=file, reason=str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadWorkflow("workflow.field", file=file, field=field, reason=first["msg"]) from None
    ways: dict[Mode, Way] = {}
    if told.text2img:
        ways["text2img"] = told.text2img
    if told.img2img:
        ways["img2img"] = told.img2img
    if not ways:
        raise BadWorkflow("workflow.no_mode", file=file)
    graphs = {mode: _graph(folder / way.file) for mode, way in ways.items()}
    for mode, way in ways.items():
        for name in way.inputs:
            for node, key in way.places(name):
                if node not in graphs[mode]:
                    raise BadWorkflow("workflow.no_node", file=file, place=f"{node}.{key}", name=name)
        if "prompt" not in way.inputs or (mode == "img2img" and "source" not in way.inputs):
            missing = "prompt" if "prompt" not in way.inputs else "source"
            raise BadWorkflow("workflow.no_input", file=file, mode=mode, name=missing)
    return Workflow(folder.name, told.title or folder.name, told.seconds, ways, graphs)


def _text(file: Path, most: int = MAX_TOML) -> str:
    try:
        return read_regular_file(file, most).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = SystemReason(error) if isinstance(error, OSError) else "UTF-8"
        raise BadWorkflow("workflow.unreadable", file=file, reason=reason) from None


def _graph(file: Path) -> Graph:
    text = _text(file, MAX_GRAPH)
    try:
        graph = parse(text.encode(), max_bytes=MAX_GRAPH)
    except JsonError as error:
        raise BadWorkflow("workflow.syntax", file=file, reason=error) from None
    is_graph = isinstance(graph, dict) and 0 < len(graph) <= MOST_NODES
    if not is_graph or not all(
        isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs"), dict)
        for node in graph.values()
    ):
        raise BadWorkflow("workflow.no_graph", file=file)
    # What ComfyUI's page adds for people (`_meta`) is no part of what is executed.
    return {
        str(key): {"class_type": node["class_type"], "inputs": node["inputs"]} for key, node in graph.items()
    }
