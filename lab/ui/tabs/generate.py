"""Kind `generate`: the planned pictures one by one, each with its film from noise to image."""

from collections.abc import Sequence
from typing import ClassVar

from markupsafe import Markup

from exercises.kinds import Generate
from exercises.kinds.base import Run
from lab.session.lab import Lab
from lab.ui.html import stage
from lab.ui.html.stage import Shown
from lab.ui.page import Page
from lab.ui.sheets import kept as sheets
from lab.ui.tabs.planned import PlannedTab
from manifests.manifest import Source


def build(lab: Lab, page: Page, exercise: Generate) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        GenerateTab(lab, page, exercise)


class GenerateTab(PlannedTab):
    views: ClassVar[Sequence[str]] = ("one", "film")
    film_frames: ClassVar[int] = 8
    has_baseline: ClassVar[bool] = False  # each run may set what it likes

    def label(self, run: Run) -> str:
        return run.id

    def on_stage(self, view: str, run_id: str, records: sheets.Records, source: Source | None) -> Markup:
        """The chosen run's picture, or its film."""
        if view != "film":
            return super().on_stage(view, run_id, records, source)
        t, path = self.page.t, sheets.film_path(self.lab, run_id)
        if not path.is_file():
            return stage.empty(t("stage.nothing"))
        url = f"{self.page.file_url(path)}?{path.stat().st_mtime_ns}"  # each attempt writes it anew
        return stage.one(t, Shown(url, t("generation.film_alt"), t("generation.film")))
