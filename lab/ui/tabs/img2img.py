"""Kind `img2img`: the student's own photo, the runs from it, and the grid of strengths."""

from typing import ClassVar

from exercises.kinds import ImageToImage
from lab.session.lab import Lab
from lab.ui.page import Page
from lab.ui.tabs.planned import PlannedTab


def build(lab: Lab, page: Page, exercise: ImageToImage) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        ImageToImageTab(lab, page, exercise)


class ImageToImageTab(PlannedTab):
    takes_photo: ClassVar[bool] = True
