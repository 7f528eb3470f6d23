"""What the tabs have in common in which something is made of the student's pictures.

To the left what was made: the button, the stage, the figures, the files. To the right what it is made of: the
pictures, the settings, the words about it, the text. What is shown is the newest piece on disk; the form is
filled from it where the page has nothing chosen yet.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from crafts.application import Application
from crafts.errors import CraftError
from crafts.pieces import FOLDER, Piece, make, newest
from exercises.errors import UserError
from exercises.kinds.crafted import Crafted
from lab.records import own_pictures
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.error_text import error_text
from lab.ui.html import crafts, markup, stage
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.result import shown_record
from lab.ui.tabs.said import Said
from lab.ui.tabs.stage import Stage
from manifests.store import Record


class SettingsError(UserError):
    """Something in the form that is no setting."""


class CraftedTab(ABC):
    """A tab of one exercise. Each kind builds its form, and says what it shows of a piece."""

    application: Application

    def __init__(self, lab: Lab, page: Page, exercise: Crafted) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        self.said = Said(lab, page, name)
        with gr.Row(elem_classes="bench crafting"):
            with gr.Column(elem_classes="seen", min_width=300, scale=3):
                with gr.Row(elem_classes="actions"):
                    button = gr.Button(t("crafted.make"), variant="primary", elem_id=f"make-{name}")
                told = page.message(f"made-{name}")
                self.stage = Stage(page, name, ("one",))
                files = gr.HTML(elem_id=f"files-{name}")
                figures = gr.HTML(elem_id=f"figures-{name}", elem_classes="figures")
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                several = self.application.most > 1
                self.pictures = choice(
                    choices=[],
                    value=[] if several else None,
                    multiselect=several,
                    max_choices=self.application.most if several else None,
                    label=t("crafted.pictures" if several else "crafted.picture"),
                    info=t("crafted.in_order", most=self.application.most) if several else None,
                    elem_id=f"pictures-{name}",
                )
                self.form = self.build_form()
                self.said.text(
                    "text", label=t("crafted.words"), info=t("said.words", minimum=exercise.words_minimum)
                )
                self.said.status.render()
                page.instructions(exercise)
        checks = gr.HTML(elem_id=f"checks-{name}")
        inputs = [self.pictures, *self.form]
        self.listen()
        page.refresh(self._offer, inputs, self.pictures)
        page.refresh(self._show, [self.stage.shown, files, figures, checks])
        busy = button.click(lambda: markup.status(t("crafted.making")), None, told, **QUIET)
        page.changed(busy.then(self._make, inputs, told, trigger_mode="once", **QUIET))
        self.said.listen(checks)

    @abstractmethod
    def build_form(self) -> list[Any]:
        """The components of the settings; their values are given to `settings`."""

    @abstractmethod
    def settings(self, count: int, *values: Any) -> dict[str, Any]:
        """The settings for so many pictures, as the application takes them. Raises SettingsError."""

    @abstractmethod
    def values(self, settings: dict[str, Any]) -> list[Any]:
        """What the form's components show of a piece's settings."""

    @abstractmethod
    def figures(self, piece: Piece) -> Markup:
        """The piece's figures."""

    def view(self, piece: Piece, records: list[Record]) -> Markup:
        """What the stage shows: the pictures side by side."""
        shown = [self.shown(piece, record, place) for place, record in enumerate(records)]
        return stage.side_by_side(self.page.t, shown) if shown else stage.empty(self.page.t("crafted.gone"))

    def shown(self, piece: Piece, record: Record, place: int) -> Shown:
        """One of the piece's pictures."""
        return replace(shown_record(self.page, record), facts="")

    def listen(self) -> None:  # noqa: B027 - most forms have nothing to listen to
        """For what happens within the form."""

    def _records(self) -> dict[str, Record]:
        """The pictures of this assignment, the newest first."""
        return {record.stem: record for record in reversed(self.lab.store().records())}

    def _offer(self, chosen: Any) -> list[Any]:
        """The pictures there are; where none is chosen, all as it was for the newest piece."""
        import gradio as gr

        records = self._records()
        choices = [
            (own_pictures.caption(self.lab.assignment.id, record), stem) for stem, record in records.items()
        ]
        piece = None if chosen else newest(self.lab.folder, self.exercise.id)
        if piece is None:
            return [gr.update(choices=choices), *(gr.skip() for _ in self.form)]
        try:
            shown = self.values(self.application.read_settings(piece.settings).model_dump(mode="json"))
        except CraftError:  # a record edited by hand
            return [gr.update(choices=choices), *(gr.skip() for _ in self.form)]
        stems = [source.stem for source in piece.sources if source.stem in records]
        value: Any = stems if self.application.most > 1 else next(iter(stems), None)
        return [gr.update(choices=choices, value=value), *shown]

    def _show(self) -> list[Any]:
        """The newest piece on disk."""
        t, piece = self.page.t, newest(self.lab.folder, self.exercise.id)
        checks = self.page.checklist(self.exercise.id)
        if piece is None:
            return [stage.empty(t("crafted.nothing")), "", "", checks]
        records = self._records()
        own = [records[source.stem] for source in piece.sources if source.stem in records]
        files = crafts.downloads(t, piece, self.page.file_url, self.lab.folder)
        try:
            return [self.view(piece, own), files, self.figures(piece), checks]
        except (UserError, KeyError, IndexError, TypeError, ValueError, AttributeError):  # edited by hand
            return [stage.empty(t("crafted.strange", stem=piece.stem)), files, "", checks]

    def _make(self, chosen: Any, *values: Any) -> str:
        t, language = self.page.t, self.page.language
        stems = chosen if isinstance(chosen, list) else [chosen] if chosen else []
        records = self._records()
        if not stems or any(stem not in records for stem in stems):
            return markup.status(t("crafted.choose"), bad=True)
        try:
            piece = make(
                self.application,
                self.exercise.id,
                self.settings(len(stems), *values),
                [records[stem] for stem in stems],
                self.lab.folder,
                self.lab.student,
                language,
            )
        except (UserError, OSError) as error:
            reason = error_text(error, language)
            return markup.status(t("crafted.failed", reason=reason), bad=True)
        return markup.status(t("crafted.made", stem=piece.stem))

    def shown_file(self, piece: Piece, ending: str, alt: str) -> Markup:
        """One of its files that is a picture, as large as the stage."""
        path = self.lab.folder / FOLDER / f"{piece.stem}{ending}"
        return stage.one(self.page.t, Shown(self.page.file_url(path), alt, piece.stem))
