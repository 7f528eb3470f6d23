"""Kind `generate`: the planned pictures one by one, each with its film from noise to image."""

from typing import ClassVar

from exercises.kinds import Generate
from lab.session.lab import Lab
from lab.ui.page import Page
from lab.ui.sheets import kept as sheets
from lab.ui.tabs.planned import PlannedTab
from manifests.manifest import Source


def build(lab: Lab, page: Page, exercise: Generate) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        GenerateTab(lab, page, exercise)


class GenerateTab(PlannedTab):
    sheet_label: ClassVar[str] = "generation.film"
    film_frames: ClassVar[int] = 8

    def sheet(self, run_id: str, records: sheets.Records, source: Source | None) -> tuple[str | None, str]:
        """The film of the chosen run."""
        path = sheets.film_path(self.lab, run_id)
        return (str(path) if path.is_file() else None), self.page.t("generation.film_alt")
