"""Something to begin with: what the student asked for before, and a library of prompts and styles.

What is chosen goes into the prompt; the lists themselves hold nothing.
"""

from typing import Any

from exercises.library import library
from lab.records.gallery import prompts_of
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.page import QUIET, Page


class Ideas:
    """Three lists below the prompt; `render` puts them where they stand."""

    def __init__(self, lab: Lab, page: Page, prompt: Any) -> None:
        import gradio as gr

        self.lab, self.page = lab, page
        t, language = page.t, page.language
        known = library(lab.assignment.folder)
        ideas = [
            (f"{idea.subject(language)} · {idea.text(language)}", idea.text(language))
            for idea in known.prompts
        ]
        styles = [(style.name(language), style.text(language)) for style in known.styles]
        with gr.Accordion(t("ideas.title"), open=False, elem_id="studio-ideas"):
            examples = gr.Dropdown(ideas, value=None, label=t("ideas.prompts"), elem_id="studio-examples")
            style = gr.Dropdown(styles, value=None, label=t("ideas.styles"), elem_id="studio-styles")
            history = choice(label=t("ideas.history"), elem_id="studio-history")
        for each in (examples, history):
            each.input(lambda chosen: chosen or gr.skip(), each, prompt, **QUIET)
        style.input(self._added, [prompt, style], [prompt, style], **QUIET)
        page.refresh(self._history, history)

    def _history(self) -> Any:
        import gradio as gr

        return gr.Dropdown(prompts_of(self.lab.store().records()), value=None)

    def _added(self, prompt: str | None, style: str | None) -> list[Any]:
        """The prompt with the style behind it, and the list of styles ready for another one."""
        import gradio as gr

        if not style:
            return [gr.skip(), gr.skip()]
        return [", ".join(filter(None, [(prompt or "").strip(" ,"), style])), gr.Dropdown(value=None)]
