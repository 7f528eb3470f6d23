"""A prompt and a negative prompt of the student's own, kept as they are typed."""

from typing import Any

from lab.jobs.api_pictures import check_prompt
from lab.jobs.generate import notes
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.page import QUIET, Page
from lab.ui.tabs.said import Said


class Prompts:
    """`boxes` are the two components; the words that the model skips are told below them."""

    def __init__(self, lab: Lab, page: Page, said: Said) -> None:
        import gradio as gr

        self.lab, self.page = lab, page
        t = page.t
        prompt = said.text("prompt", label=t("parameter.prompt"), info=t("said.own_prompt"), lines=2)
        negative = said.text("negative_prompt", label=t("parameter.negative_prompt"), lines=1)
        words = gr.HTML(elem_id=f"words-{said.exercise_id}")
        self.boxes = [prompt, negative]
        gr.on([box.change for box in self.boxes], self._unknown_words, self.boxes, words, **QUIET)

    def _unknown_words(self, *texts: str | None) -> str:
        model = self.lab.settings.model
        words = dict.fromkeys(word for text in texts for word in notes(text or "", model))
        return markup.note(self.page.t("generation.unknown_words", words=", ".join(words))) if words else ""


def asked_prompts(prompt: Any, negative_prompt: Any) -> dict[str, str]:
    """What the boxes hold, as parameters. Raises BadPrompt: empty, or too long for a record."""
    asked = {"prompt": str(prompt or "").strip(), "negative_prompt": str(negative_prompt or "").strip()}
    check_prompt(asked["prompt"])
    if asked["negative_prompt"]:
        check_prompt(asked["negative_prompt"])
    return asked
