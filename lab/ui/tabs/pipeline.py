"""Kind `pipeline`: rounds of drawing and looking, by themselves or one by one with the prompt in between."""

from functools import partial
from typing import Any

from markupsafe import Markup

from exercises.i18n import money, number
from exercises.kinds import Pipeline
from exercises.kinds.pipeline import ROUND_RUN
from grading.checks.pipeline import found_of
from lab.jobs.pipeline import Round, Tools, rounds_job, rounds_of
from lab.jobs.running import Task
from lab.records import exercise_answers as answering
from lab.session.lab import Lab
from lab.ui.choice import buttons, choice
from lab.ui.html import charges, markup, stage
from lab.ui.html import picture as facts
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.asking import (
    drawn_by,
    model_choice,
    model_choices,
    model_name,
    model_value,
    offered,
    selection_of,
)
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.result import Facts, shown_record
from lab.ui.tabs.said import Said
from lab.ui.tabs.stage import Stage

API = "api:"  # before provider and model, in the list of those who draw


def build(lab: Lab, page: Page, exercise: Pipeline) -> None:
    """The tab of the exercise."""
    with page.exercise_tab(exercise):
        PipelineTab(lab, page, exercise)


class PipelineTab:
    """`count` is how many rounds the page has shown: one more, and the next prompt is filled in anew."""

    def __init__(self, lab: Lab, page: Page, exercise: Pipeline) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        self.said, self.count = Said(lab, page, name), gr.State(-1)
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    every = gr.Button(
                        t("pipeline.all"), variant="primary", elem_id=f"generate-{name}", min_width=140
                    )
                    one = gr.Button(t("pipeline.one"), elem_id=f"one-{name}", min_width=110)
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.stage = Stage(page, name, ("all", "one", "slider", "difference"))
                table = gr.HTML(elem_id=f"rounds-{name}", elem_classes="rounds")
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                self.prompt = gr.Textbox(
                    label=t("pipeline.next_prompt"), lines=2, elem_id=f"prompt-{name}", elem_classes="draft"
                )
                with gr.Row():
                    self.model = choice(
                        choices=drawn_by(),
                        value=lab.settings.model,
                        label=t("pipeline.draws"),
                        min_width=140,
                        elem_id=f"draws-{name}",
                    )
                    self.looks = model_choice(page, name, t("pipeline.looks"))
                self.best = buttons(
                    choices=[], value=None, label=t("own.best"), elem_id=f"best-{name}", visible=False
                )
                self.said.text(
                    "text", label=t("own.why"), info=t("said.words", minimum=exercise.words_minimum)
                )
                self.said.status.render()
                page.instructions(exercise)
                gr.HTML(facts.plan(t, exercise.start), elem_id=f"plan-{name}")
            with stop:
                watch = Watch(lab, page, name, [every, one], self.stage)
            with going_on:
                watch.render()
        self.facts = Facts(page, name)
        checks = gr.HTML(elem_id=f"checks-{name}")
        shown = [self.stage.shown, table, self.prompt, self.best, self.count, *self.facts.outputs, checks]
        seen_by = [self.stage.view, self.count]
        form = [self.prompt, self.model, self.looks]
        watch.on(every, partial(self._tasks, exercise.rounds), form, self.show, shown, seen_by)
        watch.on(one, partial(self._tasks, 1), form, self.show, shown, seen_by)
        watch.resume(self.show, shown, seen_by)
        self.stage.view.change(self.show, seen_by, shown, **QUIET)
        page.refresh(self._offer, self.model, self.model)
        page.refresh(self._offer_looks, self.looks)
        page.refresh(self.show, shown, seen_by)
        choose = answering.putting(name, "chosen", "")
        self.said.recheck(self.said.save_on(self.best.input, choose, [self.best]), checks)
        self.said.listen(checks)

    def show(self, view: str, count: int) -> list[Any]:
        """What is on disk."""
        import gradio as gr

        rounds = self._rounds()
        chosen = self.said.answer().chosen
        stems = [each.record.stem for each in rounds]
        choices = [(self.page.t("pipeline.number", number=n), stem) for n, stem in enumerate(stems, 1)]
        proposal = rounds[-1].better_prompt if rounds else self.exercise.start.prompt
        answered = sum(each.answer is not None for each in rounds)
        return [
            self._view(rounds, view),
            self._table(rounds),
            gr.skip() if answered == count or not proposal else proposal,
            gr.update(choices=choices, value=chosen if chosen in stems else None, visible=bool(stems)),
            answered,
            *self.facts.show(rounds[-1].record if rounds else None),
            self.page.checklist(self.exercise.id),
        ]

    def _rounds(self) -> list[Round]:
        return rounds_of(self.lab.store(), self.lab.notebook())

    def _view(self, rounds: list[Round], view: str) -> Markup:
        t = self.page.t
        if not rounds:
            return stage.empty(t("stage.nothing"))
        cells = [self._shown(number, each) for number, each in enumerate(rounds, 1)][-8:]
        if view == "all":
            return stage.side_by_side(t, cells)
        if view == "one":
            return stage.one(t, cells[-1])
        if len(cells) < 2:
            return stage.empty(t("stage.two_needed"))
        return stage.before_after(t, cells[0], cells[-1], difference=view == "difference")

    def _shown(self, number_: int, each: Round) -> Shown:
        label = [self.page.t("pipeline.number", number=number_)]
        if each.answer:
            found, looked = found_of(each.answer)
            label.append(self.page.t("pipeline.found", found=found, count=looked))
        return shown_record(self.page, each.record, " · ".join(label))

    def _table(self, rounds: list[Round]) -> Markup:
        """A line a round, and their sum."""
        if not rounds:
            return Markup("")
        t = self.page.t
        header = [t(f"pipeline.{name}") for name in ("round", "asked", "lacks", "seconds", "cost")]
        rows = []
        for place, each in enumerate(rounds, 1):
            lacks = each.lacks if each.answer else ["–"]
            rows.append(
                [
                    place,
                    each.record.manifest.request.prompt,
                    ", ".join(lacks) or t("pipeline.nothing"),
                    number(round(each.seconds, 1), t.language),
                    " + ".join(charges.cost(t, cost) for cost in each.costs),
                ]
            )
        seconds = number(round(sum(each.seconds for each in rounds), 1), t.language)
        words = t("pipeline.sum", count=len(rounds), seconds=seconds, cost=self._spent(rounds))
        return markup.table(header, rows) + markup.hint(words)

    def _spent(self, rounds: list[Round]) -> str:
        """What all have cost, by currency; that nobody knows where it is so of one of them."""
        by_currency: dict[str, float] = {}
        for cost in (cost for each in rounds for cost in each.costs):
            if cost.amount is None:
                return self.page.t("pipeline.unknown")
            by_currency[cost.currency] = by_currency.get(cost.currency, 0) + cost.amount
        paid = {currency: amount for currency, amount in by_currency.items() if amount}
        said = ", ".join(money(amount, name, self.page.language) for name, amount in paid.items())
        return said or self.page.t("pipeline.free")

    def _offer(self, model: str) -> Any:
        """The models of this machine that can run, then those of every provider that is set up."""
        import gradio as gr

        by_api = [
            (model_name(self.page, each), API + model_value(each)) for each in offered(self.lab, "image")
        ]
        choices = [*drawn_by(), *by_api]
        there = model in [value for _, value in choices]
        return gr.update(choices=choices, value=model if there else self.lab.settings.model)

    def _offer_looks(self) -> Any:
        import gradio as gr

        return gr.update(choices=model_choices(self.lab, self.page))

    def _tasks(self, most: int, prompt: str | None, model: str, looks: str) -> list[Task]:
        lab = self.lab
        tools = Tools(lab.store(), lab.notebook(), lab.engine, lab.router)
        job = rounds_job(
            tools,
            self.exercise,
            prompt=(prompt or "").strip(),
            draws=selection_of(model.removeprefix(API)) if model.startswith(API) else model,
            looks=selection_of(looks),
            language=self.page.language,
            most=most,
        )
        return [Task(ROUND_RUN, lambda: job)]
