"""Kind `recognise`: a picture at a time: what is it, how sure, why? Then what it is, and its marks.

Rule: before the answer the page holds the picture's pixels alone, saved anew without its name and its marks.
"""

import base64
import io
from typing import Any

from filelock import Timeout
from markupsafe import Markup

from exercises.errors import UserError
from exercises.kinds import Recognise
from exercises.kinds.recognise import FOLDER, ORIGINS, SURE_LEAST, SURE_MOST, Mixed
from grading.checks.recognise import Judged, figures_of, judged_of
from lab.records import answers as answering
from lab.records import exercise_answers
from lab.records.marks import in_words, marks_of
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import markup, recognised, stage
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.said import Said
from lab.ui.tabs.stage import Stage
from manifests.pictures import MAX_BYTES, open_picture
from manifests.reader import read_regular_file

QUALITY = 95


def build(lab: Lab, page: Page, exercise: Recognise) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        RecogniseTab(lab, page, exercise)


class RecogniseTab:
    def __init__(self, lab: Lab, page: Page, exercise: Recognise) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        self.pictures = exercise.asked_of(lab.assignment.id, lab.student)
        self.said = Said(lab, page, exercise.id)
        t, name = page.t, exercise.id
        with gr.Row(elem_classes="bench quiz crafting"):
            with gr.Column(elem_classes="seen", min_width=300, scale=3):
                self.place = gr.Radio(
                    self._numbers({}),
                    value=0,
                    label=t("recognise.which"),
                    container=False,
                    show_label=False,
                    elem_id=f"place-{name}",
                    elem_classes="views wrapped",
                )
                self.stage = Stage(page, name, ("one",))
                self.figures = gr.HTML(elem_id=f"figures-{name}", elem_classes="figures")
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                self.form = self._form()
                self.button = gr.Button(t("recognise.answer"), variant="primary", elem_id=f"answer-{name}")
                self.told = page.message(f"told-{name}")
                self.truth = gr.HTML(elem_id=f"truth-{name}")
                self.said.text(
                    "text",
                    label=t("recognise.conclusion"),
                    info=t("said.words", minimum=exercise.words_minimum),
                    lines=4,
                )
                self.said.status.render()
                page.instructions(exercise)
        self.checks = gr.HTML(elem_id=f"checks-{name}")
        self._listen()

    def _form(self) -> list[Any]:
        import gradio as gr

        t, name = self.page.t, self.exercise.id
        origin = gr.Radio(
            [(t(f"recognise.{each}"), each) for each in ORIGINS],
            label=t("recognise.what"),
            elem_id=f"origin-{name}",
        )
        sure = gr.Slider(
            SURE_LEAST,
            SURE_MOST,
            SURE_LEAST,
            step=5,
            label=t("recognise.how_sure"),
            info=t("recognise.how_sure_hint"),
            elem_id=f"sure-{name}",
        )
        why = gr.Textbox(
            label=t("recognise.why"),
            info=t("recognise.why_words", minimum=self.exercise.why_words),
            lines=2,
            max_length=exercise_answers.WHY_LENGTH,
            elem_id=f"why-{name}",
        )
        return [origin, sure, why]

    def _listen(self) -> None:
        shown = [self.place, self.stage.shown, *self.form, self.button, self.truth, self.figures, self.checks]
        self.page.refresh(self._again, shown, self.place)
        self.place.input(self._show, self.place, shown, **QUIET)
        self.button.click(
            self._press, [self.place, *self.form], [self.told, *shown, self.page.points], **QUIET
        )
        self.said.listen(self.checks)

    def _again(self, place: Any) -> list[Any]:
        """As it stands on disk; what is chosen and not said yet stays."""
        import gradio as gr

        shown = self._show(place)
        if self._at(place).stem not in self._judged():
            shown[2:5] = [gr.update(interactive=True)] * 3
        return shown

    def _show(self, place: Any) -> list[Any]:
        """A picture, what was said of it, and if something was, what it is."""
        import gradio as gr

        t, picture, judged = self.page.t, self._at(place), self._judged()
        said = judged.get(picture.stem)
        values = [said.origin, said.sure, said.why] if said else [None, SURE_LEAST, ""]
        left = self._left(judged)
        words = t("recognise.next") if said and left else t("recognise.answer")
        return [
            gr.update(choices=self._numbers(judged), value=self.pictures.index(picture)),
            self._on_stage(picture),
            *(gr.update(value=value, interactive=said is None) for value in values),
            gr.update(value=words, interactive=said is None or bool(left)),
            self._truth(said) if said else "",
            recognised.figures(t, figures_of(list(judged.values()))) if judged else "",
            self.page.checklist(self.exercise.id),
        ]

    def _press(self, place: Any, origin: Any, sure: Any, why: Any) -> list[Any]:
        """Keep what is said of a picture; from one that is said already, go on to the next."""
        picture, judged = self._at(place), self._judged()
        if picture.stem in judged:
            left = self._left(judged)
            return ["", *self._show(self.pictures.index(left[0]) if left else place), self.page.header()]
        told = self._keep(picture, origin, sure, str(why or ""))
        return [told, *self._again(place), self.page.header()]

    def _keep(self, picture: Mixed, origin: Any, sure: Any, why: str) -> Markup | str:
        """Save it; what is missing, or why it could not be saved."""
        t = self.page.t
        if origin not in ORIGINS or not isinstance(sure, int | float):
            return markup.status(t("recognise.choose"), bad=True)
        if len(why.split()) < self.exercise.why_words:
            return markup.status(t("recognise.say_why", minimum=self.exercise.why_words), bad=True)
        change = exercise_answers.recognised(self.exercise.id, picture.stem, origin, round(sure), why)
        try:
            answering.update(self.lab.folder, self.page.language, change)
        except (UserError, OSError, Timeout) as error:
            reason = error_text(error, self.page.language)
            return markup.status(t("evaluation.not_saved", reason=reason), bad=True)
        return ""

    def _at(self, place: Any) -> Mixed:
        return self.pictures[place if isinstance(place, int) and 0 <= place < len(self.pictures) else 0]

    def _left(self, judged: dict[str, Judged]) -> list[Mixed]:
        return [picture for picture in self.pictures if picture.stem not in judged]

    def _judged(self) -> dict[str, Judged]:
        """What is said so far, by picture."""
        own = exercise_answers.read(self.lab.folder, self.exercise.id)
        return {each.picture.stem: each for each in judged_of(self.exercise, own)}

    def _numbers(self, judged: dict[str, Judged]) -> list[tuple[str, int]]:
        signs = {stem: "✓" if each.right else "✗" for stem, each in judged.items()}
        return [
            (f"{place + 1} {signs.get(picture.stem, '')}".strip(), place)
            for place, picture in enumerate(self.pictures)
        ]

    def _file(self, picture: Mixed) -> bytes:
        return read_regular_file(self.lab.assignment.folder / FOLDER / picture.file, MAX_BYTES)

    def _on_stage(self, picture: Mixed) -> Markup:
        t, out = self.page.t, io.BytesIO()
        try:
            pixels = open_picture(self._file(picture))
        except (UserError, OSError) as error:
            return stage.empty(error_text(error, self.page.language))
        pixels.info.clear()  # which Pillow would write along
        pixels.save(out, "WEBP", quality=QUALITY)
        address = "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
        number = self.pictures.index(picture) + 1
        return stage.one(t, Shown(address, t("recognise.alt", number=number)))

    def _truth(self, said: Judged) -> Markup:
        t = self.page.t
        try:
            found = marks_of(self._file(said.picture)).found
        except (UserError, OSError) as error:
            return recognised.answer(t, said, [error_text(error, self.page.language)])
        return recognised.answer(t, said, [in_words(mark, t) for mark in found] or [t("recognise.no_marks")])
