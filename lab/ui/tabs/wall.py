"""The class's wall: pictures that students show to all, votes, and what others make of them.

Only below a gateway, which keeps it. Nothing here is read by a check.
"""

import time
from typing import Any

from exercises.errors import UserError
from lab.records import gallery
from lab.session.lab import Lab
from lab.session.wall import WallError
from lab.ui.choice import choice
from lab.ui.error_text import error_text
from lab.ui.html import markup
from lab.ui.html import wall as html
from lab.ui.page import LASTING, QUIET, Page
from manifests.wall import Wall, Work

TAB = "class-wall"  # no exercise can have this id, for none has a dash
ORDERS = ("newest", "most_votes", "mine")
EACH = 24  # works on a page
FAME = 3  # votes at least, for the hall of fame
DONE = {"vote", "unvote", "take_down", "hide", "unhide"}


def build(lab: Lab, page: Page) -> None:
    if lab.settings.gateway is not None:
        with page.tab(TAB, page.t("wall.title")):
            _Tab(lab, page)


class _Tab:
    def __init__(self, lab: Lab, page: Page) -> None:
        import gradio as gr

        self.lab, self.page = lab, page
        t = page.t
        gr.HTML(markup.title(t("wall.title")))
        gr.HTML(markup.hint(t("wall.introduction")))
        with gr.Row(elem_classes="choosing"):
            order = gr.Radio(
                [(t(f"wall.{name}"), name) for name in ORDERS],
                value=ORDERS[0],
                label=t("wall.order"),
                elem_id="wall-order",
                min_width=280,
            )
            again = gr.Button(t("wall.again"), size="sm", min_width=120, scale=0)
        said = page.message("wall-said")
        shown = gr.HTML(elem_id="wall-works", js_on_load=html.LISTEN.format(studio=page.studio))
        with gr.Row(elem_classes="paging"):
            previous = gr.Button(t("gallery.previous_page"), size="sm", min_width=90)
            where = gr.HTML(elem_id="wall-where")
            following = gr.Button(t("gallery.next_page"), size="sm", min_width=90)
        number = gr.State(1)
        outputs = [shown, where, previous, following, number]
        for event in (order.input, again.click):
            event(lambda chosen: self._show(chosen, 1), order, outputs, **QUIET)
        for button, step in ((previous, -1), (following, 1)):
            button.click(
                lambda chosen, current, step=step: self._show(chosen, current + step),
                [order, number],
                outputs,
                **QUIET,
            )
        page.refresh(self._show, outputs, [order, number])

        # A state that the Studio reads is told through the queue only.
        def act(event: gr.EventData) -> list[Any]:
            return self._act(event._data if isinstance(event._data, dict) else {})

        acted = shown.select(act, None, [said, page.parameters, page.tabs], **LASTING)
        acted.then(self._show, [order, number], outputs, **QUIET)
        acted.then(None, js=html.REMIXED.format(studio=page.studio))
        self._build_form(said, [order, number], outputs)

    def _build_form(self, said: Any, inputs: list[Any], outputs: list[Any]) -> None:
        """Show one of one's own, by consent."""
        import gradio as gr

        t = self.page.t
        with gr.Accordion(t("wall.show_one"), open=False, elem_id="wall-form"), gr.Row():
            with gr.Column(min_width=280):
                stem = choice(label=t("wall.picture"), choices=[], elem_id="wall-picture")
                title = gr.Textbox(label=t("wall.work_title"), max_length=80, elem_id="wall-title")
                name = gr.Textbox(
                    label=t("wall.shown_as"),
                    info=t("wall.shown_as_info"),
                    max_length=60,
                    elem_id="wall-shown-as",
                )
                origin = choice(label=t("wall.origin"), choices=[], value="", elem_id="wall-origin")
                consent = gr.Checkbox(label=t("wall.consent"), elem_id="wall-consent")
                button = gr.Button(t("wall.show"), variant="primary", elem_id="wall-show")
            preview = gr.HTML(elem_id="wall-preview")
        self.page.refresh(self._choices, [stem, origin], [stem])
        stem.change(self._chosen, stem, [preview, origin], **QUIET)
        event = button.click(
            self._put_up,
            [stem, title, name, origin, consent],
            [said, title, consent],
            api_visibility="private",
            concurrency_limit=1,
        )
        event.then(self._show, inputs, outputs, **QUIET)

    def _show(self, order: str, number: int) -> list[Any]:
        """The works of a page, where one is, and the ways to the others."""
        import gradio as gr

        t = self.page.t
        try:
            wall = self.lab.wall.wall()
        except WallError as error:
            told = markup.status(error_text(error, self.page.language), bad=True)
            return [told, "", gr.Button(interactive=False), gr.Button(interactive=False), number]
        self.lab.wall.forget(wall)
        found = gallery.page(ordered(wall, order), number, EACH)
        return [
            html.cards(t, found.items, self._url, wall.teaches, bool(self.page.studio))
            if found.items
            else html.none_yet(t, order == "mine"),
            t("gallery.where", number=found.number, pages=found.pages, total=found.total)
            if found.items
            else "",
            gr.Button(interactive=found.number > 1),
            gr.Button(interactive=found.number < found.pages),
            found.number,
        ]

    def _url(self, work: Work) -> str | None:
        path = self.lab.wall.picture(work)
        return self.page.file_url(path) if path else None

    def _act(self, told: dict[str, Any]) -> list[Any]:
        """What was pressed on a card, as the browser tells it."""
        import gradio as gr

        wanted, action = told.get("work"), told.get("do")
        try:
            wall = self.lab.wall.wall()
            work = next((each for each in wall.works if each.id == wanted), None)
            if work is None:
                raise WallError("wall.no_work")
            if action == "remix" and self.page.studio:
                values = self.lab.wall.take_over(work)
                return [
                    markup.status(self.page.t("wall.remixing", title=work.title)),
                    (values, time.time()),
                    gr.Tabs(selected=self.page.studio),
                ]
            if action in DONE:
                self._do(str(action), work.id)
                return [
                    markup.status(self.page.t(f"wall.{action}_done", title=work.title)),
                    gr.skip(),
                    gr.skip(),
                ]
        except (UserError, OSError) as error:
            return [markup.status(error_text(error, self.page.language), bad=True), gr.skip(), gr.skip()]
        return [gr.skip(), gr.skip(), gr.skip()]

    def _do(self, action: str, work: str) -> None:
        wall = self.lab.wall
        match action:
            case "vote" | "unvote":
                wall.vote(work, wanted=action == "vote")
            case "take_down":
                wall.take_down(work)
            case _:
                wall.hide(work, hidden=action == "hide")

    def _choices(self, stem: str | None) -> tuple[Any, Any]:
        """One's own pictures, and what one has taken over from the wall."""
        import gradio as gr

        records = gallery.select(self.lab.store().records(), gallery.Filters())
        names = [record.stem for record in records]
        taken = [(each.title, each.id) for each in self.lab.wall.taken_over()]
        own = [(gallery.caption(record), record.stem) for record in records]
        return (
            gr.update(choices=own, value=stem if stem in names else None),
            gr.update(choices=[(self.page.t("wall.no_origin"), ""), *taken]),
        )

    def _chosen(self, stem: str | None) -> tuple[str, str]:
        """The picture, and the work it seems to be a remix of: one whose prompt it has."""
        record = self.lab.store().find(stem) if stem else None
        if record is None:
            return "", ""
        prompt = record.manifest.request.prompt
        origin = next((each.id for each in self.lab.wall.taken_over() if each.prompt == prompt), "")
        return html.preview(self.page.file_url(record.image_path), gallery.caption(record)), origin

    def _put_up(self, stem: str | None, title: str, name: str, origin: str, consent: bool) -> tuple[Any, ...]:
        import gradio as gr

        t, skip = self.page.t, (gr.skip(), gr.skip())
        record = self.lab.store().find(stem) if stem else None
        if record is None or not title.strip():
            return markup.status(t("wall.incomplete"), bad=True), *skip
        if not consent:
            return markup.status(t("wall.no_consent"), bad=True), *skip
        try:
            self.lab.wall.show(record, title, name, origin)
        except (UserError, OSError) as error:
            return markup.status(error_text(error, self.page.language), bad=True), *skip
        return markup.status(t("wall.shown", title=title.strip())), "", False


def ordered(wall: Wall, order: str) -> list[Work]:
    """The works in that order; the hall of fame has those with FAME votes at least, the most liked first."""
    if order == "mine":
        return [work for work in wall.works if work.mine]
    if order == "most_votes":
        liked = [work for work in wall.works if work.votes >= FAME]
        return sorted(liked, key=lambda work: work.votes, reverse=True)
    return list(wall.works)
