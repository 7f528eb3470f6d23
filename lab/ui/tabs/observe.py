"""Kind `observe`: beside each picture of an exercise, what is seen in it; below all of them, what follows."""

from functools import partial
from typing import Any, cast

from markupsafe import Markup

from exercises.kinds import Generate, ImageToImage, Observe, Sweep
from exercises.kinds.base import Run
from exercises.kinds.observe import Question
from exercises.kinds.planned import Planned
from lab.records import answers as answering
from lab.session.lab import Lab
from lab.ui.html import markup, stage
from lab.ui.html.stage import Shown
from lab.ui.page import Page
from lab.ui.tabs.photo import shown_photo
from lab.ui.tabs.planned import change_words
from lab.ui.tabs.result import shown_record
from lab.ui.tabs.saving import SAVING, save
from lab.ui.tabs.shown_answers import ShownAnswers
from manifests.answers import Answers


def build(lab: Lab, page: Page, exercise: Observe) -> None:
    """The tab of one exercise."""
    import gradio as gr

    # the loader has seen to it
    source = cast(Generate | Sweep | ImageToImage, lab.assignment.exercise(exercise.of))

    def check() -> str:
        return page.checklist(exercise.id)

    def way() -> Markup:
        """To the tab in which the pictures are made, or still to be made."""
        runs = [run.id for run in source.runs]
        if any(lab.store().newest(run) is None for run in runs):
            return page.make_first(runs)
        made = page.t("observe.pictures", title=source.title(page.language))
        return Markup("<p>{}</p>").format(markup.tab_link(*page.tab_of(source), made))

    with page.exercise_tab(exercise):
        with gr.Row(elem_classes="observing"):
            with gr.Column(min_width=300, scale=2):
                page.refresh(way, gr.HTML(elem_classes="links"))
                shown = ShownAnswers(lab, page, exercise.id)
                for run in source.runs:
                    shown.forms.append(PictureForm(lab, page, exercise, source, run, shown.known))
                if exercise.conclusions:
                    gr.HTML(markup.heading(page.t("observe.conclusions")))
                    shown.forms.append(
                        TextsForm(lab, page, exercise, None, exercise.conclusions, shown.known)
                    )
            with gr.Column(min_width=280, scale=1, elem_classes="asked"):
                page.instructions(exercise)
        checklist = gr.HTML(elem_id=f"checks-{exercise.id}")
        shown.listen(check, checklist)


class TextsForm:
    """A text for each question, of one run's picture or, without a run, of all of them."""

    def __init__(
        self,
        lab: Lab,
        page: Page,
        exercise: Observe,
        run: Run | None,
        questions: tuple[Question, ...],
        known: Any,
    ) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise, self.run_id = lab, page, exercise, run.id if run else None
        name = f"{exercise.id}-{run.id if run else 'conclusion'}"
        self.texts = {
            question.id: gr.Textbox(
                label=question.title(page.language),
                lines=2 if run else 3,
                max_length=answering.OBSERVATION_LENGTH,
                interactive=False,
                elem_id=f"{name}-{question.id}",
            )
            for question in questions
        }
        self.said = page.message(f"{name}-saved")
        self.components: list[Any] = list(self.texts.values())
        self.events = []
        for question_id, box in self.texts.items():
            saved = (partial(self._save, question_id), [box, known], [self.said])
            box.change(*saved, **SAVING)
            self.events.append(box.blur(*saved, **SAVING))  # the last change may still be on its way

    def offer(self) -> dict[Any, Any]:
        return {}

    def fill(self, answers: Answers) -> dict[Any, Any]:
        """What is on disk, into the components."""
        import gradio as gr

        own = answers.observations.get(self.exercise.id)
        texts: dict[str, str] = {}
        if own:
            texts = own.conclusions if self.run_id is None else own.pictures.get(self.run_id, {})
        return {box: gr.update(value=texts.get(q, ""), interactive=True) for q, box in self.texts.items()}

    def _save(self, question: str, text: str, shown: Answers | None) -> Any:
        change = answering.observed(self.exercise.id, self.run_id, question, text)
        saved = save(self.lab, self.page, change, shown, lambda _: "")
        return saved[0] if isinstance(saved, tuple) else saved


class PictureForm(TextsForm):
    """One run's picture beside its texts; beside it the one the runs are compared with."""

    def __init__(
        self, lab: Lab, page: Page, exercise: Observe, source: Planned, run: Run, known: Any
    ) -> None:
        import gradio as gr

        self.source, self.run = source, run
        with gr.Row(elem_classes="observed", equal_height=False):
            with gr.Column(scale=3, min_width=260):
                self.pictures = gr.HTML(elem_id=f"seen-{exercise.id}-{run.id}", elem_classes="stage pair")
            with gr.Column(scale=4, min_width=260):
                super().__init__(lab, page, exercise, run, exercise.questions, known)
        self.components.append(self.pictures)

    def offer(self) -> dict[Any, Any]:
        return {self.pictures: self._seen()}

    def fill(self, answers: Answers) -> dict[Any, Any]:
        return super().fill(answers) | self.offer()

    def _seen(self) -> Markup:
        first = self._first()
        mine = self._shown(self.run)
        return stage.side_by_side(self.page.t, [first, mine] if first else [mine])

    def _first(self) -> Shown | None:
        """The photo the run started from, or the baseline; None beside the baseline itself."""
        t, store = self.page.t, self.lab.store()
        if self.source.mode == "img2img":
            record = store.newest(self.run.id)
            photo = record.manifest.request.source if record else None
            path = shown_photo(self.lab, photo)
            url = self.page.file_url(path) if path else None
            return Shown(url, t("photo.alt"), t("grid.photo"), marked=True, instead=t("observe.not_made"))
        baseline = self.source.runs[0]
        return None if baseline is self.run else self._shown(baseline)

    def _shown(self, run: Run) -> Shown:
        first = self.source.mode != "img2img" and run is self.source.runs[0]
        label = self.page.t("stage.baseline") if first else change_words(self.page, run)
        if isinstance(self.source, Generate):  # its runs are no changes of the first
            label = run.id
        record = self.lab.store().newest(run.id)
        if record is None:
            return Shown(None, label=label, marked=first, instead=self.page.t("observe.not_made"))
        return shown_record(self.page, record, label, marked=first)
