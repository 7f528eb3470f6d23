"""Kind `dataset`: the plan's pictures drawn, looked through by class, and two classifiers taught on them.

What is drawn, thrown out and taught is read from disk. The class that is seen is the one value of the page.
"""

from typing import Any

from markupsafe import Markup

from exercises.errors import UserError
from exercises.kinds import Dataset
from lab.jobs.batch import AT_ONCE
from lab.jobs.dataset import DatasetError, Training, planned
from lab.jobs.running import Task
from lab.session.gateway import draws_here
from lab.session.lab import Lab
from lab.ui.choice import buttons, choice
from lab.ui.error_text import error_text
from lab.ui.html import classifiers, markup, sorting
from lab.ui.html import picture as facts
from lab.ui.page import QUIET, Page, checks_once
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.said import Said
from manifests.atomic import write_atomic
from manifests.classifiers import Bias, Settings
from manifests.sorting import REASONS, Sorted, SortingError, change, sorted_in
from manifests.store import Record


def build(lab: Lab, page: Page, exercise: Dataset) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        DatasetTab(lab, page, exercise)


class DatasetTab:
    """`seen` is the class whose pictures are looked through."""

    def __init__(self, lab: Lab, page: Page, exercise: Dataset) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        self.said = Said(lab, page, name)
        with gr.Row(elem_classes="bench crafting data-set"):
            with gr.Column(elem_classes="seen", min_width=300, scale=3):
                with gr.Row(elem_classes="actions"):
                    draw = gr.Button(
                        t("dataset.draw"), variant="primary", elem_id=f"generate-{name}", min_width=120
                    )
                    plain = gr.Button(t("dataset.train"), elem_id=f"train-{name}", min_width=120)
                    biased = gr.Button(t("dataset.train_biased"), elem_id=f"biased-{name}", min_width=120)
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self._sorting()
                results = gr.HTML(elem_id=f"results-{name}", elem_classes="figures")
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                form = self._settings()
                self.said.text(
                    "text",
                    label=t("dataset.lesson"),
                    info=t("said.words", minimum=exercise.words_minimum),
                    lines=5,
                )
                self.said.status.render()
                page.instructions(exercise)
                with gr.Accordion(t("dataset.sheet"), open=False):
                    self.sheet = gr.HTML(elem_id=f"sheet-{name}")
                gr.HTML(facts.plan(t, exercise.runs[0].parameters), elem_id=f"plan-{name}")
            with stop:
                watch = Watch(lab, page, name, [draw, plain, biased], at_once=AT_ONCE)
            with going_on:
                watch.render()
        checks = gr.HTML(elem_id=f"checks-{name}")
        shown = [self.state, self.pictures, self.looked, results, checks]
        watch.on(draw, self._draw, [], self.show, shown, [self.thing])
        watch.on(plain, self._train, form[:2], self.show, shown, [self.thing])
        watch.on(biased, self._train, form, self.show, shown, [self.thing])
        watch.resume(self.show, shown, [self.thing])
        page.refresh(self.show, shown, [self.thing])
        page.refresh(self._sheet, self.sheet)
        self._listen(shown, checks)
        self.said.listen(checks)

    def _sorting(self) -> None:
        """The class, the reason, the pictures, and what is done with them."""
        import gradio as gr

        t, name, exercise = self.page.t, self.exercise.id, self.exercise
        self.state = gr.HTML(elem_id=f"state-{name}")
        titles = [(title(t.language), thing) for thing, title in exercise.classes.items()]
        self.thing = buttons(
            choices=titles, value=titles[0][1], label=t("dataset.thing"), elem_id=f"thing-{name}"
        )
        self.reason = buttons(
            choices=[(t(f"dataset.reason_{reason}"), reason) for reason in REASONS],
            value=REASONS[0],
            label=t("dataset.reason"),
            info=t("dataset.reason_info"),
            elem_id=f"reason-{name}",
        )
        self.pictures = gr.HTML(
            elem_id=f"pictures-{name}", js_on_load=sorting.listen(f"reason-{name}"), padding=False
        )
        self.told = self.page.message(f"sorted-{name}")
        with gr.Row(elem_classes="actions"):
            self.looked = gr.Button(t("dataset.looked"), size="sm", elem_id=f"looked-{name}")
            self.undo = gr.Button(t("dataset.undo"), size="sm", elem_id=f"undo-{name}")

    def _settings(self) -> list[Any]:
        """Rounds and seed, then the bias: a thing and a background."""
        import gradio as gr

        t, name, exercise = self.page.t, self.exercise.id, self.exercise
        with gr.Row():
            rounds = gr.Slider(
                1, 100, exercise.rounds, step=1, label=t("dataset.rounds"), elem_id=f"rounds-{name}"
            )
            seed = gr.Number(
                Settings().seed, label=t("dataset.seed"), precision=0, minimum=0, elem_id=f"seed-{name}"
            )
        with gr.Row():
            things = [(title(t.language), each) for each, title in exercise.classes.items()]
            backgrounds = [(title(t.language), each) for each, title in exercise.backgrounds.items()]
            thing = choice(
                choices=things,
                value=things[0][1],
                label=t("dataset.bias_thing"),
                min_width=140,
                elem_id=f"bias-thing-{name}",
            )
            background = choice(
                choices=backgrounds,
                value=backgrounds[1][1],
                label=t("dataset.bias_background"),
                min_width=140,
                elem_id=f"bias-background-{name}",
            )
        return [rounds, seed, thing, background]

    def _listen(self, shown: list[Any], checks: Any) -> None:
        """What throws out, takes back, undoes, and says that a class was looked through."""
        import gradio as gr

        def toggle(thing: str, reason: str, event: gr.EventData) -> Any:
            return self._toggle(thing, reason, event._data)

        threw = self.pictures.select(
            toggle, [self.thing, self.reason], [self.told, self.state], **QUIET, trigger_mode="multiple"
        )
        threw.then(self._points, None, [self.page.points, checks], **QUIET, trigger_mode="always_last")
        self.thing.input(self.show, [self.thing], shown, **QUIET)
        for button, do in ((self.looked, self._look), (self.undo, self._undo)):
            event = button.click(do, [self.thing], self.told, **QUIET)
            event.then(self.show, [self.thing], shown, **QUIET).then(
                self._points, None, [self.page.points, checks], **QUIET
            )

    def show(self, thing: str) -> list[Any]:
        """What is on disk of the plan, and of the class that is seen."""
        import gradio as gr

        t, exercise = self.page.t, self.exercise
        made, sorted_ = self._made(), self._sorted()
        is_done = thing in sorted_.looked
        label = t("dataset.looked_not" if is_done else "dataset.looked")
        return [
            self._state(made, sorted_),
            self._class(thing, made, sorted_),
            gr.update(value=label),
            classifiers.results(t, exercise, self.lab.folder),
            self.page.checklist(exercise.id),
        ]

    def _made(self) -> dict[str, Record]:
        return planned(self.exercise).made(self.lab.store(), self.lab.settings.model)

    def _sorted(self) -> Sorted:
        try:
            return sorted_in(self.lab.folder, self.exercise.id)
        except SortingError:
            return Sorted()

    def _state(self, made: dict[str, Record], sorted_: Sorted) -> Markup:
        """How far drawing and looking are."""
        t, exercise = self.page.t, self.exercise
        out = {record.stem for record in made.values()} & sorted_.thrown.keys()
        said = t("dataset.state", made=len(made), count=len(exercise.cells), out=len(out))
        there = [exercise.classes[thing](t.language) for thing in sorted_.looked if thing in exercise.classes]
        if there:
            said += " " + t("dataset.state_looked", things=", ".join(there))
        return markup.note(said)

    def _class(self, thing: str, made: dict[str, Record], sorted_: Sorted) -> Markup:
        t, exercise = self.page.t, self.exercise
        items = []
        for cell in exercise.cells:
            if cell.thing == thing and cell.run in made:
                record, why = made[cell.run], sorted_.thrown.get(made[cell.run].stem)
                words = t(
                    "dataset.picture",
                    thing=exercise.classes[thing](t.language),
                    colour=exercise.colours[cell.colour](t.language),
                    background=exercise.backgrounds[cell.background](t.language),
                )
                url = self.page.file_url(record.image_path)
                items.append(
                    sorting.Item(record.stem, url, words, t(f"dataset.reason_{why}") if why else None)
                )
        if not items:
            return markup.hint(t("dataset.nothing"))
        label = exercise.classes[thing](t.language) if thing in exercise.classes else ""
        return sorting.pictures(items, label)

    def _toggle(self, thing: str, reason: str, data: Any) -> list[Any]:
        """Throw a picture out, or take it back; the page has marked it already."""
        t = self.page.t
        told = data if isinstance(data, dict) else {}
        stem, out = told.get("stem"), told.get("out") is True
        made = self._made()
        if not any(record.stem == stem for record in made.values()) or reason not in REASONS:
            return [markup.status(t("dataset.no_picture"), bad=True), self._state(made, self._sorted())]
        try:
            found = change(
                self.lab.folder,
                self.exercise.id,
                lambda before: before.deciding(str(stem), reason if out else None),
            )
        except (UserError, OSError) as error:
            said = markup.status(error_text(error, self.page.language), bad=True)
            return [said, self._state(made, self._sorted())]
        return [
            markup.status(t("dataset.out" if out else "dataset.back", stem=stem)),
            self._state(made, found),
        ]

    def _look(self, thing: str) -> Markup:
        """A class is looked through; pressed again, it is not."""
        done = thing not in self._sorted().looked
        if thing not in self.exercise.classes:
            return markup.status("")
        key = "dataset.looked_done" if done else "dataset.looked_undone"
        return self._changed(lambda before: before.looking(thing, done=done), key)

    def _undo(self, thing: str) -> Markup:
        if not self._sorted().decisions:
            return markup.status(self.page.t("dataset.nothing_to_undo"))
        return self._changed(lambda before: before.undone(), "dataset.undone")

    def _changed(self, how: Any, key: str) -> Markup:
        try:
            change(self.lab.folder, self.exercise.id, how)
        except (UserError, OSError) as error:
            return markup.status(error_text(error, self.page.language), bad=True)
        return markup.status(self.page.t(key))

    def _points(self) -> tuple[str, str]:
        with checks_once():
            return self.page.header(), self.page.checklist(self.exercise.id)

    def _draw(self) -> list[Task]:
        tasks = planned(self.exercise).tasks(self.lab.store(), self.lab.engine, self.lab.settings.model)
        if not tasks:
            raise DatasetError("dataset.all_there")
        return tasks

    def _train(
        self,
        rounds: float | None,
        seed: float | None,
        thing: str | None = None,
        background: str | None = None,
    ) -> list[Task]:
        """Teach on all that is kept; with a thing and a background on a biased part of it.

        A field that was cleared is None.
        """
        if not draws_here(self.lab.settings):
            raise DatasetError("dataset.gateway")
        try:
            settings = Settings(rounds=round(rounds or 0), seed=round(seed or 0))
            bias = Bias(thing=thing, background=background or "") if thing else None
        except (ValueError, OverflowError):
            raise DatasetError("dataset.settings") from None
        training = Training(self.lab.store(), self.exercise, self.lab.settings.model, settings, bias)
        return [Task("train", lambda: training)]

    def _sheet(self) -> Markup:
        """The composed pictures, with their source and licence."""
        t, composed = self.page.t, self.exercise.composed
        file = self.lab.cache / f"composed-{composed.sha256[:16]}.webp"
        if not file.exists():
            write_atomic(file, composed.sheet)
        return Markup(
            '<img class="composed" src="{}" alt="{}" loading="lazy"><p><small>{}</small></p>'
        ).format(
            self.page.file_url(file),
            t("dataset.sheet_alt", count=len(composed.shows)),
            t("dataset.sheet_source", source=composed.source, licence=composed.licence),
        )
