"""Analyse: a model is asked about pictures of the student's own; every answer stands in the notebook.

Several pictures are several calls, one after the other. A follow-up goes on from one answer, with the
picture and the words so far.
"""

from functools import partial
from typing import Any

from markupsafe import Markup

from exercises.kinds import Analyse
from exercises.kinds.parts import TASKS
from lab.jobs.analyse import QUESTION_LENGTH, AnalysisError, Question, QuestionJob
from lab.jobs.running import Task
from lab.records import own_pictures
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html import answers as answer_markup
from lab.ui.html import markup
from lab.ui.page import QUIET, Page
from lab.ui.tabs.asking import chosen, model_choice, model_choices, picture_choices, selection_of, shown
from lab.ui.tabs.generation import Watch
from manifests.analysis import Analysis, Correction, Note

MOST = 20  # answers shown; all of them are in the notebook
OFFERED = [task for task in TASKS if task not in ("alt_text", "improve")]  # which have tabs of their own


def build(lab: Lab, page: Page, exercise: Analyse) -> None:
    with page.exercise_tab(exercise):
        _Tab(lab, page, exercise)


class _Tab:
    def __init__(self, lab: Lab, page: Page, exercise: Analyse) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        with gr.Row(elem_classes="bench asking"):
            with gr.Column(elem_classes="seen", min_width=300, scale=3):
                with gr.Row(elem_classes="actions"):
                    ask = gr.Button(t("analyse.ask"), variant="primary", elem_id=f"ask-{name}")
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                with gr.Accordion(t("analyse.follow"), open=False, elem_id=f"follow-{name}"):
                    self.follows = choice(label=t("analyse.follows"), elem_id=f"follows-{name}")
                    further = gr.Textbox(
                        label=t("analyse.further"),
                        max_length=QUESTION_LENGTH,
                        lines=2,
                        elem_classes="draft",
                        elem_id=f"further-{name}",
                    )
                    go_on = gr.Button(t("analyse.go_on"), elem_id=f"go-on-{name}")
                answers = gr.HTML(elem_id=f"answers-{name}")
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                self.pictures = choice(
                    multiselect=True,
                    label=t("analyse.pictures"),
                    info=t("analyse.pictures_hint"),
                    elem_id=f"pictures-{name}",
                )
                self.task = gr.Radio(
                    [(t(f"task.{task}"), task) for task in OFFERED],
                    value=OFFERED[0],
                    label=t("analyse.task"),
                    elem_id=f"task-{name}",
                )
                words = gr.Textbox(
                    label=t("analyse.question"),
                    max_length=QUESTION_LENGTH,
                    lines=2,
                    visible=False,
                    elem_classes="draft",
                    elem_id=f"question-{name}",
                )
                self.model = model_choice(page, name)
                self.gallery = gr.Gallery(
                    label=t("analyse.shown"),
                    columns=3,
                    height="auto",
                    object_fit="contain",
                    allow_preview=False,
                    interactive=False,
                    visible=False,
                    elem_id=f"gallery-{name}",
                )
                page.instructions(exercise)
            with stop:
                watch = Watch(lab, page, name, [ask, go_on])
            with going_on:
                watch.render()
        checks = gr.HTML(elem_id=f"checks-{name}")

        shown_here, seen_by = [answers, self.follows, checks], [self.pictures, self.follows]
        watch.on(
            ask, self._ask, [self.pictures, self.task, words, self.model], self.show, shown_here, seen_by
        )
        watch.on(go_on, self._go_on, [self.follows, further, self.model], self.show, shown_here, seen_by)
        watch.resume(self.show, shown_here, seen_by)
        self.task.change(lambda task: gr.update(visible=task == "question"), self.task, words, **QUIET)
        self.pictures.change(self._look, self.pictures, self.gallery, **QUIET)
        self.pictures.change(self.show, seen_by, shown_here, **QUIET)
        page.refresh(self._offer, self.pictures, self.pictures)
        page.refresh(partial(_models, lab, page), self.model)
        page.refresh(self.show, shown_here, seen_by)

    def show(self, names: list[str] | None, follows: int | None) -> list[Any]:
        """What is in the notebook: of the chosen pictures, or of all where none is chosen."""
        import gradio as gr

        entries = self.lab.notebook().entries()
        answers = [e for e in entries if isinstance(e, Analysis) and e.asked.task != "improve"]
        wanted = set(names or ())
        seen = [
            answer
            for answer in reversed(answers)
            if not wanted or any(f"{i.assignment}/{i.stem}" in wanted for i in answer.asked.images)
        ]
        choices = [(_line(self.page, answer), answer.sequence) for answer in seen]
        return [
            self._answers(seen, entries),
            gr.update(choices=choices, value=end_of_talk(seen, follows)),
            self.page.checklist(self.exercise.id),
        ]

    def _answers(self, answers: list[Analysis], entries: list[Analysis | Note]) -> str:
        t = self.page.t
        if not answers:
            return markup.hint(t("analyse.nothing_yet"))
        corrections: dict[int, list[Correction]] = {}
        for entry in entries:
            if isinstance(entry, Note) and isinstance(entry.said, Correction):
                corrections.setdefault(entry.said.about, []).append(entry.said)
        articles = [
            answer_markup.article(
                t, answer, own_scores=self._own(answer), corrections=corrections.get(answer.sequence, ())
            )
            for answer in answers[:MOST]
        ]
        heading = t("analyse.answers", count=len(answers))
        return markup.heading(heading) + markup.scrolling(Markup("").join(articles), heading)

    def _own(self, answer: Analysis) -> dict[str, int]:
        scores: dict[str, int] = {}
        for image in answer.asked.images:
            scores |= own_pictures.own_scores(self.lab.work, image.assignment, image.stem)
        return scores

    def _offer(self, names: list[str] | None) -> Any:
        import gradio as gr

        choices = picture_choices(self.lab)
        there = {name for _, name in choices}
        return gr.update(choices=choices, value=[name for name in names or () if name in there])

    def _look(self, names: list[str] | None) -> Any:
        """The pictures chosen; no empty frame where none is."""
        import gradio as gr

        there = self.lab.own_pictures()
        found = [(name, there[name]) for name in names or () if name in there]
        pictures = [
            (shown(self.lab, r), own_pictures.caption(self.lab.assignment.id, r)) for name, r in found
        ]
        return gr.update(value=pictures, visible=bool(pictures))

    def _ask(self, names: list[str] | None, task: Any, words: str, model: str | None) -> list[Task]:
        if task == "question" and not words.strip():
            raise AnalysisError("analyse.no_question")
        return [
            self._task(Question(task, self.page.language, record, words), model)
            for record in chosen(self.lab, self.page, names or [])
        ]

    def _go_on(self, number: int | None, words: str, model: str | None) -> list[Task]:
        before = self.lab.notebook().find(number)
        if before is None:
            raise AnalysisError("analyse.no_answer")
        if not words.strip():
            raise AnalysisError("analyse.no_question")
        image = before.asked.images[0]
        (record,) = chosen(self.lab, self.page, [f"{image.assignment}/{image.stem}"])
        return [self._task(Question("question", self.page.language, record, words, follows=before), model)]

    def _task(self, question: Question, model: str | None) -> Task:
        return task_of(self.lab, self.page, self.exercise.id, question, model)


def end_of_talk(answers: list[Analysis], number: int | None) -> int | None:
    """The last answer of the conversation that one belongs to; the newest of all where it is not there.

    `answers`: the newest first.
    """
    numbers = [answer.sequence for answer in answers]
    if number not in numbers:
        return next(iter(numbers), None)
    for answer in reversed(answers):
        if answer.asked.follows == number:
            number = answer.sequence
    return number


def task_of(lab: Lab, page: Page, exercise: str, question: Question, model: str | None) -> Task:
    """The question as something to watch."""
    name = f"{question.picture.stem}, {page.t(f'task.{question.task}')}"
    return Task(
        name, lambda: QuestionJob(lab.notebook(), lab.router, exercise, question, selection_of(model))
    )


def _models(lab: Lab, page: Page) -> Any:
    import gradio as gr

    return gr.update(choices=model_choices(lab, page))


def _line(page: Page, answer: Analysis) -> str:
    stems = ", ".join(image.stem for image in answer.asked.images)
    return page.t(
        "analyse.entry", number=answer.sequence, task=page.t(f"task.{answer.asked.task}"), picture=stems
    )
