"""Kind `quiz`: a question at a time about the student's own pictures, or about a workflow that is drawn.

Whether the answer is right is told at once.
"""

from dataclasses import dataclass
from typing import Any

from filelock import Timeout
from markupsafe import Markup

from exercises.errors import UserError
from exercises.i18n import Translator
from exercises.kinds import Quiz
from exercises.kinds.quiz import Question
from grading.checks.quiz import asked_about, right_try
from grading.checks.quiz_questions import (
    JUDGED,
    Asked,
    Choice,
    ask,
    ask_by_itself,
    place_asked_about,
    runs_asked_about,
    shuffled,
)
from lab.records import answers as answering
from lab.records import exercise_answers
from lab.session.lab import Lab
from lab.ui.choice import buttons
from lab.ui.error_text import error_text
from lab.ui.html import graph as graphs
from lab.ui.html import markup, stage
from lab.ui.html.picture import value_text
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.sheets.grids import shortened
from lab.ui.tabs.stage import Stage
from manifests.answers import QuestionAnswer
from manifests.store import Record

PROMPT = 70  # characters of a prompt within a choice
SIGNS = {"right": "✓", "wrong": "✗", "open": ""}


def build(lab: Lab, page: Page, exercise: Quiz) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        QuizTab(lab, page, exercise)


@dataclass(frozen=True)
class Now:
    """A question as it stands: about which pictures, what there is to choose, what was chosen so far."""

    pictures: list[Record]
    asked: Asked
    answer: QuestionAnswer


class QuizTab:
    def __init__(self, lab: Lab, page: Page, exercise: Quiz) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name, first = page.t, exercise.id, exercise.questions[0]
        with gr.Row(elem_classes="bench quiz"):
            with gr.Column(elem_classes="seen", min_width=300, scale=3):
                self.question = gr.Radio(
                    self._numbers({}),
                    value=first.id,
                    label=t("quiz.question"),
                    container=False,
                    show_label=False,
                    elem_id=f"question-{name}",
                    elem_classes="views",
                )
                self.stage = Stage(page, name, ("one",))
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                self.words = gr.HTML(elem_id=f"ask-{name}")
                self.told = page.message(f"told-{name}")
                self.choices = buttons(
                    choices=[],
                    value=None,
                    label=t("quiz.choices"),
                    show_label=False,
                    container=False,
                    elem_id=f"choices-{name}",
                    elem_classes="listed",
                )
                self.button = gr.Button(t("quiz.answer"), variant="primary", elem_id=f"answer-{name}")
                page.instructions(exercise)
        self.checks = gr.HTML(elem_id=f"checks-{name}")
        outputs = [
            self.question, self.words, self.stage.shown, self.choices, self.button, self.told, self.checks
        ]  # fmt: skip
        page.refresh(self.show, outputs, self.question)
        self.question.input(self.show, self.question, outputs, **QUIET)
        self.button.click(self._try, [self.question, self.choices], [*outputs, page.points], **QUIET)

    def show(self, question_id: str) -> list[Any]:
        """The question, and what is known of it."""
        import gradio as gr

        t, question = self.page.t, self._question(question_id)
        now = self._now(question)
        number = self.exercise.questions.index(question) + 1
        words = t("quiz.ask", number=number, question=self._asked_words(question, now))
        head: list[Any] = [gr.update(choices=self._numbers(self._states())), markup.heading(words)]
        checks = self.page.checklist(self.exercise.id)
        if now is None:
            return [
                *head,
                stage.empty(t("quiz.no_picture")),
                gr.update(choices=[], value=None),
                gr.update(interactive=False, variant="secondary"),
                self.page.make_first(question.runs),
                checks,
            ]
        choices = [(self._said(question, c), c.key) for c in self._shuffled(question, now.asked)]
        left = len(self.exercise.tries) - len(now.answer.chosen)
        over = left <= 0 or right_try(now.answer, now.asked, len(self.exercise.tries)) is not None
        chosen = now.answer.chosen[-1] if now.answer.chosen else None
        return [
            *head,
            self._on_stage(question, now.pictures),
            gr.update(choices=choices, value=chosen, interactive=not over),
            gr.update(interactive=not over, variant="secondary" if over else "primary"),
            self._feedback(question, now),
            checks,
        ]

    def _feedback(self, question: Question, now: Now) -> Markup:
        """Right or not, and what a further try would earn; once no try is left, what was right."""
        t, tries = self.page.t, self.exercise.tries
        why = " " + question.why(self.page.language) if question.why else ""
        number = right_try(now.answer, now.asked, len(tries))
        if number is not None:
            share = value_text(t, round(100 * tries[number - 1], 1))
            return markup.status(t("quiz.right", number=number, percent=share) + why)
        left = len(tries) - len(now.answer.chosen)
        if left > 0:
            share = value_text(t, round(100 * tries[len(now.answer.chosen)], 1))
            key = "quiz.not_right" if now.answer.chosen else "quiz.first_try"
            return markup.status(t(key, left=left, percent=share), bad=bool(now.answer.chosen))
        right = [self._said(question, c) for c in now.asked.choices if c.key in now.asked.right]
        return markup.status(t("quiz.over", right=" / ".join(right)) + why, bad=True)

    def _try(self, question_id: str, key: str | None) -> list[Any]:
        """Keep one try, unless the question is over."""
        question = self._question(question_id)
        now = self._now(question)
        said = None
        if now is not None and key in {choice.key for choice in now.asked.choices}:
            stems = [record.stem for record in now.pictures]
            change = exercise_answers.tried(
                self.exercise.id,
                question.id,
                stems,
                now.answer.about,
                str(key),
                now.asked.right,
                len(self.exercise.tries),
            )
            try:
                answering.update(self.lab.folder, self.page.language, change)
            except (UserError, OSError, Timeout) as error:
                reason = error_text(error, self.page.language)
                said = markup.status(self.page.t("evaluation.not_saved", reason=reason), bad=True)
        elif now is not None:
            said = markup.status(self.page.t("quiz.choose"), bad=True)
        *shown, told, checks = self.show(question_id)
        return [*shown, said or told, checks, self.page.header()]

    def _question(self, question_id: str) -> Question:
        questions = self.exercise.questions
        return next((q for q in questions if q.id == question_id), questions[0])

    def _now(self, question: Question) -> Now | None:
        """The pictures that were asked about before, while they are there; else those for this student.

        Of a graph the place that was asked for before, else the one for this student.
        """
        if question.by_itself:
            return self._by_itself(question)
        records = {record.stem: record for record in self.lab.store().records()}
        newest: dict[str, Record] = {}
        for record in sorted(records.values(), key=lambda r: r.manifest.attempt):
            newest[record.manifest.run] = record
        manifests = {run: record.manifest for run, record in newest.items()}
        own = exercise_answers.read(self.lab.folder, self.exercise.id)
        answer = own.questions.get(question.id, QuestionAnswer())
        by_stem = {stem: record.manifest for stem, record in records.items()}
        if answer.chosen and (asked := asked_about(question, answer, by_stem, manifests)):
            return Now([records[stem] for stem in answer.pictures], asked, answer)
        if set(question.runs) - newest.keys():
            return None
        pictures = [newest[run] for run in runs_asked_about(question, *self._who())]
        found = ask(question, [record.manifest for record in pictures], manifests)
        return Now(pictures, found, QuestionAnswer()) if found else None

    def _by_itself(self, question: Question) -> Now | None:
        own = exercise_answers.read(self.lab.folder, self.exercise.id)
        answer = own.questions.get(question.id, QuestionAnswer())
        if answer.chosen and (asked := ask_by_itself(question, answer.about)):
            return Now([], asked, answer)
        about = place_asked_about(question, *self._who())
        asked = ask_by_itself(question, about)
        return Now([], asked, QuestionAnswer(about=about)) if asked else None

    def _asked_words(self, question: Question, now: Now | None) -> str:
        """What is asked, with the place in the graph where it is about one."""
        if question.text is not None:
            return question.text(self.page.language)
        graph, about = question.graph, now.answer.about if now else ""
        link = next((link for link in graph.links if link.place == about), None) if graph else None
        node = graph.node(link.target) if graph and link else None
        name = link.input if link else about
        return self.page.t(f"quiz.{question.ask}", name=name, node=graphs.named(node) if node else "")

    def _who(self) -> tuple[str, str, str]:
        return self.lab.student, self.lab.assignment.id, self.exercise.id

    def _shuffled(self, question: Question, asked: Asked) -> list[Choice]:
        return shuffled(asked.choices, *self._who(), question.id)

    def _on_stage(self, question: Question, pictures: list[Record]) -> Markup:
        """The pictures, or the graph, without what would tell the answer."""
        t = self.page.t
        if question.graph is not None:
            return markup.scrolling(graphs.workflow(t, question.graph, values=False), t("quiz.graph"))
        if question.text is not None:
            return stage.empty(question.text(self.page.language))
        labels = [""] if len(pictures) == 1 else [t("quiz.first"), t("quiz.second")]
        cells = [
            Shown(self.page.file_url(record.image_path), t("quiz.picture"), label)
            for record, label in zip(pictures, labels, strict=True)
        ]
        return stage.one(t, cells[0]) if len(cells) == 1 else stage.side_by_side(t, cells)

    def _states(self) -> dict[str, str]:
        """Of each question whether it is right, over without that, or still open."""
        states, tries = {}, len(self.exercise.tries)
        for question in self.exercise.questions:
            now = self._now(question)
            if now and right_try(now.answer, now.asked, tries) is not None:
                states[question.id] = "right"
            elif now and len(now.answer.chosen) >= tries:
                states[question.id] = "wrong"
        return states

    def _numbers(self, states: dict[str, str]) -> list[tuple[str, str]]:
        return [
            (f"{number} {SIGNS[states.get(question.id, 'open')]}".strip(), question.id)
            for number, question in enumerate(self.exercise.questions, 1)
        ]

    def _said(self, question: Question, choice: Choice) -> str:
        """A choice in words."""
        t = self.page.t
        if question.choices:
            place = int(choice.key) - 1 if choice.key.isdecimal() else len(question.choices)
            return question.choices[place](self.page.language) if place < len(question.choices) else "–"
        if question.graph is not None:
            node = question.graph.node(choice.key)
            return graphs.named(node) if node else choice.key
        if not choice.values:
            return t(f"parameter.{choice.key}") if choice.key not in self._run_ids() else choice.key
        if choice.key in self._run_ids():
            alone = len(choice.values) == 1
            parts = [
                _value(t, value)
                if alone and name == "prompt"
                else f"{t(f'parameter.{name}')} {_value(t, value)}"
                for name, value in choice.values.items()
            ]
            return " · ".join(parts)
        value = choice.values[choice.key]
        if choice.key.startswith(JUDGED):
            value = t(f"color.{value}")
        return t(f"quiz.claim_{choice.key}", value=_value(t, value))

    def _run_ids(self) -> set[str]:
        return {run for question in self.exercise.questions for run in question.runs}


def _value(t: Translator, value: object) -> str:
    return shortened(value_text(t, value) or "–", PROMPT)
