"""Kind `adapt`: photos and a word become an adapter; its strength is seen in a table of pictures.

What was learnt is read from disk: the adapters with their cards, and the pictures drawn with the chosen one.
"""

import base64
from pathlib import Path
from typing import Any

from markupsafe import Markup

from exercises.errors import UserError
from exercises.i18n import decimal
from exercises.kinds import Adapt
from exercises.kinds.adapt import WORD
from lab.jobs.adapt import FEWEST_PHOTOS, MOST_PHOTOS, AdaptError, Plan, Teaching, samples_of
from lab.jobs.adapt_grid import cells_of, fitting, made, tasks
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html import loss_curve, markup, stage
from lab.ui.html import picture as facts
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.photo import read_bounded
from lab.ui.tabs.result import judged
from lab.ui.tabs.said import Said
from lab.ui.tabs.stage import Stage
from manifests.adapters import Card, Settings
from manifests.reader import read_regular_file

MOST_SAMPLES = 16
TEACH_MODELS = (("GenAI Lab mini", "mini"), ("Stable Diffusion 1.5", "sd15"))


def build(lab: Lab, page: Page, exercise: Adapt) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        AdaptTab(lab, page, exercise)


class AdaptTab:
    """`chosen` is the file of the adapter whose pictures are seen."""

    def __init__(self, lab: Lab, page: Page, exercise: Adapt) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        self.said = Said(lab, page, name)
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    teach = gr.Button(
                        t("adapt.teach"), variant="primary", elem_id=f"teach-{name}", min_width=140
                    )
                    draw = gr.Button(t("adapt.draw"), elem_id=f"generate-{name}", min_width=140)
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.stage = Stage(page, name, ("all",))
                learnt = gr.HTML(elem_id=f"learnt-{name}")
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                photos = gr.State(None)  # where the uploaded ones lie
                upload = gr.UploadButton(
                    t("adapt.photos_label", fewest=FEWEST_PHOTOS, most=MOST_PHOTOS),
                    file_count="multiple",
                    elem_id=f"upload-{name}",
                )
                listed = page.message(f"photos-{name}")
                word = gr.Textbox(
                    label=t("adapt.word_label"),
                    info=t("adapt.word_info"),
                    max_lines=1,
                    elem_id=f"word-{name}",
                )
                with gr.Row():
                    steps = gr.Slider(
                        5,
                        max(600, exercise.steps),
                        exercise.steps,
                        step=5,
                        label=t("adapt.steps"),
                        elem_id=f"steps-{name}",
                    )
                    rank = gr.Slider(
                        1, 32, Settings().rank, step=1, label=t("adapt.rank"), elem_id=f"rank-{name}"
                    )
                with gr.Row():
                    rate = gr.Number(
                        Settings().rate,
                        label=t("adapt.rate"),
                        minimum=1e-6,
                        maximum=1e-2,
                        elem_id=f"rate-{name}",
                    )
                    model = gr.Dropdown(
                        list(TEACH_MODELS), value="mini", label=t("parameter.model"), elem_id=f"model-{name}"
                    )
                self.chosen = choice(choices=[], label=t("adapt.chosen"), elem_id=f"adapter-{name}")
                self.said.text(
                    "text", label=t("adapt.lesson"), info=t("said.words", minimum=exercise.words_minimum)
                )
                self.said.status.render()
                page.instructions(exercise)
                gr.HTML(facts.plan(t, exercise.start), elem_id=f"plan-{name}")
            with stop:
                watch = Watch(lab, page, name, [teach, draw], self.stage)
            with going_on:
                watch.render()
        checks = gr.HTML(elem_id=f"checks-{name}")
        shown = [self.stage.shown, learnt, self.chosen, checks]
        form = [photos, word, steps, rank, rate, model]
        watch.on(teach, self._teach, form, self.show, shown, [self.chosen])
        watch.on(draw, self._draw, [self.chosen], self.show, shown, [self.chosen])
        watch.resume(self.show, shown, [self.chosen])
        upload.upload(self._uploaded, upload, [photos, listed], **QUIET)
        self.chosen.input(self.show, [self.chosen], shown, **QUIET)
        page.refresh(self.show, shown, [self.chosen])
        self.said.listen(checks)

    def show(self, chosen: str | None) -> list[Any]:
        """What is on disk of the chosen adapter; of the newest that fits, where none is."""
        import gradio as gr

        t = self.page.t
        kept = fitting(self.exercise, self.lab.store())
        card = next((each for each in kept if each.file == chosen), kept[-1] if kept else None)
        choices = [
            (t("adapt.choice", word=each.word, steps=each.steps, file=each.file), each.file) for each in kept
        ]
        return [
            self._grid(card),
            self._learnt(card),
            gr.update(choices=choices, value=card.file if card else None),
            self.page.checklist(self.exercise.id),
        ]

    def _grid(self, card: Card | None) -> Markup:
        t, exercise = self.page.t, self.exercise
        if card is None:
            return stage.empty(t("adapt.nothing"))
        there = made(exercise, self.lab.store(), card)
        columns = [t("adapt.strength", scale=decimal(f"{scale:g}", t.language)) for scale in exercise.scales]
        rows = [prompt.replace(WORD, card.word) for prompt in exercise.prompts]
        cells = []
        for row, scale in cells_of(exercise):
            label = f"{rows[row]} · {columns[exercise.scales.index(scale)]}"
            record = there.get((row, scale))
            cells.append(judged(self.page, record, label) if record else Shown(None, label=label))
        return stage.crossed(t, columns, rows, cells)

    def _learnt(self, card: Card | None) -> Markup:
        """The loss curve with its words, what the model forgot, and the samples drawn on the way."""
        if card is None:
            return Markup("")
        t = self.page.t
        parts = [loss_curve.drawn(t, card.losses)]
        if card.forgetting is not None:
            header = [t("adapt.others"), t("adapt.before"), t("adapt.after")]
            shares = [f"{share:.0%}" for share in (card.forgetting.before, card.forgetting.after)]
            parts.append(markup.table(header, [[card.forgetting.pictures, *shares]]))
        figures = []
        for path in samples_of(self.lab.folder, card.word)[-MOST_SAMPLES:]:
            step = path.stem.partition("_")[0].lstrip("0") or "0"
            alt = t("adapt.sample", word=card.word, step=step)
            figures.append(
                Markup(
                    '<figure><img src="{}" alt="{}" width="96"><figcaption>{}</figcaption></figure>'
                ).format(_url(path), alt, step)
            )
        strip = Markup('<div class="samples" role="group" aria-label="{}">{}</div>').format(
            t("adapt.samples"), Markup("").join(figures)
        )
        return Markup("").join([*parts, strip if figures else Markup("")])

    def _uploaded(self, photos: list[str]) -> tuple[list[str], Markup]:
        """The photos to teach from, and their names."""
        names = ", ".join(Path(photo).name for photo in photos[: MOST_PHOTOS + 1])
        return photos, markup.status(self.page.t("adapt.photos_chosen", count=len(photos), names=names))

    def _teach(
        self, photos: list[str] | None, word: str | None, steps: float, rank: float, rate: float, model: str
    ) -> list[Task]:
        if self.lab.settings.gateway and model == "mini" and not self._draws_here():
            raise AdaptError("adapt.gateway")
        try:
            settings = Settings(steps=round(steps), rank=round(rank), rate=float(rate))
        except ValueError:
            raise AdaptError("adapt.settings") from None
        data = tuple(read_bounded(Path(photo)) for photo in (photos or [])[: MOST_PHOTOS + 1])
        plan = Plan((word or "").strip(), data, model, settings, keep=self.exercise.keep)
        teaching = Teaching(self.lab.store(), plan)
        return [Task("teach", lambda: teaching)]

    def _draws_here(self) -> bool:
        """Whether the lab's engine draws in this process, and so with adapters."""
        from lab.engine.remote import RemoteEngine

        return not isinstance(self.lab.engine, RemoteEngine)

    def _draw(self, chosen: str | None) -> list[Task]:
        store = self.lab.store()
        card = next((each for each in fitting(self.exercise, store) if each.file == chosen), None)
        if card is None:
            raise AdaptError("adapt.choose")
        found = tasks(store, self.lab.engine, self.exercise, card)
        if not found:
            raise AdaptError("adapt.all_there")
        return found


def _url(path: Path) -> str:
    """A sample as an address of its own: it lies in a folder that is not served."""
    try:
        data = read_regular_file(path, 2**20)
    except (OSError, UserError):
        return ""
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")
