"""The student's own pictures to begin with, of whichever assignment, beside a photo from their computer."""

from typing import Any

from markupsafe import Markup

from lab.records.own_pictures import caption
from lab.session.lab import Lab
from lab.ui.page import QUIET, Page
from lab.ui.tabs.photo import Photo

MOST_OFFERED = 60


class OwnPicture:
    """The choice; what is chosen becomes the photo in use of a tab."""

    def __init__(self, lab: Lab, page: Page, name: str) -> None:
        import gradio as gr

        self.lab, self.page = lab, page
        self.offered = gr.Dropdown(
            [], value=None, label=page.t("mask.own_picture"), elem_id=f"own-{name}", filterable=False
        )
        self.taken = page.message(f"taken-{name}")

    def begin(self, photo: Photo) -> None:
        """Listen, once the tab's photo is there."""
        self.page.refresh(self._offered, self.offered)
        outputs = [*photo.outputs, self.taken]
        self.offered.input(lambda name: self._take(photo, name), self.offered, outputs, **QUIET)

    def _offered(self) -> Any:
        import gradio as gr

        own = list(self.lab.own_pictures().items())[:MOST_OFFERED]
        choices = [(caption(self.lab.assignment.id, record), name) for name, record in own]
        return gr.update(choices=choices, value=None, visible=bool(choices))

    def _take(self, photo: Photo, name: str | None) -> list[Any]:
        import gradio as gr

        record = self.lab.own_pictures().get(name or "")
        if record is None:
            return [gr.skip(), gr.skip(), Markup("")]
        return photo.take(str(record.image_path))
