"""Kind `grid`: two parameters against each other, as one labelled table, and what is concluded from it."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from markupsafe import Markup

from exercises.kinds import Grid
from exercises.kinds.base import Run
from lab.session.lab import Lab
from lab.ui.html import stage
from lab.ui.html.stage import Shown
from lab.ui.page import Page
from lab.ui.sheets.grids import axis_labels
from lab.ui.tabs.planned import PlannedTab
from lab.ui.tabs.result import judged
from lab.ui.tabs.said import Said
from manifests.store import Record


def build(lab: Lab, page: Page, exercise: Grid) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        GridTab(lab, page, exercise)


class GridTab(PlannedTab):
    exercise: Grid
    has_baseline: ClassVar[bool] = False

    def __init__(self, lab: Lab, page: Page, exercise: Grid) -> None:
        self.columns, self.rows = axis_labels(page.t, exercise.x), axis_labels(page.t, exercise.y)
        self.said: Said | None = None
        super().__init__(lab, page, exercise)
        self.stage.draw = partial(stage.crossed_preview, self.columns, self.rows)
        if self.said:
            self.said.listen(self.checks)

    def build_words(self) -> None:
        if minimum := self.exercise.words_minimum:
            self.said = Said(self.lab, self.page, self.exercise.id)
            t = self.page.t
            self.said.text("text", label=t("grid.conclusion"), info=t("said.words", minimum=minimum))
            self.said.status.render()

    def label(self, run: Run) -> str:
        """The names of its row and its column."""
        row, column = divmod(self.exercise.runs.index(run), len(self.columns))
        return f"{self.rows[row]} · {self.columns[column]}"

    def shown(self, record: Record, label: str, *, marked: bool) -> Shown:
        return judged(self.page, record, label)

    def all_at_once(self, cells: Sequence[Shown]) -> Markup:
        return stage.crossed(self.page.t, self.columns, self.rows, cells)
