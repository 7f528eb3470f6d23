"""The student's answers as a tab shows them: read from disk when it is shown, saved as they are typed.

Every change is saved at once, by itself (`lab.records.answers`). What is on disk comes into the page when
the tab is shown, but never over what stands there already: someone may be typing.
"""

from collections.abc import Callable
from typing import Any

from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import markup
from lab.ui.page import QUIET, Page, checks_once
from manifests.answers import Answers, load_answers
from manifests.errors import AnswersError


class ShownAnswers:
    """`forms` share `known`, the answers as this page shows them.

    A form's `components` are what `fill` and `offer` give values to; after one of its `events` the points may
    have changed.
    """

    def __init__(self, lab: Lab, page: Page, name: str) -> None:
        import gradio as gr

        self.lab, self.page = lab, page
        self.trouble = page.message(f"{name}-trouble")
        self.known = gr.State(None)
        self.forms: list[Any] = []

    def listen(self, check: Callable[[], str], checklist: Any) -> None:
        """Once all forms are there: fill them whenever the tab is shown; `check` fills `checklist`."""
        components = [component for form in self.forms for component in form.components]
        self.page.refresh(self._read, [self.trouble, self.known, *components], self.known)
        self.page.refresh(check, checklist)

        def points_and_checks() -> tuple[str, str]:
            with checks_once():
                return self.page.header(), check()

        for form in self.forms:
            for event in form.events:
                event.then(points_and_checks, None, [self.page.points, checklist], **QUIET)

    def _read(self, shown: Answers | None) -> dict[Any, Any]:
        said = ""
        try:
            answers = load_answers(self.lab.folder)
        except AnswersError as error:
            answers = Answers()
            reason = error_text(error, self.page.language)
            said = markup.status(self.page.t("evaluation.unreadable", reason=reason), bad=True)
        updates: dict[Any, Any] = {self.trouble: said, self.known: answers}
        for form in self.forms:
            updates |= form.offer() if answers == shown else form.fill(answers)
        return updates
