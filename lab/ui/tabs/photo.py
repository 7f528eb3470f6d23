"""The student's own photo: uploaded, checked, kept as it came, and shown.

Which photo is in use: the one uploaded on this page, else the source of the newest run that had one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exercises.errors import UserError
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.page import QUIET, Page
from manifests.atomic import write_atomic
from manifests.manifest import Source
from manifests.pictures import MAX_BYTES, MEDIA_TYPES, open_picture
from manifests.png import plain_png


class MissingPhoto(UserError):
    """Image-to-image was asked for before a photo was chosen."""


class Photo:
    """`source` is the State that holds the `Source` in use, or None; `show` fills `outputs` from disk."""

    def __init__(self, lab: Lab, page: Page, name: str) -> None:
        import gradio as gr

        self.lab, self.page, self.name = lab, page, name
        t = page.t
        self.source = gr.State(None)
        with gr.Row(elem_classes="photo"):
            with gr.Column(min_width=260):
                # Any file may be chosen: what is no picture is refused here, in the page's language.
                upload = gr.UploadButton(t("photo.choose"), elem_id=f"upload-{name}")
                gr.HTML(markup.hint(t("photo.hint", mib=MAX_BYTES // 2**20)))
                status = page.message(f"photo-status-{name}")
            self.picture = gr.Image(
                label=t("photo.shown"),
                show_label=False,  # it would lie over a picture as small as this one
                type="filepath",
                interactive=False,
                visible=False,
                buttons=["fullscreen"],
                elem_id=f"photo-{name}",
                elem_classes="picture",
                min_width=260,
            )
        self.outputs = [self.source, self.picture]
        upload.upload(self.take, upload, [*self.outputs, status], **QUIET)
        page.given_photo.change(self._given, page.given_photo, [*self.outputs, status], **QUIET)

    def show(self, runs: Sequence[str], current: Source | None) -> list[Any]:
        """Values for `outputs`: the photo in use on this page, else the one last used in these runs.

        Where there is neither they stay as they are: a photo may be uploaded while this answer is on its way.
        """
        import gradio as gr

        source = current or self._last_used(runs)
        return self._values(source) if source else [gr.skip() for _ in self.outputs]

    def path(self, source: Source | None) -> Path | None:
        """A file of the photo that browsers can show; None where there is no photo, or it is damaged."""
        return shown_photo(self.lab, source)

    def _last_used(self, runs: Sequence[str]) -> Source | None:
        used = [r for r in self.lab.store().records() if r.manifest.run in runs and r.manifest.request.source]
        return used[-1].manifest.request.source if used else None

    def _values(self, source: Source) -> list[Any]:
        import gradio as gr

        shown = self.path(source)
        if shown is None:  # deleted from disk by hand, or damaged
            return [None, gr.update(value=None, visible=False)]
        return [source, gr.update(value=str(shown), visible=True, alt_text=self.page.t("photo.alt"))]

    def _given(self, given: tuple[str, str, float]) -> list[Any]:
        """The picture of a record, if it is meant for this tab."""
        import gradio as gr

        tab, stem, _ = given
        record = self.lab.store().find(stem) if tab == self.name and stem else None
        return self.take(str(record.image_path)) if record else [gr.skip() for _ in (*self.outputs, 0)]

    def take(self, path: str) -> list[Any]:
        """The file becomes the photo in use: values for `outputs`, and what is said of it."""
        import gradio as gr

        try:
            source = self.lab.store().add_source(read_bounded(Path(path)))
        except UserError as error:
            message = error.in_language(self.page.language)
            return [gr.skip(), gr.skip(), markup.status(message, bad=True)]
        return [*self._values(source), markup.status(self.page.t("photo.taken"))]


def shown_photo(lab: Lab, source: Source | None) -> Path | None:
    """A file of a photo that browsers can show; None where there is no photo, or it is damaged."""
    try:
        return _shown(lab, lab.store().source_path(source)) if source else None
    except (UserError, OSError):
        return None


def _shown(lab: Lab, path: Path) -> Path:
    """The file itself where browsers can show it, else its pixels as a PNG in the lab's cache."""
    if path.suffix in MEDIA_TYPES:
        return path
    shown = lab.cache / "photos" / f"{path.stem}.png"
    if not shown.exists():
        shown.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(shown, plain_png(open_picture(read_bounded(path))))
    return shown


def read_bounded(path: Path) -> bytes:
    """A file's bytes, at most one byte more than is allowed: enough for the store to refuse it."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
