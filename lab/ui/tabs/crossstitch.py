"""Kind `crossstitch`: a picture, how wide and in how many colours; what comes of it, stitched."""

from typing import Any

from markupsafe import Markup

from crafts.crossstitch import APPLICATION, MAX_COLOURS, MAX_WIDTH, CrossStitchSettings
from crafts.pieces import Piece
from exercises.i18n import number
from exercises.kinds import CrossStitch
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html import crafts, markup
from lab.ui.page import Page
from lab.ui.tabs.crafted import CraftedTab
from manifests.store import Record

FIELDS = ("width", "colours", "count", "strands", "outline")


def build(lab: Lab, page: Page, exercise: CrossStitch) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        CrossStitchTab(lab, page, exercise)


class CrossStitchTab(CraftedTab):
    application = APPLICATION

    def build_form(self) -> list[Any]:
        import gradio as gr

        t, name, first = self.page.t, self.exercise.id, CrossStitchSettings()
        width = gr.Slider(
            20, MAX_WIDTH, first.width, step=1, label=t("crossstitch.width"), elem_id=f"width-{name}"
        )
        colours = gr.Slider(
            2, MAX_COLOURS, first.colours, step=1, label=t("crossstitch.colours"), elem_id=f"colours-{name}"
        )
        with gr.Row():
            count = choice(
                choices=[(str(each), each) for each in (11, 14, 16, 18)],
                value=first.count,
                label=t("crossstitch.count"),
                min_width=120,
                elem_id=f"count-{name}",
            )
            strands = choice(
                choices=[(str(each), each) for each in (1, 2, 3)],
                value=first.strands,
                label=t("crossstitch.strands"),
                min_width=120,
                elem_id=f"strands-{name}",
            )
        outline = gr.Checkbox(False, label=t("crossstitch.outline"), elem_id=f"outline-{name}")
        return [width, colours, count, strands, outline]

    def settings(self, count: int, *values: Any) -> dict[str, Any]:
        *numbers, outline = values
        whole = [
            int(value) if isinstance(value, float) and value.is_integer() else value for value in numbers
        ]
        return dict(zip(FIELDS, (*whole, outline), strict=True))

    def values(self, settings: dict[str, Any]) -> list[Any]:
        return [settings.get(field) for field in FIELDS]

    def view(self, piece: Piece, records: list[Record]) -> Markup:
        return self.shown_file(piece, ".png", self._said(piece))

    def figures(self, piece: Piece) -> Markup:
        t = self.page.t
        found: Any = piece.figures
        far = number(found["distance"], t.language)
        words = t("crossstitch.far", distance=far, back_stitches=found["back_stitches"])
        return markup.note(self._said(piece)) + crafts.threads(t, found) + markup.hint(words)

    def _said(self, piece: Piece) -> str:
        found: Any = piece.figures
        wide, high = (number(side, self.page.language) for side in found["centimetres"])
        return self.page.t(
            "crossstitch.size",
            width=found["width"],
            height=found["height"],
            wide=wide,
            high=high,
            threads=len(found["threads"]),
        )
