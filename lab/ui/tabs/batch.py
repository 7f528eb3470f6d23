"""List: pictures out of a CSV file, drawn in the background; a table of them, a contact sheet, a zip.

One value rules the tab: the name of the chosen list. What of it is drawn is read from disk.
"""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from exercises.errors import SystemReason, UserError
from exercises.i18n import number
from lab.jobs.batch import AT_ONCE, Batch, keep, kept_names, open_kept, read_batch
from lab.jobs.batch_list import COLUMNS, MOST_BYTES, MOST_ROWS, BatchError
from lab.jobs.running import Task
from lab.records.batch_table import table
from lab.records.export import zipped
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html import markup
from lab.ui.html.picture import with_value
from lab.ui.page import QUIET, Page
from lab.ui.sheets.batch_sheet import contact_sheet
from lab.ui.tabs.asking import drawn_by
from lab.ui.tabs.downloads import Download, sends
from lab.ui.tabs.generation import Watch
from manifests.store import Record

ROWS = 20  # on a page
TAB = "batch-list"  # no exercise can have this id, for none has a dash
SHOWN = ("seed", "steps", "guidance_scale", "scheduler")  # below a row's prompt
EXAMPLE = """prompt,negative_prompt,seed,steps,guidance_scale
a red backpack on a gray background,,1,20,7.5
a red backpack on a gray background,,2,20,7.5
a blue umbrella on a white background,,1,20,7.5
a blue umbrella on a white background,,1,20,2
"""


def build(lab: Lab, page: Page) -> None:
    """Only where there is a studio, to which these pictures belong."""
    if page.studio:
        with page.tab(TAB, page.t("batch.title")):
            _Tab(lab, page)


class _Tab:
    def __init__(self, lab: Lab, page: Page) -> None:
        import gradio as gr

        self.lab, self.page = lab, page
        t = page.t
        gr.HTML(markup.title(t("batch.title")))
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    self.draw = gr.Button(t("batch.draw"), variant="primary", elem_id=f"generate-{TAB}")
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                rows = gr.HTML(elem_id="batch-rows")
                with gr.Row(elem_classes="paging"):
                    previous = gr.Button(t("gallery.previous_page"), size="sm", min_width=90)
                    where = gr.HTML(elem_id="batch-where")
                    following = gr.Button(t("gallery.next_page"), size="sm", min_width=90)
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                introduction = t("batch.introduction", most=MOST_ROWS, columns=", ".join(COLUMNS))
                gr.HTML(markup.hint(introduction))
                with gr.Row():
                    # Any file may be chosen: what is no list is refused here, in the page's language.
                    upload = gr.UploadButton(
                        t("batch.upload"), size="sm", min_width=140, elem_id="upload-batch"
                    )
                    example = gr.Button(t("batch.example"), size="sm", min_width=110, elem_id="batch-example")
                said = page.message("batch-said")
                self.list = choice(label=t("batch.list"), choices=[], elem_id="batch-chosen")
                self.model = choice(
                    choices=drawn_by(),
                    value=lab.settings.model,
                    label=t("parameter.model"),
                    elem_id="batch-model",
                )
                state = gr.HTML(elem_id="batch-state")
                with gr.Row():
                    for name, make in (("sheet", self._sheet), ("zip", self._zip), ("table", self._table)):
                        button = gr.Button(
                            t(f"batch.{name}"), size="sm", min_width=110, elem_id=f"batch-{name}"
                        )
                        sends(page, button, make, [self.list, self.model], said)
            with stop:
                watch = Watch(lab, page, TAB, [self.draw], at_once=AT_ONCE)
            with going_on:
                watch.render()
        at = gr.State(0)  # the first row that is shown
        inputs = [self.list, self.model, at]
        shown = [self.list, self.draw, state, rows, where, previous, following, at]
        watch.on(self.draw, self._tasks, [self.list, self.model], self.show, shown, inputs)
        watch.resume(self.show, shown, inputs)
        page.refresh(self.show, shown, inputs)
        upload.upload(self._take, upload, [said, self.list], **QUIET).then(self.show, inputs, shown, **QUIET)
        gr.on([self.list.input, self.model.input], self._from_the_top, inputs, shown, **QUIET)
        previous.click(
            lambda name, model, first: self.show(name, model, first - ROWS), inputs, shown, **QUIET
        )
        following.click(
            lambda name, model, first: self.show(name, model, first + ROWS), inputs, shown, **QUIET
        )
        sends(page, example, self._example, [], said)

    def show(self, name: str | None, model: str, first: int) -> list[Any]:
        """What is on disk of the chosen list; of the newest, where none is chosen."""
        import gradio as gr

        t, store = self.page.t, self.lab.store()
        names = kept_names(store)
        name = name if name in names else next(iter(names), None)
        listed = gr.update(choices=names, value=name)
        off = gr.update(interactive=False)
        if name is None:
            return [listed, t("batch.draw"), "", markup.hint(t("batch.none")), "", off, off, 0]
        try:
            batch = open_kept(store, self.lab.assignment, name)
        except UserError as error:
            reason = markup.status(error.in_language(self.page.language), bad=True)
            return [listed, t("batch.draw"), reason, "", "", off, off, 0]
        made, count = batch.made(store, model), len(batch.rows)
        first = min(max(first, 0), (count - 1) // ROWS * ROWS)
        missing = count - len(made)
        label = t("batch.draw_missing", count=missing) if made and missing else t("batch.draw")
        last = min(first + ROWS, count)
        return [
            listed,
            label,
            markup.note(t("batch.state", done=len(made), count=count)),
            self._rows(batch, made, first),
            t("batch.where", first=first + 1, last=last, total=count),
            gr.update(interactive=first > 0),
            gr.update(interactive=last < count),
            first,
        ]

    def _from_the_top(self, name: str | None, model: str, _: int) -> list[Any]:
        return self.show(name, model, 0)

    def _rows(self, batch: Batch, made: dict[str, Record], first: int) -> Markup:
        t = self.page.t
        header = [t(f"batch.{name}") for name in ("number", "picture", "asked", "result")]
        rows = []
        for row in batch.rows[first : first + ROWS]:
            record, asked = made.get(row.run), row.parameters
            changed = " · ".join(with_value(t, name, getattr(asked, name)) for name in SHOWN)
            words = Markup("{}<br><small>{}</small>").format(asked.prompt, changed)
            picture, state = Markup(""), t("batch.missing")
            if record:
                alt = t("batch.alt", number=row.number, prompt=asked.prompt)
                picture = Markup('<a href="{0}"><img src="{0}" alt="{1}" loading="lazy"></a>').format(
                    self.page.file_url(record.image_path), alt
                )
                state = t("batch.drawn", seconds=number(round(record.manifest.seconds, 1), t.language))
            rows.append([row.number, picture, words, state])
        return Markup('<div class="batch-table" role="region" tabindex="0" aria-label="{}">{}</div>').format(
            t("batch.list"), markup.table(header, rows)
        )

    def _take(self, path: str) -> list[Any]:
        """Keep the list that was chosen, and choose it."""
        import gradio as gr

        try:
            with Path(path).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
            store = self.lab.store()
            batch = read_batch(self.lab.assignment, Path(path).name, data)
            keep(store, batch, data)
        except UserError as error:
            return [markup.status(error.in_language(self.page.language), bad=True), gr.skip()]
        except OSError as error:
            reason = SystemReason(error)
            said = self.page.t("batch.unreadable", file=Path(path).name, reason=reason)
            return [markup.status(said, bad=True), gr.skip()]
        said = self.page.t("batch.kept", name=batch.name, count=len(batch.rows))
        return [markup.status(said), gr.update(choices=kept_names(store), value=batch.name)]

    def _tasks(self, name: str | None, model: str) -> list[Task]:
        store = self.lab.store()
        tasks = self._batch(name).tasks(store, self.lab.engine, model)
        if not tasks:
            raise BatchError("batch.all_there")
        return tasks

    def _batch(self, name: str | None) -> Batch:
        """Raises BatchError."""
        if not name:
            raise BatchError("batch.none")
        return open_kept(self.lab.store(), self.lab.assignment, name)

    def _made(self, name: str | None, model: str) -> tuple[Batch, dict[str, Record]]:
        batch = self._batch(name)
        made = batch.made(self.lab.store(), model)
        if not made:
            raise BatchError("batch.nothing")
        return batch, made

    def _sheet(self, name: str | None, model: str) -> Download | None:
        batch, made = self._made(name, model)
        data = contact_sheet(self.page.t, batch, made)
        return Download(f"{batch.name}.png", data, self._count(made)) if data else None

    def _zip(self, name: str | None, model: str) -> Download:
        batch, made = self._made(name, model)
        return Download(f"{batch.name}.zip", zipped(made.values()), self._count(made))

    def _table(self, name: str | None, model: str) -> Download:
        batch = self._batch(name)
        made = batch.made(self.lab.store(), model)
        return Download(f"{batch.name}-results.csv", table(batch, made), self._count(made))

    def _count(self, made: dict[str, Record]) -> str:
        return self.page.t("batch.made_of", count=len(made))

    def _example(self) -> Download:
        return Download("example.csv", EXAMPLE.encode(), "")
