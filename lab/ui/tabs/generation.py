"""The part every generating tab has: its status, progress with preview, Stop, and the watching of a run.

The run itself lives in `lab.jobs.running`: a page that is reloaded in the middle finds it there and goes
on watching. What a run has made is read from disk by the tab's own `show`.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from io import BytesIO
from typing import Any

from markupsafe import Markup
from PIL import Image

from crafts.learning import share_right
from exercises.errors import UserError
from exercises.i18n import decimal, number
from lab.engine.protocol import Cancelled, Done, Failed, Loading, Queued, Smaller, Step, Unreachable
from lab.jobs.adapt import AdaptersSaved, Preparing, Taught
from lab.jobs.analyse import AnswerSaved
from lab.jobs.dataset import ClassifierSaved, Learning
from lab.jobs.generate import PictureSaved
from lab.jobs.own_code.job import CodeRunning, CodeWaiting
from lab.jobs.pipeline import RoundBegun, RoundsDone
from lab.jobs.running import Running, Task
from lab.providers.protocol import MovedOn, Piece, Retrying, Trying, Waiting
from lab.session.lab import Lab
from lab.ui.html import charges as api_words
from lab.ui.html import markup
from lab.ui.html.confusion import percent
from lab.ui.page import LASTING, QUIET, Page, checks_once
from lab.ui.tabs.stage import Stage

LOOK_EVERY = 0.15  # seconds between two looks at a run


class Watch:
    """`buttons` start runs of one exercise; `show(*inputs)` fills `shown` from disk.

    A picture that is being drawn is seen `upon` a stage, in the place of its run among `runs`.
    """

    def __init__(
        self,
        lab: Lab,
        page: Page,
        exercise_id: str,
        buttons: Sequence[Any],
        upon: Stage | None = None,
        runs: Sequence[str] = (),
        at_once: int | None = None,
        besides: tuple[Any, Callable[[object], str]] | None = None,
    ) -> None:
        """`at_once`: how many of what a button starts are under way together at most, where they are many.

        `besides`: a component that shows more of the newest event than a bar can, and what it shows.
        """
        import gradio as gr

        self.lab, self.page, self.exercise_id, self.buttons = lab, page, exercise_id, list(buttons)
        self.runs, self.at_once = list(runs), at_once
        self.besides = [besides] if besides else []
        self.stop = gr.Button(
            page.t("generation.stop"), variant="stop", interactive=False, elem_id=f"stop-{exercise_id}"
        )
        self.status = page.message(f"status-{exercise_id}", render=False)
        self.progress = gr.HTML(elem_id=f"progress-{exercise_id}", render=False)
        self.watched = gr.State(None)  # id of the run this page watches, for Stop
        self.upon, self.preview = upon, [upon.preview] if upon else []
        more = [component for component, _ in self.besides]
        self.live = [
            self.status, self.progress, *more, *self.preview, self.stop, self.watched, *self.buttons
        ]  # fmt: skip
        # Without outputs: only whoever follows the run writes its status. The word "stopping" of an event of
        # its own could arrive after the run's last word and stay for ever.
        self.stop.click(self._stop, self.watched, None, **QUIET)

    def render(self) -> None:
        """Where status and progress stand."""
        self.status.render()
        self.progress.render()

    def on(
        self,
        button: Any,
        prepare: Callable[..., Sequence[Task]],
        inputs: Sequence[Any],
        show: Callable[..., list[Any]],
        shown: Sequence[Any],
        show_inputs: Sequence[Any],
    ) -> Any:
        """The event by which `button` starts what `prepare(*inputs)` returns.

        Its UserError is shown, nothing starts then. A press is answered by the browser itself: the server's
        first word may come late, or together with its last.
        """
        count, starting = len(inputs), self.page.t("generation.starting")
        at_once = json.dumps(["", _bar(starting, Markup(""), starting)])
        button.click(None, None, [self.status, self.progress], js=f"() => {at_once}", **QUIET)

        async def go(*values: Any) -> AsyncIterator[list[Any]]:
            try:
                tasks = await asyncio.to_thread(prepare, *values[:count])
            except UserError as error:
                yield self._idle(markup.status(error.in_language(self.page.language), bad=True)) + _skip(
                    shown
                )
                return
            running = self.lab.runs.start(self.lab.task(self.exercise_id), tasks, self.at_once)
            async for update in self._follow(running, show, shown, values[count:]):
                yield update

        return button.click(go, [*inputs, *show_inputs], [*self.live, self.page.points, *shown], **LASTING)

    def resume(
        self, show: Callable[..., list[Any]], shown: Sequence[Any], show_inputs: Sequence[Any]
    ) -> None:
        """When the tab is shown: go on watching what runs, or say how the last one ended."""

        async def resume(*values: Any) -> AsyncIterator[list[Any]]:
            running_here = self.lab.runs.of(self.lab.task(self.exercise_id))
            if not running_here:
                yield self._idle(await asyncio.to_thread(self._following)) + _skip(shown)
            for running in running_here:
                async for update in self._follow(running, show, shown, values):
                    yield update

        self.page.resume(resume, [*self.live, self.page.points, *shown], list(show_inputs))

    async def _follow(
        self, running: Running, show: Callable[..., list[Any]], shown: Sequence[Any], values: Sequence[Any]
    ) -> AsyncIterator[list[Any]]:
        """Updates of what is live at each change; of points and `shown` whenever a picture was saved."""
        seen, kept = -1, len(running.stored)
        while True:
            finished = running.finished  # before reading the rest: what follows is then the end
            if running.changes != seen:
                seen = running.changes
                fresh = len(running.stored) != kept
                kept = len(running.stored)
                rest = await asyncio.to_thread(self._read, show, values) if fresh else _skip(shown)
                following = await asyncio.to_thread(self._following) if finished else ""
                yield self._look(running, finished, following) + rest
            if finished:
                return
            await asyncio.sleep(LOOK_EVERY)

    def _read(self, show: Callable[..., list[Any]], values: Sequence[Any]) -> list[Any]:
        with checks_once():
            return [self.page.header(), *show(*values)]

    def _following(self) -> str:
        """The way to the next tab, once this one is complete."""
        link = self.page.next_tab(self.exercise_id)
        return Markup('<p class="following">{}</p>').format(link) if link else ""

    def _look(self, running: Running, finished: bool, following: str = "") -> list[Any]:
        import gradio as gr

        if finished:
            return self._idle(self._ended(running) + following)
        t = self.page.t
        which = self._which(running)
        status = markup.status(
            t("generation.stopping") if running.stopping else t("generation.running", which=which)
        )
        buttons = [gr.update(interactive=False) for _ in self.buttons]
        live = [
            self._progress(running, which),
            *(seen(running.event) for _, seen in self.besides),
            *(self._preview(running) for _ in self.preview),
        ]
        return [status, *live, gr.update(interactive=True), running.id, *buttons]

    def _which(self, running: Running) -> str:
        """What is under way: a run and its number, or how many at once."""
        t, under_way = self.page.t, running.under_way
        done, count = len(running.stored), len(running.tasks)
        if running.at_once is not None and count > 1:
            return self._which_of_many(running.seconds_left, done, count)
        if (len(under_way) == 1 and len(running.tasks) - done == 1) or not any(
            each.together for each in under_way
        ):
            run = under_way[0].run_id if under_way else running.tasks[-1].run_id
            return t("generation.which", run=run, number=min(done + 1, count), count=count)
        return t("generation.which_together", done=done, count=count)

    def _which_of_many(self, left: float | None, done: int, count: int) -> str:
        if left is None:
            return self.page.t("batch.under_way", done=done, count=count)
        minutes = number(max(1, round(left / 60)), self.page.language)
        return self.page.t("batch.under_way_left", done=done, count=count, minutes=minutes)

    def _preview(self, running: Running) -> str:
        """The picture being drawn, as far as it is; of several, the first."""
        preview = running.preview
        if preview is None or self.upon is None:
            return ""
        run_id = running.under_way[0].run_id if running.under_way else ""
        cell = self.runs.index(run_id) if run_id in self.runs else 0
        url = _data_url(preview)
        return self.upon.draw(url, self.page.t("generation.preview"), cell, max(len(self.runs), 1))

    def _idle(self, status: str) -> list[Any]:
        import gradio as gr

        return [
            status,
            "",
            *("" for _ in (*self.besides, *self.preview)),
            gr.update(interactive=False),
            None,
            *(gr.update(interactive=True) for _ in self.buttons),
        ]

    def _progress(self, running: Running, which: str) -> str:
        """A bar with steps and time left."""
        t, event = self.page.t, running.event
        value = Markup("")
        match event:
            case Queued(remaining=None):
                words = t("generation.queued", position=event.position)
            case Queued():
                left = number(round(event.remaining or 0), t.language)
                words = t("generation.queued_until", position=event.position, left=left)
            case Unreachable():
                words = t("generation.unreachable")
            case Smaller():
                words = self._smaller_words("", event)
            case Loading():
                words = t("generation.loading", model=event.model)
            case Preparing():
                words = t("adapt.preparing", done=event.done, parts=event.parts)
                value = Markup(' value="{}" max="{}"').format(event.done, event.parts)
            case Taught():
                left = number(round(event.remaining), t.language)
                loss = decimal(f"{event.loss:.4f}", t.language)
                words = t("adapt.step", step=event.step, steps=event.steps, loss=loss, seconds=left)
                value = Markup(' value="{}" max="{}"').format(event.step, event.steps)
            case Learning():
                words = t(
                    "dataset.step",
                    round=event.step,
                    rounds=event.steps,
                    loss=decimal(f"{event.loss:.3f}", t.language),
                    right=percent(t, event.right),
                    seconds=number(round(event.remaining), t.language),
                )
                value = Markup(' value="{}" max="{}"').format(event.step, event.steps)
            case Step():
                left = number(round(event.remaining, 1 if event.remaining < 10 else 0), t.language)
                words = t("generation.step", step=event.step, steps=event.steps, left=left)
                value = Markup(' value="{}" max="{}"').format(event.step, event.steps)
            case Done() | PictureSaved():
                words = t("generation.saving")
            case Waiting():
                words = t("api.waiting")
            case Trying():
                words = t("api.trying", provider=event.provider, model=event.model)
            case Retrying():
                again = number(round(event.seconds, 1), t.language)
                why = api_words.failure_words(t, event.reason)
                words = t("api.retrying", provider=event.provider, reason=why, seconds=again)
            case Piece():
                words = t("api.answering")
            case RoundBegun():
                words = t("pipeline.under_way", number=event.number, count=event.most)
            case MovedOn():
                why = api_words.failure_words(t, event.tried.reason)
                words = t("api.moved_on", provider=event.tried.provider, reason=why)
            case CodeRunning():
                words = t("own_code.running", seconds=round(event.seconds))
            case CodeWaiting():
                words = t("own_code.waiting")
            case _:
                words = t("generation.starting")
        if any(task.run_id in running.restarted for task in running.under_way):
            words = f"{words} – {t('generation.restarted')}"
        return _bar(which, value, words)

    def _ended(self, running: Running) -> str:
        t, event = self.page.t, running.event
        match event:
            case PictureSaved():
                saved = [each for each in running.stored if isinstance(each, PictureSaved)]
                seconds = sum(each.record.manifest.seconds for each in saved)
                key = "generation.saved" if len(saved) == 1 else "generation.saved_all"
                said = t(
                    key,
                    count=len(saved),
                    seconds=number(round(seconds, 1), t.language),
                    file=event.record.image_path.name,
                )
                return markup.status(said) + self._smaller(running) + self._alerts(running)
            case AnswerSaved():
                answers = [each.analysis for each in running.stored if isinstance(each, AnswerSaved)]
                said = t(
                    "api.noted" if len(answers) == 1 else "api.noted_all",
                    count=len(answers),
                    provider=event.analysis.provider,
                    model=event.analysis.model,
                    seconds=number(round(sum(answer.seconds for answer in answers), 1), t.language),
                    cost=api_words.cost(t, event.analysis.cost, cached=event.analysis.cached),
                )
                return markup.status(said) + self._alerts(running)
            case AdaptersSaved(cards=cards):
                files = ", ".join(card.file for card in cards)
                return markup.status(t("adapt.kept", files=files))
            case ClassifierSaved(card=card):
                share = percent(t, share_right(card.on_composed))
                took = number(round(card.seconds, 1), t.language)
                said = t("dataset.kept", file=card.file, share=share, seconds=took)
                return markup.status(said)
            case RoundsDone(rounds=rounds, why=why):
                took = number(round(sum(each.seconds for each in rounds), 1), t.language)
                said = t(f"pipeline.{why}", count=len(rounds), seconds=took)
                return markup.status(said) + self._alerts(running)
            case Cancelled():
                return markup.status(t("generation.stopped", saved=len(running.stored)))
            case Failed():
                return markup.status(event.text(self.page.language), bad=True)
            case UserError():
                return markup.status(event.in_language(self.page.language), bad=True)
        return markup.status("")

    def _smaller(self, running: Running) -> Markup:
        """Which pictures were drawn smaller than asked for, since memory ran out."""
        notes = [self._smaller_words(run, event) for run, event in running.smaller.items()]
        return Markup("").join(markup.note(note) for note in notes)

    def _smaller_words(self, run: str, event: Smaller) -> str:
        t = self.page.t
        key = "generation.smaller_done" if run else "generation.smaller"
        return t(key, run=run, width=event.width, height=event.height, steps=event.steps)

    def _alerts(self, running: Running) -> Markup:
        """Budgets that have reached a level with what was just done, each once."""
        alerts = [alert for each in running.stored for alert in each.alerts]
        return Markup("").join(
            markup.note(self.page.t(f"provider.alert.{alert.budget}", percent=alert.percent))
            for alert in dict.fromkeys(alerts)
        )

    def _stop(self, running_id: str | None) -> None:
        running = self.lab.runs.find(running_id)
        if running is not None:
            running.stop()


def _bar(which: str, value: Markup, words: str) -> Markup:
    """A bar without a `value` says only that something goes on."""
    return Markup('<div class="progress"><progress aria-label="{}"{}></progress><p>{}</p></div>').format(
        which, value, words
    )


def _skip(shown: Sequence[Any]) -> list[Any]:
    """The points and `shown` stay as they are."""
    import gradio as gr

    return [gr.skip() for _ in range(1 + len(shown))]


def _data_url(picture: Image.Image) -> str:
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
