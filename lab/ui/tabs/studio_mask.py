"""Which part of a photo the Studio draws anew: the board to mark it on, or the mask of a recalled picture.

What is marked counts; where nothing is, a recalled picture's own mask does. A model behind an API gets photo
and mask in the photo's own size, others in the size that is drawn.
"""

from dataclasses import dataclass
from typing import Any

from exercises.errors import UserError
from lab.jobs.edits import Edit, EditError, drawn_mask, masked_edit
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.html import masks as html
from lab.ui.page import Page
from lab.ui.sheets.canvas import fitted_picture
from lab.ui.tabs.photo import read_bounded, shown_photo
from manifests.manifest import Mask, Source
from manifests.masks import USUAL_FEATHER
from manifests.pictures import fit, open_picture
from manifests.png import plain_png

LONGEST_SENT = 1024  # pixels: as large as a photo is sent to an API with a mask


@dataclass(frozen=True)
class Marked:
    """What the form says of the part: the board's data URL, the mask of a recalled picture, edge and area."""

    drawn: str
    kept: Mask | None
    feather: float
    area: bool

    @classmethod
    def of(cls, drawn: Any = "", kept: Any = None, feather: Any = 0, area: Any = True) -> "Marked":
        mask = kept if isinstance(kept, Mask) else None
        return cls(str(drawn or ""), mask, float(feather or 0), bool(area))


class PartToChange:
    """`inputs` are what `Marked.of` takes; `kept` is the State of the recalled mask."""

    def __init__(self, lab: Lab, page: Page, name: str) -> None:
        import gradio as gr

        self.lab, self.page, self.name = lab, page, name
        t = page.t
        self.kept = gr.State(None)
        with gr.Column(elem_classes="mask-place"):
            self.board = gr.HTML(elem_id=f"board-{name}")
        drawn = gr.Textbox(visible="hidden", elem_id=f"mask-{name}")
        feather = gr.Slider(
            0, 32, USUAL_FEATHER, step=1, label=t("mask.feather"), info=t("mask.feather_info"),
            elem_id=f"feather-{name}",
        )  # fmt: skip
        area = gr.Checkbox(value=True, label=t("mask.area"), info=t("mask.area_info"), elem_id=f"area-{name}")
        self.inputs = [drawn, self.kept, feather, area]

    def show(self, source: Source | None, kept: Any, size: tuple[int, int] | None) -> str:
        """The photo to mark upon; `size`: what is drawn, None where an API takes the photo's own."""
        t = self.page.t
        size = size or self.sent_size(source)
        path = fitted_picture(self.lab, source, size) if source and size else None
        if source is None or size is None or path is None:
            return markup.hint(t("mask.no_source"))
        mask = kept if isinstance(kept, Mask) else None
        key = f"{self.name}-{source.sha256}-{size}-{mask.sha256 if mask else ''}"
        board = html.drawing_board(t, self.page.file_url(path), key, size, f"mask-{self.name}")
        used = shown_photo(self.lab, mask)
        return board + html.used_mask(t, self.page.file_url(used)) if used else board

    def sent_size(self, source: Source | None) -> tuple[int, int] | None:
        """The photo's size, at most LONGEST_SENT pixels long; None where it cannot be read."""
        try:
            picture = open_picture(read_bounded(self.lab.store().source_path(source))) if source else None
        except (UserError, OSError):
            return None
        if picture is None:
            return None
        smaller = min(1.0, LONGEST_SENT / max(picture.size))
        return max(1, round(picture.width * smaller)), max(1, round(picture.height * smaller))

    def edit(self, source: Source, marked: Marked, size: tuple[int, int]) -> Edit:
        """Source and mask for a picture drawn in that size. Raises EditError, PictureError."""
        if not marked.drawn and marked.kept is not None:
            return Edit(source, marked.kept, size)
        store = self.lab.store()
        return masked_edit(
            store, source, drawn_mask(marked.drawn, size), feather=marked.feather, area=marked.area
        )

    def edit_to_send(self, source: Source, marked: Marked) -> Edit:
        """Photo and mask of one size, as a PNG each. Raises EditError, PictureError."""
        size, store = self.sent_size(source), self.lab.store()
        if size is None:
            raise EditError("mask.no_source")
        data = store.source_path(source).read_bytes()
        picture = open_picture(data)
        if picture.size != size or not data.startswith(b"\x89PNG"):
            source = store.add_source(plain_png(fit(picture, *size)))
        if not marked.drawn and marked.kept is not None:
            return Edit(source, marked.kept, size)
        return masked_edit(store, source, drawn_mask(marked.drawn, size), feather=marked.feather, area=False)
