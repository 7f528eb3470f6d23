"""Two pictures compared: side by side, the parameters that differ, and the difference of their pixels."""

from difflib import SequenceMatcher
from functools import partial
from typing import Any

from markupsafe import Markup

from exercises.errors import UserError
from exercises.i18n import number
from lab.records import gallery
from lab.records.compare import Difference, PixelDifference, differences, pixel_difference
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.error_text import error_text
from lab.ui.html import markup, stage
from lab.ui.html import picture as facts
from lab.ui.page import QUIET, Page
from lab.ui.tabs.result import shown_record
from lab.ui.tabs.selection import Selection
from manifests.comparing import IDENTICAL
from manifests.pictures import open_picture
from manifests.store import Record

SHOW = """() => setTimeout(() => document.getElementById("gallery-compare").scrollIntoView(), 300)"""


def build(lab: Lab, page: Page, chosen: Any, selection: Selection | None = None) -> None:
    """`chosen` is the component whose value is the stem of the first of the two.

    Two that are ticked in the gallery (`selection`) come here by their button.
    """
    import gradio as gr

    t = page.t
    with gr.Accordion(t("compare.title"), open=False, elem_id="gallery-compare") as whole:
        with gr.Row(equal_height=False):
            other = choice(label=t("compare.other"), elem_id="compare-other", min_width=260, scale=2)
            amplify = gr.Slider(1, 50, value=5, step=1, label=t("compare.amplify"), min_width=260)
        said = page.message("compare-numbers")
        with gr.Column(elem_classes="bench stage"):
            slider = gr.HTML(elem_id="compare-slider", elem_classes="shown")
        with gr.Row():
            left, right, apart = (
                gr.Image(
                    type="filepath",
                    format="png",
                    interactive=False,
                    label=t(f"compare.{name}"),
                    buttons=["fullscreen"],
                    elem_classes="picture",
                    min_width=220,
                    visible=False,
                )
                for name in ("left", "right", "apart")
            )
        table = gr.HTML(elem_id="compare-parameters")

    def offer(stem: str | None, before: str | None) -> Any:
        """The pictures to compare the first with: none before there is a first.

        All of them before and one fewer afterwards would be a list that gets shorter while it may be open,
        and on that Gradio's Dropdown (6.31) fails: it draws options by their old numbers.
        """
        if stem is None:
            return gr.Dropdown([])
        records = [r for r in gallery.select(lab.store().records(), gallery.Filters()) if r.stem != stem]
        choices = [(gallery.caption(r), r.stem) for r in records]
        if before is None or before in {record.stem for record in records}:
            return gr.Dropdown(choices)  # what is chosen by the time the answer comes stays chosen
        return gr.Dropdown(choices, value=None)

    def show(first: str | None, second: str | None, factor: float) -> dict[Any, Any]:
        records = lab.store().records()
        ours, theirs = (gallery.find(records, stem) for stem in (first, second))
        if ours is None or theirs is None:
            hidden = {box: gr.Image(None, visible=False) for box in (left, right, apart)}
            return {**hidden, table: "", slider: "", said: markup.status(t("compare.choose"))}
        try:
            pictures = [open_picture(record.image_path.read_bytes()) for record in (ours, theirs)]
        except (UserError, OSError) as error:
            return {
                said: markup.status(
                    t("compare.unreadable", reason=error_text(error, page.language)), bad=True
                ),
                table: "",
            }
        found = pixel_difference(pictures[0], pictures[1], amplify=factor)
        return {
            **{
                box: gr.Image(
                    str(record.image_path),
                    visible=True,
                    label=record.stem,
                    alt_text=facts.alt_text(t, record.manifest),
                )
                for box, record in ((left, ours), (right, theirs))
            },
            slider: stage.before_after(
                t,
                *(shown_record(page, record, record.stem) for record in (theirs, ours)),
                difference=False,
            ),
            apart: gr.Image(
                found.picture if found else None, visible=found is not None, alt_text=t("compare.apart_alt")
            ),
            said: markup.status(_numbers(page, found)),
            table: changes(page, ours, theirs),
        }

    chosen.change(offer, [chosen, other], other, **QUIET)
    page.refresh(offer, other, [chosen, other])
    gr.on(
        [chosen.change, other.change, amplify.release],
        show,
        [chosen, other, amplify],
        [left, right, apart, said, table, slider],
        trigger_mode="always_last",
        **QUIET,
    )
    if selection is not None:
        selection.two.click(
            partial(_ticked, lab), [selection.ticked, selection.on_page], [chosen, other, whole], **QUIET
        ).then(None, js=SHOW)


def _ticked(lab: Lab, ticked: dict[str, None], on_page: list[str]) -> list[Any]:
    """The two that are ticked, the first one first, for the two lists and the accordion."""
    import gradio as gr

    first, second, *_ = [*ticked, None, None]
    records = {record.stem: record for record in lab.store().records()}
    if first not in records or second not in records:
        return [gr.skip() for _ in range(3)]
    theirs = [(gallery.caption(r), r.stem) for r in records.values() if r.stem != first]
    ours = [(gallery.caption(records[s]), s) for s in dict.fromkeys([*on_page, first]) if s in records]
    return [gr.Dropdown(ours, value=first), gr.Dropdown(theirs, value=second), gr.Accordion(open=True)]


def changes(page: Page, left: Record, right: Record) -> str:
    """The parameters in which two pictures differ, the parts of the prompt that differ marked."""
    t = page.t
    found = differences(left.manifest, right.manifest)
    if not found:
        return Markup("<p>{}</p>").format(t("compare.no_parameter"))
    header = (t("gallery.field"), left.stem, right.stem)
    rows = [(t(f"field.{change.field}"), *_marked(change)) for change in found]
    return markup.table(header, rows, t("compare.parameters"))


def _marked(change: Difference) -> tuple[Markup, Markup]:
    """Both values word by word, those that only one has marked."""
    left, right = change.left.split(), change.right.split()
    ours, theirs = Markup(""), Markup("")
    for kind, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        ours += _words(left[i:j], marked=kind != "equal")
        theirs += _words(right[k:m], marked=kind != "equal")
    return ours, theirs


def _words(words: list[str], *, marked: bool) -> Markup:
    if not words:
        return Markup("")
    text = Markup("<mark>{}</mark> ") if marked else Markup("{} ")
    return text.format(" ".join(words))


def _numbers(page: Page, found: PixelDifference | None) -> str:
    t = page.t
    if found is None:
        return t("compare.sizes_differ")
    if found.psnr == IDENTICAL:
        return t("compare.identical")
    return t(
        "compare.numbers",
        mean=number(round(found.mean_absolute, 2), t.language),
        psnr=number(round(found.psnr, 1), t.language),
    )
