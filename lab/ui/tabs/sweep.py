"""Kind `sweep`: the runs, and the grid that shows what each parameter does."""

from exercises.kinds import Sweep
from lab.session.lab import Lab
from lab.ui.page import Page
from lab.ui.tabs.planned import PlannedTab


def build(lab: Lab, page: Page, exercise: Sweep) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        PlannedTab(lab, page, exercise)
