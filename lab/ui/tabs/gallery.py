"""Gallery: everything made so far, by filters and pages; then the chosen picture, two compared, and the bin.

One value rules the tab: the stem of the chosen picture, kept in a list that works by keyboard as
well as a click on the picture does. Everything else is read from disk by it.
"""

from collections.abc import Callable
from functools import partial
from operator import add
from typing import Any

from lab.records import gallery
from lab.records.gallery import Filters
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html.adherence import badge
from lab.ui.page import QUIET, Page
from lab.ui.tabs import details, side_by_side, wastebin
from manifests.store import Record

# Gradio names its buttons "Thumbnail 1 of 12"; their captions say what a screen reader should.
NAME_PICTURES = """() => setTimeout(() => {
    for (const button of document.querySelectorAll("#gallery-pictures button.thumbnail-item"))
        button.setAttribute("aria-label", button.querySelector(".caption-label")?.textContent.trim() ?? "");
}, 100)"""
ANY = ""  # the choice that filters nothing
NAMES = ("exercise", "run", "mode", "scheduler")  # filters by a value that occurs


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    with page.tab("gallery", page.t("gallery.title")):
        gr.Markdown(page.t("gallery.introduction"))
        chosen = _shelf(lab, page)
        details.build(lab, page, chosen)
        side_by_side.build(lab, page, chosen)
        wastebin.build(lab, page)


def _shelf(lab: Lab, page: Page) -> Any:
    """Filters, the pictures of one page, and the list in which one is chosen: that list is returned."""
    import gradio as gr

    t = page.t
    with gr.Accordion(t("gallery.filters"), open=False, elem_id="gallery-filters"):
        with gr.Row():
            named = [
                choice(
                    choices=[(t("gallery.any"), ANY)], value=ANY, label=t(f"gallery.{name}"), min_width=150
                )
                for name in NAMES
            ]
        with gr.Row():
            seed = gr.Textbox("", label=t("gallery.seed"), max_length=10, min_width=150)
            text = gr.Textbox("", label=t("gallery.text"), max_length=200, min_width=150)
            order = gr.Radio(
                [(t("gallery.newest_first"), False), (t("gallery.oldest_first"), True)],
                value=False,
                label=t("gallery.order"),
                min_width=150,
            )
    pictures = gr.Gallery(
        label=t("gallery.pictures"),
        columns=6,
        height="auto",
        object_fit="contain",
        allow_preview=False,
        interactive=False,
        elem_id="gallery-pictures",
    )
    with gr.Row(elem_classes="paging"):
        previous = gr.Button(t("gallery.previous_page"), size="sm", min_width=100)
        where = gr.HTML(elem_id="gallery-where")
        following = gr.Button(t("gallery.next_page"), size="sm", min_width=100)
    chosen = choice(label=t("gallery.chosen"), elem_id="gallery-chosen")
    number = gr.State(1)
    stems = gr.State([])
    controls = [*named, seed, text, order]

    def show(*values: Any, turn: Callable[[int], int] = lambda number: number) -> dict[Any, Any]:
        *wanted, seed_asked, words, oldest, current, stem, before = values
        records = lab.store().records()
        there = gallery.choices(records)
        kept = {name: value for name, value in zip(NAMES, wanted, strict=True) if value in there[name]}
        filters = Filters(**kept, seed=seed_asked, text=words, oldest_first=oldest)
        found = gallery.page(gallery.select(records, filters), turn(current))
        names = [record.stem for record in found.items]
        pick = successor(stem, before, names)
        return {
            **{
                box: gr.Dropdown(
                    [(t("gallery.any"), ANY), *_named(page, name, there[name])], value=kept.get(name, ANY)
                )
                for box, name in zip(named, NAMES, strict=True)
            },
            pictures: gr.Gallery(
                [(str(record.image_path), _label(page, record)) for record in found.items],
                selected_index=names.index(pick) if pick else None,
            ),
            previous: gr.Button(interactive=found.number > 1),
            following: gr.Button(interactive=found.number < found.pages),
            where: t("gallery.where", number=found.number, pages=found.pages, total=found.total),
            chosen: gr.Dropdown([(gallery.caption(r), r.stem) for r in found.items], value=pick),
            number: found.number,
            stems: names,
        }

    inputs = [*controls, number, chosen, stems]
    outputs = [*named, pictures, previous, following, where, chosen, number, stems]
    page.refresh(show, outputs, inputs)
    gr.on(
        [*(box.input for box in named), seed.change, text.change, order.input],
        partial(show, turn=lambda _: 1),
        inputs,
        outputs,
        trigger_mode="always_last",
        **QUIET,
    )
    for button, step in ((previous, -1), (following, 1)):
        button.click(partial(show, turn=partial(add, step)), inputs, outputs, **QUIET)

    def pick(names: list[str], event: gr.SelectData) -> str | None:
        return names[event.index] if event.index < len(names) else None

    pictures.select(pick, stems, chosen, **QUIET)
    pictures.change(None, js=NAME_PICTURES)
    return chosen


def successor(stem: str | None, before: list[str], now: list[str]) -> str | None:
    """The chosen picture while it is there; else the one that took its place."""
    if stem in now:
        return stem
    place = before.index(stem) if stem in before else 0
    return now[min(place, len(now) - 1)] if now else None


def _label(page: Page, record: Record) -> str:
    """What stands on a picture, in lines: which it is, and the machine's opinion where there is one."""
    return "\n".join(filter(None, [gallery.caption(record), badge(page.t, record.manifest)]))


def _named(page: Page, name: str, values: list[str]) -> list[tuple[str, str]]:
    """The values of a filter with the words people know them by."""
    return [(_words(page, name, value), value) for value in values]


def _words(page: Page, name: str, value: str) -> str:
    if name == "mode":
        return page.t(f"gallery.{value}")
    exercise = page.lab.assignment.exercise(value) if name == "exercise" else None
    return exercise.title(page.language) if exercise else value
