"""Kind `code`: the text with blanks in an editor, its run, and its pictures beside those they must be.

To the left the editor below its button; to the right what was drawn, what the code printed, and what to do.
"""

from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from exercises.i18n import number
from exercises.kinds import Code
from lab.jobs.own_code.given import Draw, given
from lab.jobs.own_code.job import CodeFailed, CodeJob, LastRun, last_run, open_blanks
from lab.jobs.own_code.process import Bounds
from lab.jobs.running import Task
from lab.models.offered import is_elsewhere, model_entry
from lab.records import answers as answering
from lab.session.lab import Lab
from lab.ui.html import markup, stage
from lab.ui.html import picture as facts
from lab.ui.html.excerpt import excerpt
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.result import shown_record
from lab.ui.tabs.saving import SAVING, save
from lab.ui.tabs.shown_answers import ShownAnswers
from lab.ui.tabs.stage import Stage
from manifests.answers import Answers
from manifests.manifest import Request

GIB = 2**30
LINES = 30  # of the editor that are seen at once


def build(lab: Lab, page: Page, exercise: Code) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        CodeTab(lab, page, exercise)


class CodeTab:
    def __init__(self, lab: Lab, page: Page, exercise: Code) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        self.start = exercise.starts[page.language]
        with gr.Row(elem_classes="bench coding"):
            with gr.Column(elem_classes="written", min_width=300, scale=3):
                with gr.Row(elem_classes="actions"):
                    run = gr.Button(t("own_code.run"), variant="primary", elem_id=f"run-{name}")
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.editor = gr.Code(
                    value=self.start,
                    language="python",
                    lines=LINES,
                    max_lines=LINES,
                    label=t("own_code.editor"),
                    interactive=False,
                    elem_id=f"editor-{name}",
                    elem_classes="editor",
                )
                blanks = gr.HTML(self._blanks(self.start), elem_id=f"blanks-{name}")
                gr.HTML(markup.hint(t("own_code.leave")), elem_classes="keyboard")
                printed = gr.HTML(elem_id=f"printed-{name}")
                said = page.message(f"{name}-saved")
                shown_answers = ShownAnswers(lab, page, name)
                again = gr.Button(t("own_code.again"), size="sm", elem_id=f"again-{name}")
            with gr.Column(elem_classes="seen", min_width=280, scale=2):
                self.stage = Stage(page, name, ["all"])
                page.instructions(exercise)
                plan = gr.HTML(elem_id=f"plan-{name}")
            with stop:
                watch = Watch(lab, page, name, [run])
            with going_on:
                watch.render()
        checks = gr.HTML(elem_id=f"checks-{name}")

        shown = [self.stage.shown, printed, plan]
        page.changed(watch.on(run, self._tasks, [self.editor], self.show, shown, []))
        watch.resume(self.show, shown, [])
        page.refresh(self.show, shown)
        self.editor.change(self._blanks, self.editor, blanks, **QUIET)
        form = EditorForm(lab, page, exercise, self.editor, self.start, shown_answers.known, said)
        again.click(lambda: self.start, None, self.editor, api_visibility="private")
        shown_answers.forms.append(form)
        shown_answers.listen(lambda: page.checklist(name), checks)

    def show(self) -> list[Any]:
        """The pictures, what the last run printed, and what is to be drawn, from disk."""
        last = last_run(self._kept)
        return [self._pictures(last), self._printed(last), self._plan()]

    @property
    def _kept(self) -> Path:
        return self.lab.cache / "code" / self.lab.assignment.id / self.exercise.id

    def _draws(self) -> list[Draw]:
        """What is to be drawn; only planned runs whose picture an engine has made."""
        store = self.lab.store()
        records = {run: store.newest(of) for run, of in self.exercise.draws.items()}
        return [
            Draw(run, record)
            for run, record in records.items()
            if record and isinstance(record.manifest.request, Request)
        ]

    def _blanks(self, code: str | None) -> Markup:
        """How many blanks are still to be filled in."""
        lines = len(open_blanks(code or ""))
        return markup.hint(
            self.page.t("own_code.left", number=lines) if lines else self.page.t("own_code.filled")
        )

    def _pictures(self, last: LastRun | None) -> Markup:
        """Each run's picture beside the one the code drew last."""
        t, cells = self.page.t, []
        made = {draw.run: draw.record for draw in self._draws()}
        for run, of in self.exercise.draws.items():
            record = made.get(run)
            if record is None:
                cells.append(Shown(None, label=of, marked=True))
            else:
                cells.append(shown_record(self.page, record, of, marked=True))
            file = self._kept / f"{run}.png"
            url = None
            if last and run in last.nearness and file.is_file():
                url = f"{self.page.file_url(file)}?{file.stat().st_mtime_ns}"
            words = self._nearness(last, run) if url else ""
            cells.append(Shown(url, t("own_code.yours_alt", run=of), t("own_code.yours"), words))
        return stage.side_by_side(t, cells)

    def _nearness(self, last: LastRun | None, run: str) -> str:
        """Whether the picture is the run's."""
        apart = last.nearness.get(run) if last else None
        if apart is None:
            return self.page.t("own_code.other_size")
        if apart >= 999:
            return self.page.t("own_code.equal")
        return self.page.t("own_code.apart", decibels=number(round(apart, 1), self.page.language))

    def _printed(self, last: LastRun | None) -> Markup:
        """The line at which the code failed, and what it printed."""
        if last is None:
            return Markup("")
        t, found = self.page.t, Markup("")
        if last.error and last.error.line:
            words = (
                f"{last.error.type}: {last.error.message}" if last.error.type else t("own_code.blank_here")
            )
            found += excerpt(last.code, last.error.line, words, t("own_code.line", line=last.error.line))
        if last.output.strip():
            found += Markup('<details{}><summary>{}</summary><pre class="printed">{}</pre></details>').format(
                Markup(" open") if last.ended == "done" else "", t("own_code.printed"), last.output
            )
        return found

    def _plan(self) -> Markup:
        """What each picture is asked to be, and the module that the code is given."""
        t, parts = self.page.t, Markup("")
        draws = self._draws()
        for run, of in self.exercise.draws.items():
            planned = self.lab.assignment.planned_run(of)
            if planned is None:
                continue
            exercise, plan = planned
            if run not in {draw.run for draw in draws}:
                where = t("own_code.first", run=of)
                link = markup.tab_link(*self.page.tab_of(exercise), where)
                parts += Markup('<p class="note">{}</p>').format(link)
            summary = t("own_code.to_draw", file=f"{run}.png", run=of)
            parts += Markup("<details><summary>{}</summary>{}</details>").format(
                summary, facts.plan(t, plan.parameters)
            )
        if len(draws) == len(self.exercise.draws):
            parts += Markup('<details><summary>{}</summary><pre class="printed">{}</pre></details>').format(
                t("own_code.given"), given(draws)
            )
        return parts

    def _tasks(self, code: str | None) -> list[Task]:
        """One task: the text as it stands in the editor."""
        if not self.lab.settings.code:
            raise CodeFailed("own_code.not_here")
        draws = self._draws()
        missing = [of for run, of in self.exercise.draws.items() if run not in {d.run for d in draws}]
        if missing:
            raise CodeFailed("own_code.no_run", runs=", ".join(missing))
        settings = self.lab.settings
        entry = model_entry(draws[0].record.manifest.model.id)
        if is_elsewhere(entry.id):
            raise CodeFailed("own_code.elsewhere", model=entry.name)
        bounds = Bounds(settings.code_seconds, int((settings.code_memory_gib + 2 * entry.memory_gib) * GIB))
        start = partial(CodeJob, self.lab.store(), self.exercise.id, code or "", draws, bounds, self._kept)
        return [Task(next(iter(self.exercise.draws)), start)]


class EditorForm:
    """The editor, saved as typed (`shown_answers.py`)."""

    def __init__(
        self, lab: Lab, page: Page, exercise: Code, editor: Any, start: str, known: Any, said: Any
    ) -> None:
        self.lab, self.page, self.exercise, self.editor, self.start = lab, page, exercise, editor, start
        self.components = [editor]
        editor.change(self._save, [editor, known], said, **SAVING)
        self.events: list[Any] = []

    def offer(self) -> dict[Any, Any]:
        return {}

    def fill(self, answers: Answers) -> dict[Any, Any]:
        """What is on disk; the text with blanks where nothing was typed yet."""
        import gradio as gr

        text = answers.code.get(self.exercise.id) or self.start
        return {self.editor: gr.update(value=text, interactive=True)}

    def _save(self, text: str | None, shown: Answers | None) -> Any:
        if shown is not None and self.exercise.id not in shown.code and text == self.start:
            shown = None  # nothing was typed
        saved = save(self.lab, self.page, answering.code(self.exercise.id, text or ""), shown, lambda _: "")
        return saved[0] if isinstance(saved, tuple) else saved
