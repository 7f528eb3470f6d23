"""Drawing in a notebook: planned runs, free pictures, sweeps, grids, image to image; recorded as ever.

All pictures of one call are asked for at once, so the engine may draw them together. An interrupt (the
notebook's Stop) ends them within a step; what was saved before stays.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from exercises.errors import SystemReason
from exercises.i18n import Translator
from exercises.kinds.studio import STUDIO_RUN
from exercises.parameters import DEFAULT_STRENGTH, WITH_STRENGTH
from lab.engine.protocol import Cancelled, Failed
from lab.jobs.generate import Generation, PictureSaved, notes
from lab.jobs.generate import generate as start_generation
from lab.library.opened import LibraryError, OpenedLab, current
from lab.library.progress import ProgressLine
from lab.library.shown import Picture, Pictures
from lab.session.planned_requests import request_of
from lab.session.planned_runs import Planned, parameters_of, runs_of
from lab.ui.html.picture import with_value
from manifests.manifest import MadeThrough, Source
from manifests.pictures import MAX_BYTES
from manifests.reader import read_regular_file
from manifests.store import Record

SHORT = 40  # characters of a label


def run(
    what: str,
    *,
    source: str | Path | None = None,
    mask: str | Path | None = None,
    enlarge: Mapping[str, int] | None = None,
    outlines: str | Path | None = None,
    is_lines: bool = False,
    **changes: Any,
) -> Pictures:
    """Make the planned pictures that `EXERCISE` or `EXERCISE/RUN` names, as the pages do.

    `source`: the picture to begin with. `mask`: what of it is to change, a picture that is white there;
    `enlarge`: by how many pixels its canvas grows (`{"left": 64}`). `outlines`: a picture whose outlines
    lead; `is_lines`: it is a drawing of dark lines. `changes`: parameters that are to differ from the plan,
    as for `genai-lab run --set`; the checks then say that they do. Raises UserError.
    """
    lab = current()
    return draw_planned(
        lab, runs_of(lab.session.assignment, what, changes), source, mask, enlarge, outlines, is_lines
    )


def generate(prompt: str, **parameters: Any) -> Picture:
    """Make one free picture, recorded in the assignment's Studio.

    `parameters`: `negative_prompt`, `width`, `height`, `steps`, `guidance_scale`, `scheduler`, `seed`.
    Raises UserError.
    """
    lab = current()
    return draw_planned(lab, [free_run(lab, {"prompt": prompt, **parameters})])[0]


def sweep(parameter: str, values: Iterable[Any], prompt: str, **parameters: Any) -> Pictures:
    """Make one free picture for each value of one parameter, all else alike. Raises UserError."""
    return grid((parameter, values), ("prompt", [prompt]), **parameters)


def grid(across: tuple[str, Iterable[Any]], down: tuple[str, Iterable[Any]], **parameters: Any) -> Pictures:
    """Make a free picture for every pair of values of two parameters, shown as one table.

    Each is a parameter's name with its values: `grid(("steps", [5, 30]), ("prompt", ["a red mug", …]))`.
    Raises UserError.
    """
    lab = current()
    (x, xs), (y, ys) = (across[0], list(across[1])), (down[0], list(down[1]))
    if x == y or not xs or not ys:
        raise LibraryError("library.grid", x=x, y=y)
    planned = [free_run(lab, {**parameters, x: one, y: other}) for other in ys for one in xs]
    made = draw_planned(lab, planned)
    rows = tuple(_label(lab.t, y, value) for value in ys) if len(ys) > 1 else ("",)
    return Pictures(made.pictures, tuple(_label(lab.t, x, value) for value in xs), rows, _title(made))


def img2img(
    source: str | Path, prompt: str, *, strengths: Sequence[float] = (DEFAULT_STRENGTH,), **parameters: Any
) -> Pictures:
    """Let the model change a photo, once for each strength, all else alike. Raises UserError."""
    lab = current()
    planned = [
        free_run(lab, {**parameters, "mode": "img2img", "prompt": prompt, "strength": float(strength)})
        for strength in strengths
    ]
    made = draw_planned(lab, planned, source)
    labels = tuple(_label(lab.t, "strength", strength) for strength in strengths)
    return Pictures(made.pictures, labels, title=_title(made))


def pictures(run: str | None = None) -> Pictures:
    """The pictures made so far on this assignment, by any way, oldest first; of one run, or all."""
    lab = current()
    records = [r for r in lab.session.store().records() if run in (None, r.manifest.run)]
    return Pictures(tuple(Picture(r, lab.t) for r in records), tuple(r.stem for r in records))


def free_run(lab: OpenedLab, values: dict[str, Any]) -> Planned:
    """A picture for the assignment's Studio. Raises UserError: it has none, or a parameter cannot be."""
    exercise = next((e for e in lab.session.assignment.exercises if e.kind == "studio"), None)
    if exercise is None:
        raise LibraryError("library.no_studio", assignment=lab.session.assignment.id)
    return Planned(exercise.id, STUDIO_RUN, parameters_of({"prompt": ""}, values))


def draw_planned(
    lab: OpenedLab,
    planned: Sequence[Planned],
    source: str | Path | None = None,
    mask: str | Path | None = None,
    enlarge: Mapping[str, int] | None = None,
    outlines: str | Path | None = None,
    is_lines: bool = False,
) -> Pictures:
    """Draw and record, telling how it goes; the first that fails ends what waits. Raises UserError."""
    model = lab.session.settings.model
    begins = any(each.parameters.mode in WITH_STRENGTH for each in planned)
    kept = _kept_source(lab, source) if begins else None
    drawn = None if mask is None else _read(mask)
    led = None if outlines is None else _read(outlines)
    unknown = dict.fromkeys(word for each in planned for word in notes(each.parameters.prompt, model))
    if unknown:
        print(lab.t("generation.unknown_words", words=", ".join(unknown)))
    under_way = start(lab, planned, kept, mask=drawn, enlarge=enlarge, outlines=led, is_lines=is_lines)
    progress, records = ProgressLine(lab.t), []
    try:
        for number, generation in enumerate(under_way, start=1):
            place = f"{number}/{len(under_way)}" if len(under_way) > 1 else ""
            tell = partial(progress.tell, generation.run_id, place)
            records.append(record_of(lab, generation, tell))
    finally:
        for generation in under_way[len(records) :]:
            generation.cancel()
        progress.clear()
    made = tuple(Picture(record, lab.t) for record in records)
    return Pictures(made, tuple(each.run for each in planned))


def start(
    lab: OpenedLab,
    planned: Sequence[Planned],
    source: Source | None = None,
    made_through: MadeThrough | None = None,
    mask: bytes | None = None,
    enlarge: Mapping[str, int] | None = None,
    outlines: bytes | None = None,
    is_lines: bool = False,
) -> list[Generation]:
    """Ask for all of them at once. Raises UserError for what cannot be."""
    session, model = lab.session, lab.session.settings.model
    store = session.store()
    requests = [request_of(each, model, store, source, mask, enlarge, outlines, is_lines) for each in planned]
    return [
        start_generation(
            store, session.engine, each.exercise, each.run, request,
            model=model, variant=each.variant, made_through=made_through, smaller=each.smaller,
        )
        for each, request in zip(planned, requests, strict=True)
    ]  # fmt: skip


def record_of(lab: OpenedLab, generation: Generation, tell: Callable[[object], None]) -> Record:
    """The record a generation ends in; `tell` gets what happens before. Raises LibraryError."""
    for event in generation.events():
        match event:
            case PictureSaved(record):
                return record
            case Failed():
                reason = event.text(lab.language)
                raise LibraryError("run.failed", run=generation.run_id, error=reason)
            case Cancelled():
                break
            case _:
                tell(event)
    raise LibraryError("run.stopped", run=generation.run_id)


def _kept_source(lab: OpenedLab, source: str | Path | None) -> Source:
    if source is None:
        raise LibraryError("library.source_needed")
    return lab.session.store().add_source(_read(source))


def _read(file: str | Path) -> bytes:
    try:
        return read_regular_file(Path(file).resolve(), MAX_BYTES)
    except OSError as error:
        raise LibraryError("run.source_unreadable", file=file, reason=SystemReason(error)) from None


def _label(t: Translator, parameter: str, value: object) -> str:
    text = str(value) if parameter == "prompt" else with_value(t, parameter, value)
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


def _title(made: Pictures) -> str:
    prompts = {picture.manifest.request.prompt for picture in made}
    return prompts.pop() if len(prompts) == 1 else ""
