"""What is done with the pictures that are ticked in the gallery: a zip of them, two compared, unticked.

Which are ticked is a dictionary in `ticked` (an ordered set), changed in place: ticks that follow each other
fast would lose one another if each brought a new one.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from lab.records.export import zipped
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.page import QUIET, Page
from lab.ui.tabs.downloads import Download, sends

MOST = 500  # in one zip
# The shelf as the server knows it may be as it was before the ticks: it would not be drawn anew.
UNTICK = """() => { for (const box of document.querySelectorAll("#gallery-pictures input[name=selected]"))
    box.checked = false; }"""


class Selection:
    """`outputs` take what `shown` gives; `two` is pressed to compare, `render` puts all where it stands."""

    def __init__(self, lab: Lab, page: Page) -> None:
        import gradio as gr

        self.lab, self.page = lab, page
        t = page.t
        self.ticked = gr.State({})
        self.on_page = gr.State([])  # the stems of the pictures that the shelf shows now
        self.words = page.message("gallery-selected", render=False)
        self.zip = gr.Button(
            t("gallery.zip"), size="sm", min_width=110, interactive=False, elem_id="gallery-zip", render=False
        )
        self.two = gr.Button(
            t("gallery.compare_two"),
            size="sm",
            min_width=110,
            interactive=False,
            elem_id="gallery-two",
            render=False,
        )
        self.none = gr.Button(
            t("gallery.select_none"),
            size="sm",
            min_width=110,
            interactive=False,
            elem_id="gallery-none",
            render=False,
        )
        self.outputs = [self.words, self.zip, self.two, self.none]

    def render(self) -> None:
        """A line of what is ticked, and the buttons."""
        import gradio as gr

        with gr.Row(elem_classes="actions selection"):
            for button in (self.zip, self.two, self.none):
                button.render()
        self.words.render()
        sends(self.page, self.zip, self._zip, [self.ticked], self.words)

    def tick(self, ticked: dict[str, None], stem: str, *, on: bool) -> None:
        """Tick a picture, or untick it."""
        if on:
            ticked[stem] = None
        else:
            ticked.pop(stem, None)

    def keep(self, ticked: dict[str, None], there: Collection[str]) -> None:
        """What is gone is not ticked any more."""
        for stem in [stem for stem in ticked if stem not in there]:
            ticked.pop(stem, None)

    def shown(self, ticked: dict[str, None]) -> dict[Any, Any]:
        """How many are ticked, and what can be done with so many."""
        import gradio as gr

        count = len(ticked)
        words = self.page.t("gallery.ticked", count=count) if count else self.page.t("gallery.tick_some")
        return {
            self.words: markup.status(words),
            self.zip: gr.Button(interactive=0 < count <= MOST),
            self.two: gr.Button(interactive=count == 2),
            self.none: gr.Button(interactive=count > 0),
        }

    def says(self, words: str) -> list[Any]:
        """Values for `outputs` that only say something."""
        import gradio as gr

        return [words, *(gr.skip() for _ in self.outputs[1:])]

    def clears(self, refresh: Callable[[Any], None]) -> None:
        """The button that unticks all, on the page too; `refresh` shows the shelf anew after an event."""
        self.none.click(None, js=UNTICK)
        refresh(self.none.click(lambda ticked: ticked.clear(), self.ticked, None, **QUIET))

    def _zip(self, ticked: dict[str, None]) -> Download | None:
        records = [record for record in self.lab.store().records() if record.stem in ticked]
        if not records:
            return None
        name = f"{self.lab.assignment.id}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip"
        words = self.page.t("gallery.zipped", count=len(records))
        return Download(name, zipped(records[:MOST]), words)
