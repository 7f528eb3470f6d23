"""Kind `diagrams`: a flowchart as text, drawn as it is typed; its labels sought in the model's picture."""

import base64
from typing import Any

from markupsafe import Markup

from crafts.diagrams import APPLICATION, FINDINGS, drawn
from crafts.errors import CraftError
from crafts.flowchart import MAX_SOURCE, MOST_LABELS, Flowchart, read
from crafts.pieces import FOLDER, Piece
from exercises.kinds import Diagrams
from lab.session.lab import Lab
from lab.ui.choice import buttons
from lab.ui.error_text import error_text
from lab.ui.html import crafts, markup, stage
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.crafted import CraftedTab
from manifests.store import Record


def build(lab: Lab, page: Page, exercise: Diagrams) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        DiagramsTab(lab, page, exercise)


class DiagramsTab(CraftedTab):
    application = APPLICATION
    exercise: Diagrams

    def build_form(self) -> list[Any]:
        import gradio as gr

        t, name = self.page.t, self.exercise.id
        if self.exercise.labels:
            asked = " · ".join(label.text(self.page.language) for label in self.exercise.labels)
            gr.HTML(markup.hint(t("diagrams.asked", labels=asked)))
        self.source = gr.Textbox(
            label=t("diagrams.source"),
            info=t("diagrams.source_hint"),
            placeholder=t("diagrams.example"),
            lines=9,
            max_lines=20,
            max_length=MAX_SOURCE,
            elem_id=f"source-{name}",
            elem_classes="draft program",
        )
        self.told = self.page.message(f"drawn-{name}")
        self.drawing = gr.HTML(elem_id=f"drawing-{name}", elem_classes="diagram")
        self.labels = gr.State([])
        with gr.Group(elem_classes="findings"):
            self.heading = gr.HTML(
                markup.heading(t("diagrams.findings")) + markup.hint(t("diagrams.findings_hint")),
                visible=False,
            )
            self.findings = [
                buttons(
                    choices=[(t(f"diagrams.{each}"), each) for each in FINDINGS],
                    value=None,
                    label=str(place),
                    visible=False,
                    elem_id=f"finding-{place}-{name}",
                )
                for place in range(1, MOST_LABELS + 1)
            ]
        return [self.source, self.labels, *self.findings]

    def listen(self) -> None:
        self.source.change(
            self._typed,
            [self.source, self.labels, *self.findings],
            [self.told, self.drawing, self.heading, self.labels, *self.findings],
            trigger_mode="always_last",
            **QUIET,
        )

    def _typed(self, source: Any, labels: list[str], *findings: Any) -> list[Any]:
        """The drawing, and a row for each label with what was said of it; or what to write otherwise."""
        import gradio as gr

        kept = [gr.skip() for _ in range(2 + MOST_LABELS)]
        if not str(source or "").strip():
            return ["", "", *kept]
        try:
            chart = read(str(source))
        except CraftError as error:
            return [markup.status(error_text(error, self.page.language), bad=True), gr.skip(), *kept]
        said = dict(zip(labels, findings, strict=False))
        words = self.page.t("diagrams.drawn", nodes=len(chart.nodes), arrows=len(chart.arrows))
        head = [markup.status(words), self._preview(chart), gr.update(visible=True)]
        return [*head, chart.labels, *self._rows(chart.labels, said)]

    def _rows(self, labels: list[str], said: dict[str, Any]) -> list[Any]:
        """A row for each label, and none for the rest."""
        import gradio as gr

        rows = [gr.update(label=label, value=said.get(label), visible=True) for label in labels[:MOST_LABELS]]
        return rows + [gr.update(value=None, visible=False)] * (MOST_LABELS - len(rows))

    def _preview(self, chart: Flowchart) -> Markup:
        address = "data:image/svg+xml;base64," + base64.b64encode(drawn(chart)).decode()
        picture = Markup('<img src="{}" alt="{}">').format(address, self._alt(chart))
        return markup.scrolling(picture, self.page.t("diagrams.preview"))

    def _alt(self, chart: Flowchart) -> str:
        return self.page.t("diagrams.alt", arrows="; ".join(chart.sentences))

    def settings(self, count: int, *values: Any) -> dict[str, Any]:
        source, labels, *findings = values
        said = zip(labels or (), findings, strict=False)
        return {
            "source": str(source or ""),
            "found": [{"label": label, "finding": each} for label, each in said if each],
        }

    def values(self, settings: dict[str, Any]) -> list[Any]:
        source = settings.get("source", "")
        said = {each["label"]: each["finding"] for each in settings.get("found", ())}
        try:
            labels = read(source).labels
        except CraftError:
            labels = []
        return [source, labels, *self._rows(labels, said)]

    def view(self, piece: Piece, records: list[Record]) -> Markup:
        t = self.page.t
        chart = read(str(piece.settings["source"]))
        written = self.page.file_url(self.lab.folder / FOLDER / f"{piece.stem}.png")
        cells = [Shown(written, self._alt(chart), t("diagrams.written"))]
        cells += [
            Shown(self.shown(piece, r, 0).url, t("diagrams.model_alt"), t("diagrams.model")) for r in records
        ]
        return stage.side_by_side(t, cells)

    def figures(self, piece: Piece) -> Markup:
        t = self.page.t
        found: Any = piece.figures
        words = t("diagrams.counts", labels=len(found["labels"]), **{each: found[each] for each in FINDINGS})
        return markup.note(words) + crafts.labels(t, found) + markup.hint(t("diagrams.cannot"))
