"""Kind `quiz`: questions about pictures that were made, or about a workflow's graph.

What is right stands in the manifests, or follows from the graph; nobody types it in.
"""

import re
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from exercises.faults import Path as KeyPath
from exercises.graph import Graph, read_graph
from exercises.i18n import LANGUAGES, Bilingual
from exercises.kinds.base import ExerciseBase, Frozen, check_all_unique
from exercises.parameters import Parameters, Slug
from exercises.toml_file import TomlFile

Ask = Literal["which_run", "which_parameter", "which_claim", "which_source", "which_holder", "choice"]
ABOUT_GRAPHS = ("which_source", "which_holder")
GRAPH_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.json")
MOST_CHOICES = 6
Share = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]


class Question(Frozen):
    """`which_run`: of which of the runs a picture is. `which_claim`: which claim about a picture is false.

    `which_parameter`: what was changed between the first of the runs and another one.

    `which_source`: from which node of the graph an input gets what goes into it. `which_holder`: which of
    its nodes holds a value. These two have a `graph` and no runs.

    `choice`: a question that is written here with its `choices`, the first of which is right, and `why`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    id: Slug
    ask: Ask
    runs: tuple[Slug, ...] = Field(default=(), max_length=8)
    graph: Graph | None = None
    text: Bilingual | None = None
    choices: tuple[Bilingual, ...] = Field(default=(), max_length=MOST_CHOICES)
    why: Bilingual | None = None

    @property
    def by_itself(self) -> bool:
        """Whether it is asked without pictures of the student's."""
        return self.graph is not None or self.ask == "choice"

    @property
    def about(self) -> tuple[str, ...]:
        """What of the graph may be asked for: inputs with a link, or names of values."""
        if self.graph is None:
            return ()
        if self.ask == "which_source":
            return tuple(link.place for link in self.graph.links)
        return tuple(dict.fromkeys(name for node in self.graph.nodes for name, _ in node.values))


class Quiz(ExerciseBase):
    """`tries` says for each try which share of a question's points a right answer still earns."""

    kind: Literal["quiz"] = "quiz"
    questions: tuple[Question, ...] = Field(min_length=1, max_length=20)
    tries: tuple[Share, ...] = Field(default=(1.0, 0.5), min_length=1, max_length=5)

    rules: ClassVar[tuple[str, ...]] = ("answered",)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(question.id for question in self.questions)

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """Read the graphs that questions name. Raises ExerciseError."""
        questions = table.get("questions")
        if not isinstance(questions, list) or not all(isinstance(each, dict) for each in questions):
            return  # told when the exercise as a whole is looked at
        table["questions"] = [
            _with_graph(file, (*at, "questions", index), each) for index, each in enumerate(questions)
        ]

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_all_unique(file, (*at, "questions"), [question.id for question in self.questions])
        if any(later > earlier for earlier, later in pairwise(self.tries)):
            raise file.error((*at, "tries"), "falling")

    def check_plan(self, file: TomlFile, at: KeyPath, planned: Mapping[str, Parameters]) -> None:
        """Questions are about planned runs; where a parameter is asked for, exactly one was changed."""
        for index, question in enumerate(self.questions):
            _check_written(file, (*at, "questions", index), question)
            if question.by_itself:
                continue
            place = (*at, "questions", index, "runs")
            if len(question.runs) < 2:
                raise file.error(place, "items_at_least", min_length=2)
            check_all_unique(file, place, question.runs)
            for run in question.runs:
                if run not in planned:
                    raise file.error(place, "a_run", run=run)
            first, *others = (planned[run] for run in question.runs)
            for run, other in zip(question.runs[1:], others, strict=True):
                changed = different(first, other)
                if question.ask == "which_parameter" and len(changed) != 1:
                    names = ", ".join(changed) or "-"
                    raise file.error(place, "one_difference", run=run, names=names)


def _check_written(file: TomlFile, at: KeyPath, question: Question) -> None:
    """A question that is written has all its parts, and no other question has any of them."""
    if question.ask != "choice":
        for name in ("text", "choices", "why"):
            if getattr(question, name):
                raise file.error((*at, name), "unknown")
        return
    if question.text is None:
        raise file.error((*at, "text"), "missing")
    if question.runs:
        raise file.error((*at, "runs"), "unknown")
    if len(question.choices) < 2:
        raise file.error((*at, "choices"), "items_at_least", min_length=2)
    for language in LANGUAGES:
        check_all_unique(file, (*at, "choices"), [choice(language) for choice in question.choices])


def different(one: object, other: object) -> list[str]:
    """The parameters in which two plans, or two requests, differ."""
    return [
        name for name in Parameters.model_fields if getattr(one, name, None) != getattr(other, name, None)
    ]


def _with_graph(file: TomlFile, at: KeyPath, question: dict[str, Any]) -> dict[str, Any]:
    """The question with the graph that its file holds, where it asks about one. Raises ExerciseError."""
    named = question.get("graph")
    if question.get("ask") not in ABOUT_GRAPHS:
        if named is not None:
            raise file.error((*at, "graph"), "unknown")
        return question
    if "runs" in question:
        raise file.error((*at, "runs"), "unknown")
    if not isinstance(named, str) or not GRAPH_FILE.fullmatch(named):
        raise file.error((*at, "graph"), "graph_file")
    read = Question(id="read", ask=question["ask"], graph=read_graph(file.path.parent / named))
    if not read.about:
        raise file.error((*at, "graph"), "graph_empty")
    return question | {"graph": read.graph}
