"""What `inpaint` and `outlines` share: the student's picture, what is used of it on a board, and words."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from exercises.kinds import Inpaint, Outlines
from exercises.parameters import side_of
from lab.models.offered import model_entry
from lab.session.lab import Lab
from lab.ui.page import QUIET, Page
from lab.ui.tabs.own_picture import OwnPicture
from lab.ui.tabs.planned import PlannedTab
from lab.ui.tabs.prompts import Prompts
from lab.ui.tabs.said import Said
from manifests.manifest import Source


class OnPictureTab(PlannedTab, ABC):
    """`build_board` makes `board`, an HTML component, and `seen_by`, the fields that decide what it shows."""

    exercise: Inpaint | Outlines
    takes_photo: ClassVar[bool] = True
    has_baseline: ClassVar[bool] = False
    board: Any
    seen_by: list[Any]

    def __init__(self, lab: Lab, page: Page, exercise: Inpaint | Outlines) -> None:
        self.said = Said(lab, page, exercise.id)
        super().__init__(lab, page, exercise)
        self.said.listen(self.checks)
        inputs = [self.source, *self.seen_by]
        for component in self.seen_by:
            component.change(self.shown_on_board, inputs, self.board, **QUIET)
        page.refresh(self.shown_on_board, self.board, inputs)
        if self.photo:
            self.photo.picture.change(self.shown_on_board, inputs, self.board, **QUIET)
            self.own.begin(self.photo)

    def build_form(self) -> list[Any]:
        self.own = OwnPicture(self.lab, self.page, self.exercise.id)
        settings = self.build_board()
        return [*Prompts(self.lab, self.page, self.said).boxes, *settings]

    @abstractmethod
    def build_board(self) -> list[Any]:
        """The components of the settings, whose values `_task` is given after prompt and negative prompt."""

    @abstractmethod
    def shown_on_board(self, source: Source | None, *values: Any) -> str:
        """What the board shows of the picture; `values` are those of `seen_by`."""

    @property
    def size(self) -> tuple[int, int]:
        """That of the pictures, to which the student's own is fitted."""
        native = model_entry(self.lab.settings.model).native_size
        parameters = self.exercise.runs[0].parameters
        return side_of(parameters.width, native), side_of(parameters.height, native)
