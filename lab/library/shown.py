"""What the library gives back: pictures with their records, which a notebook shows by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import overload

from PIL import Image

from exercises.i18n import Translator, decimal
from lab.ui.html.adherence import line
from lab.ui.sheets.drawing import Cell, Row, draw
from manifests.manifest import Manifest
from manifests.pictures import open_picture
from manifests.store import Record


@dataclass(frozen=True)
class Picture:
    """One recorded picture: `image` (Pillow), `manifest` (everything that is known of it), `path`."""

    record: Record
    t: Translator

    @property
    def manifest(self) -> Manifest:
        return self.record.manifest

    @property
    def path(self) -> Path:
        return self.record.image_path

    @cached_property
    def image(self) -> Image.Image:
        return open_picture(self.path.read_bytes())

    def __repr__(self) -> str:
        made = self.manifest
        said = self.t(
            "library.picture",
            stem=self.record.stem,
            exercise=made.exercise,
            seconds=decimal(f"{made.seconds:.1f}", self.t.language),
            file=self.path,
        )
        return f"{said}\n{line(self.t, made.adherence)}" if made.adherence else said

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.image.save(buffer, "PNG")
        return buffer.getvalue()


@dataclass(frozen=True, repr=False)
class Pictures(Sequence[Picture]):
    """Several pictures, in the order in which they were made; shown as one labelled sheet.

    `columns` are the labels across, `rows` those down; a row has as many pictures as there are columns.
    """

    pictures: tuple[Picture, ...]
    columns: tuple[str, ...]
    rows: tuple[str, ...] = ("",)
    title: str = ""

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Picture]: ...
    def __getitem__(self, index: int | slice) -> Picture | Sequence[Picture]:
        return self.pictures[index]

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)

    def __repr__(self) -> str:
        return "\n".join(repr(picture) for picture in self.pictures)

    def sheet(self) -> Image.Image:
        """All of them as one picture, with labels."""
        width = len(self.columns)
        rows = [
            Row(label, [Cell(p.image, c) for p, c in zip(chunk, self.columns, strict=False)])
            for number, label in enumerate(self.rows)
            if (chunk := self.pictures[number * width : (number + 1) * width])
        ]
        return draw(rows, title=self.title, missing="")

    def _repr_png_(self) -> bytes | None:
        if not self.pictures:
            return None
        buffer = BytesIO()
        self.sheet().save(buffer, "PNG")
        return buffer.getvalue()


class Text(str):
    """Words that a notebook shows as they are, without quotes."""

    def __repr__(self) -> str:
        return str(self)
