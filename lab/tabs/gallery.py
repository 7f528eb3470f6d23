"""Gallery: everything made so far, by filters and pages; then the chosen picture, two compared, and the bin.

One value rules the tab: the stem of the chosen picture, kept in a list that works by keyboard as
well as a click on the picture does. Everything else is read from disk by it.
"""

from typing import Any

from lab import browse
from lab.browse import Filters
from lab.context import Lab
from lab.page import QUIET, Page
from lab.tabs import comparison, details, wastebin

ANY = ""  # the choice that filters nothing
NAMES = ("exercise", "run", "mode", "scheduler")  # filters by a value that occurs


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    with page.tab("gallery", page.t("gallery.title")):
        gr.Markdown(page.t("gallery.introduction"))
        chosen = _shelf(lab, page)
        details.build(lab, page, chosen)
        comparison.build(lab, page, chosen)
        wastebin.build(lab, page)


def _shelf(lab: Lab, page: Page) -> Any:
    """Filters, the pictures of one page, and the list in which one is chosen: that list is returned."""
    import gradio as gr

    t = page.t
    with gr.Accordion(t("gallery.filters"), open=False, elem_id="gallery-filters"):
        with gr.Row():
            named = [
                gr.Dropdown([(t("gallery.any"), ANY)], value=ANY, label=t(f"gallery.{name}"), min_width=150)
                for name in NAMES
            ]
        with gr.Row():
            seed = gr.Number(None, label=t("gallery.seed"), precision=0, minimum=0, min_width=150)
            text = gr.Textbox(label=t("gallery.text"), max_length=200, min_width=150)
            order = gr.Radio(
                [(t("gallery.newest_first"), False), (t("gallery.oldest_first"), True)],
                value=False,
                label=t("gallery.order"),
                min_width=150,
            )
    gallery = gr.Gallery(
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
    chosen = gr.Dropdown(label=t("gallery.chosen"), elem_id="gallery-chosen")
    number = gr.State(1)
    stems = gr.State([])
    controls = [*named, seed, text, order]

    def show(*values: Any) -> dict[Any, Any]:
        *asked, wanted, stem = values
        records = lab.store().records()
        there = browse.choices(records)
        kept = {
            name: value if value in there[name] else ANY for name, value in zip(NAMES, asked, strict=False)
        }
        filters = Filters(
            **{k: v or None for k, v in kept.items()}, seed=asked[4], text=asked[5], oldest_first=asked[6]
        )
        found = browse.page(browse.select(records, filters), wanted)
        names = [record.stem for record in found.items]
        pick = stem if stem in names else next(iter(names), None)
        return {
            **{
                box: gr.Dropdown(
                    [(t("gallery.any"), ANY), *_named(page, name, there[name])], value=kept[name]
                )
                for box, name in zip(named, NAMES, strict=True)
            },
            gallery: gr.Gallery(
                [(str(record.image_path), browse.caption(record)) for record in found.items],
                selected_index=names.index(pick) if pick else None,
            ),
            previous: gr.Button(interactive=found.number > 1),
            following: gr.Button(interactive=found.number < found.pages),
            where: t("gallery.where", number=found.number, pages=found.pages, total=found.total),
            chosen: gr.Dropdown([(browse.caption(r), r.stem) for r in found.items], value=pick),
            number: found.number,
            stems: names,
        }

    inputs = [*controls, number, chosen]
    outputs = [*named, gallery, previous, following, where, chosen, number, stems]
    page.refresh(show, outputs, inputs)
    gr.on(
        [*(box.input for box in named), seed.change, text.change, order.input],
        lambda *values: show(*values[:-2], 1, values[-1]),
        inputs,
        outputs,
        trigger_mode="always_last",
        **QUIET,
    )
    for button, step in ((previous, -1), (following, 1)):
        button.click(lambda *v, step=step: show(*v[:-2], v[-2] + step, v[-1]), inputs, outputs, **QUIET)

    def pick(names: list[str], event: gr.SelectData) -> str | None:
        return names[event.index] if event.index < len(names) else None

    gallery.select(pick, stems, chosen, **QUIET)
    return chosen


def _named(page: Page, name: str, values: list[str]) -> list[tuple[str, str]]:
    """The values of a filter with the words people know them by."""
    return [(_words(page, name, value), value) for value in values]


def _words(page: Page, name: str, value: str) -> str:
    if name == "mode":
        return page.t(f"gallery.{value}")
    exercise = page.lab.assignment.exercise(value) if name == "exercise" else None
    return exercise.title(page.language) if exercise else value
