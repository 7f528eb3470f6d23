"""Kind `operations`: pictures, sizes, formats and a crop; what a batch of them takes and costs."""

from typing import Any, get_args

from markupsafe import Markup

from crafts.operations import APPLICATION, CROPS, Format, OperationsSettings
from crafts.pieces import Piece
from exercises.kinds import Operations
from lab.session.lab import Lab
from lab.ui.html import crafts, markup
from lab.ui.page import QUIET, Page
from lab.ui.tabs.crafted import CraftedTab

SIZES = (32, 64, 96, 128, 192, 256, 384, 512)


def build(lab: Lab, page: Page, exercise: Operations) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        OperationsTab(lab, page, exercise)


class OperationsTab(CraftedTab):
    application = APPLICATION

    def build_form(self) -> list[Any]:
        import gradio as gr

        t, name, first = self.page.t, self.exercise.id, OperationsSettings()
        self.sizes = gr.CheckboxGroup(
            [(str(size), size) for size in SIZES],
            value=list(first.sizes),
            label=t("operations.sizes"),
            elem_id=f"sizes-{name}",
        )
        self.formats = gr.CheckboxGroup(
            list(get_args(Format)),
            value=list(first.formats),
            label=t("operations.formats"),
            elem_id=f"formats-{name}",
        )
        crop = gr.Radio(
            [(t(f"operations.crop_{key}"), value) for value, key in CROPS.items()],
            value=first.crop,
            label=t("operations.crop"),
            elem_id=f"crop-{name}",
        )
        self.count = gr.HTML(elem_id=f"count-{name}")
        return [self.sizes, self.formats, crop]

    def listen(self) -> None:
        import gradio as gr

        asked = [self.pictures, self.sizes, self.formats]
        gr.on([each.change for each in asked], self._count, asked, self.count, **QUIET)
        self.page.refresh(self._count, self.count, asked)

    def _count(self, *asked: Any) -> str:
        """How many files that gives."""
        pictures, sizes, formats = (len(each) if isinstance(each, list) else 0 for each in asked)
        values = {"pictures": pictures, "sizes": sizes, "formats": formats}
        return markup.hint(self.page.t("operations.count", files=pictures * sizes * formats, **values))

    def settings(self, count: int, *values: Any) -> dict[str, Any]:
        sizes, formats, crop = values
        return {"sizes": sorted(sizes or ()), "formats": formats or [], "crop": crop}

    def values(self, settings: dict[str, Any]) -> list[Any]:
        return [settings.get(name) for name in ("sizes", "formats", "crop")]

    def figures(self, piece: Piece) -> Markup:
        return crafts.formats(self.page.t, piece.figures)
