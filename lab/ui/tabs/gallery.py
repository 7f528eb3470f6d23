"""Gallery: everything made so far, by filters and pages, the chosen picture beside it; two compared, the bin.

One value rules the tab: the stem of the chosen picture, kept in a list that works by keyboard as well as a
press on the picture does. Everything else is read from disk by it. Pictures that are ticked are in
`selection`; they stay ticked from page to page.
"""

from collections.abc import Callable
from functools import partial
from operator import add
from typing import Any

from markupsafe import Markup

from exercises.errors import UserError
from lab.records import favourites, gallery
from lab.records.gallery import Filters
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.error_text import error_text
from lab.ui.html import markup, shelf
from lab.ui.html.adherence import badge
from lab.ui.page import LASTING, QUIET, Page
from lab.ui.tabs import details, reader, side_by_side, wastebin
from lab.ui.tabs.selection import Selection
from manifests.store import Record

ANY = ""  # the choice that filters nothing
NAMES = ("exercise", "run", "mode", "scheduler")  # filters by a value that occurs


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    with page.tab("gallery", page.t("gallery.title")):
        gr.HTML(markup.title(page.t("gallery.title")), elem_classes="gallery-title")
        selection = Selection(lab, page)
        with gr.Row(elem_classes="bench gallery"):
            with gr.Column(min_width=300, scale=3):
                chosen, refresh = _shelf(lab, page, selection)
            with gr.Column(min_width=300, scale=2, elem_classes="beside"):
                details.build(lab, page, chosen)
        side_by_side.build(lab, page, chosen, selection)
        wastebin.build(lab, page)
        if not page.studio:
            reader.build(lab, page)
        with gr.Accordion(page.t("gallery.about"), open=False):
            gr.Markdown(page.t("gallery.introduction"))
        selection.clears(refresh)


def _shelf(lab: Lab, page: Page, selection: Selection) -> tuple[Any, Callable[[Any], None]]:
    """Filters, the pictures of one page, the list in which one is chosen, and what is done with the ticked.

    Returned are that list, and a function after whose event the shelf is shown anew.
    """
    import gradio as gr

    t = page.t
    with gr.Accordion(t("gallery.filters"), open=False, elem_id="gallery-filters"):
        with gr.Row():
            named = [
                choice(
                    choices=[(t("gallery.any"), ANY)], value=ANY, label=t(f"gallery.{name}"), min_width=120
                )
                for name in NAMES
            ]
        with gr.Row():
            seed = gr.Textbox("", label=t("gallery.seed"), max_length=10, min_width=120)
            text = gr.Textbox("", label=t("gallery.text"), max_length=200, min_width=120)
            order = gr.Radio(
                [(t("gallery.newest_first"), False), (t("gallery.oldest_first"), True)],
                value=False,
                label=t("gallery.order"),
                min_width=150,
            )
            liked = gr.Checkbox(label=t("gallery.only_favourites"), min_width=120)
    pictures = gr.HTML(elem_id="gallery-pictures", js_on_load=shelf.LISTEN)
    with gr.Row(elem_classes="paging"):
        previous = gr.Button(t("gallery.previous_page"), size="sm", min_width=90)
        where = gr.HTML(elem_id="gallery-where")
        following = gr.Button(t("gallery.next_page"), size="sm", min_width=90)
    with gr.Row(elem_classes="chosen-picture"):
        gr.HTML(Markup('<span aria-hidden="true">{}</span>').format(t("gallery.chosen")))
        chosen = choice(
            label=t("gallery.chosen"), show_label=False, container=False, elem_id="gallery-chosen"
        )
    selection.render()
    number = gr.State(1)
    stems = selection.on_page
    controls = [*named, seed, text, order, liked]

    def show(*values: Any, turn: Callable[[int], int] = lambda number: number) -> dict[Any, Any]:
        *wanted, seed_asked, words, oldest, only, current, stem, before, ticked = values
        records = lab.store().records()
        there, marked = gallery.choices(records), favourites.favourites(lab.folder)
        kept = {name: value for name, value in zip(NAMES, wanted, strict=True) if value in there[name]}
        filters = Filters(
            **kept, seed=seed_asked, text=words, oldest_first=oldest, among=marked if only else None
        )
        found = gallery.page(gallery.select(records, filters), turn(current))
        names = [record.stem for record in found.items]
        pick = successor(stem, before, names)
        selection.keep(ticked, {record.stem for record in records})
        return {
            **{
                box: gr.Dropdown(
                    [(t("gallery.any"), ANY), *_named(page, name, there[name])], value=kept.get(name, ANY)
                )
                for box, name in zip(named, NAMES, strict=True)
            },
            pictures: shelf.shelf(t, [item(page, r) for r in found.items], pick, ticked, marked)
            if found.items
            else markup.hint(t("gallery.none_fits" if records else "gallery.none_yet")),
            previous: gr.Button(interactive=found.number > 1),
            following: gr.Button(interactive=found.number < found.pages),
            where: t("gallery.where", number=found.number, pages=found.pages, total=found.total),
            chosen: gr.Dropdown([(gallery.caption(r), r.stem) for r in found.items], value=pick),
            number: found.number,
            stems: names,
            **selection.shown(ticked),
        }

    inputs = [*controls, number, chosen, stems, selection.ticked]
    outputs = [
        *named, pictures, previous, following, where, chosen, number, stems, *selection.outputs
    ]  # fmt: skip
    page.refresh(show, outputs, inputs)
    gr.on(
        [*(box.input for box in named), seed.change, text.change, order.input, liked.input],
        partial(show, turn=lambda _: 1),
        inputs,
        outputs,
        trigger_mode="always_last",
        **QUIET,
    )
    for button, step in ((previous, -1), (following, 1)):
        button.click(partial(show, turn=partial(add, step)), inputs, outputs, **QUIET)

    def pick(names: list[str], event: gr.EventData) -> Any:
        stem = _told(event, "stem")
        return stem if stem in names else gr.skip()

    pictures.select(pick, stems, chosen, **QUIET)
    chosen.change(None, chosen, js=shelf.MARK)

    def tick(ticked: dict[str, None], event: gr.EventData) -> list[Any]:
        stem, on = _told(event, "stem"), _told(event, "on") is True
        if not isinstance(stem, str) or lab.store().find(stem) is None:
            return [gr.skip() for _ in selection.outputs]
        if _told(event, "box") == "favourite":
            return selection.says(_marked(lab, page, stem, on))
        selection.tick(ticked, stem, on=on)
        return list(selection.shown(ticked).values())

    # in their order: the answer to an earlier tick, come late, would take back what two allow
    in_turn = LASTING | {"concurrency_limit": 1, "trigger_mode": "multiple"}
    pictures.input(tick, selection.ticked, selection.outputs, **in_turn)
    return chosen, lambda event: event.then(show, inputs, outputs, **QUIET)


def _told(event: Any, name: str) -> object:
    """What the browser said of an event: anything at all."""
    data = event._data
    return data.get(name) if isinstance(data, dict) else None


def _marked(lab: Lab, page: Page, stem: str, wanted: bool) -> str:
    """What became of marking a favourite."""
    try:
        favourites.mark(lab.folder, stem, wanted=wanted)
    except (UserError, OSError) as error:
        reason = error_text(error, page.language)
        return markup.status(page.t("gallery.not_marked", reason=reason), bad=True)
    return markup.status(page.t("gallery.marked" if wanted else "gallery.unmarked", name=stem))


def item(page: Page, record: Record) -> shelf.Item:
    """A record on the shelf: which it is, what was asked, and the machine's opinion where there is one."""
    words = gallery.words(record)
    return shelf.Item(record.stem, page.file_url(record.image_path), words, badge(page.t, record.manifest))


def successor(stem: str | None, before: list[str], now: list[str]) -> str | None:
    """The chosen picture while it is there; else the one that took its place."""
    if stem in now:
        return stem
    place = before.index(stem) if stem in before else 0
    return now[min(place, len(now) - 1)] if now else None


def _named(page: Page, name: str, values: list[str]) -> list[tuple[str, str]]:
    """The values of a filter with the words people know them by."""
    return [(_words(page, name, value), value) for value in values]


def _words(page: Page, name: str, value: str) -> str:
    if name == "mode":
        return page.t(f"gallery.{value}")
    exercise = page.lab.assignment.exercise(value) if name == "exercise" else None
    return exercise.title(page.language) if exercise else value
