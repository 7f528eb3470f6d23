"""What a student writes in an exercise's own tab: each field saved as it is typed, and there again later.

What is on disk comes into the page when the tab is shown, but never over what stands there already.
"""

from collections.abc import Callable
from typing import Any

from lab.records import exercise_answers as answering
from lab.records.answers import Change
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import markup
from lab.ui.page import QUIET, Page, checks_once
from lab.ui.tabs.saving import SAVING, save
from manifests.answers import Answers, ExerciseAnswer, load_answers
from manifests.errors import AnswersError


class Said:
    """The fields of one exercise's answer; `known` holds the answers as this page shows them.

    Make the components with `text` or `keep`; call `listen` once the place of the checklist is there.
    """

    def __init__(self, lab: Lab, page: Page, exercise_id: str) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise_id = lab, page, exercise_id
        self.known = gr.State(None)
        self.status = page.message(f"saved-{exercise_id}", render=False)
        self._kept: list[tuple[str, Any, str]] = []
        self.defaults: dict[str, str] = {}  # what a field begins with

    def text(self, field: str, *, label: str, info: str | None = None, lines: int = 3) -> Any:
        """A box for the field of that name."""
        import gradio as gr

        box = gr.Textbox(
            label=label, info=info, lines=lines, max_lines=3 * lines, elem_id=f"{field}-{self.exercise_id}"
        )
        return self.keep(field, box, "change")

    def keep(self, field: str, component: Any, event: str) -> Any:
        """The component's value is the field's, and saved at each event of that name."""
        self._kept.append((field, component, event))
        return component

    def listen(self, checks: Any) -> None:
        """Save what changes. `checks` is the place of the checklist, which is read again after it."""
        for field, component, event in self._kept:
            change = answering.putting(self.exercise_id, field, self.defaults.get(field, ""))
            if event == "change":
                self.save_typed(component, change, [component], checks)
            else:
                self.recheck(self.save_on(getattr(component, event), change, [component]), checks)
        components = [component for _, component, _ in self._kept]
        self.page.refresh(self._read, [self.status, self.known, *components], self.known)

    def save_typed(self, box: Any, change: Callable[..., Change], inputs: list[Any], checks: Any) -> None:
        """Save a text as it is typed. When it is left the checklist is read again, and before that all of it
        is saved: the last change may still be on its way."""
        self.save_on(box.change, change, inputs)
        self.recheck(self.save_on(box.blur, change, inputs), checks)

    def save_on(self, event: Any, change: Callable[..., Change], inputs: list[Any]) -> Any:
        """At the event `change(*values of inputs)` is saved."""

        def run(*values: Any) -> Any:
            *given, shown = values
            result = save(self.lab, self.page, change(*given), shown, lambda _: "")
            return result[0] if isinstance(result, tuple) else result

        return event(run, [*inputs, self.known], self.status, **SAVING)

    def recheck(self, event: Any, checks: Any) -> None:
        """After the event the points and the checklist are read again."""
        event.then(self._points, None, [self.page.points, checks], **QUIET)

    def _value(self, own: ExerciseAnswer, field: str) -> Any:
        return getattr(own, field) or self.defaults.get(field, getattr(own, field))

    def answer(self) -> ExerciseAnswer:
        """What is on disk of this exercise."""
        return answering.read(self.lab.folder, self.exercise_id)

    def _points(self) -> tuple[str, str]:
        with checks_once():
            return self.page.header(), self.page.checklist(self.exercise_id)

    def _read(self, shown: Answers | None) -> dict[Any, Any]:
        import gradio as gr

        said = ""
        try:
            answers = load_answers(self.lab.folder)
        except AnswersError as error:
            answers, reason = Answers(), error_text(error, self.page.language)
            said = markup.status(self.page.t("evaluation.unreadable", reason=reason), bad=True)
        if answers == shown:
            return {}
        own = answering.of(answers, self.exercise_id)
        values = {component: gr.update(value=self._value(own, field)) for field, component, _ in self._kept}
        return {self.status: said, self.known: answers, **values}
