"""Kind `diagrams`: a diagram is written as text, drawn, and compared with an image model's picture of it."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.i18n import Bilingual
from exercises.kinds.base import Frozen, check_all_unique
from exercises.kinds.crafted import Crafted
from exercises.parameters import Slug
from exercises.toml_file import TomlFile


class Label(Frozen):
    """What must be a node's label, in one of the languages."""

    id: Slug
    text: Bilingual


class Diagrams(Crafted):
    """The labels and arrows that the diagram must have, and how many arrows must have a label."""

    kind: Literal["diagrams"] = "diagrams"
    labels: tuple[Label, ...] = Field(default=(), max_length=12)
    arrows: tuple[tuple[Slug, Slug], ...] = Field(default=(), max_length=30)
    arrow_labels_minimum: Annotated[int, Field(strict=True, ge=0, le=8)] = 2

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        known = [label.id for label in self.labels]
        check_all_unique(file, (*at, "labels"), known)
        for place, arrow in enumerate(self.arrows):
            if any(end not in known for end in arrow) or arrow[0] == arrow[1]:
                raise file.error((*at, "arrows", place), "one_of", expected=", ".join(known) or "-")
