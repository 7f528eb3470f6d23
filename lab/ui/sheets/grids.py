"""Where each picture stands in an exercise's grid, and the label of every row and picture.

A sweep has a row for each parameter that was changed, its values in ascending order with the baseline
among them. Image-to-image has one row: the photo, then the strengths in ascending order. A film has its
frames in reading order. A grid is laid out as its exercise says;
one prompt under several seeds is one row.
"""

from collections.abc import Mapping, Sequence

from PIL import Image

from exercises.i18n import Translator
from exercises.kinds.base import Run
from exercises.kinds.grid import Axis, Grid
from lab.ui.html.picture import value_text, with_value
from lab.ui.sheets.drawing import Cell, Row

FILM_COLUMNS = 4
ROW_LABEL = 28  # characters before a row; a prompt is longer
Pictures = Mapping[str, Image.Image]  # by run id; a run that is not there is still to be made


def sweep_rows(t: Translator, runs: Sequence[Run], pictures: Pictures) -> list[Row]:
    """One row per changed parameter, in the order the runs name them. `runs[0]` is the baseline."""
    baseline, *others = runs
    rows = []
    for name in dict.fromkeys(run.changed for run in others if run.changed):
        members = [baseline, *(run for run in others if run.changed == name)]
        values = {run.id: getattr(run.parameters, name) for run in members}
        if all(isinstance(value, int | float) for value in values.values()):
            members.sort(key=lambda run: values[run.id])
        cells = [
            Cell(
                pictures.get(run.id),
                t("grid.baseline", value=value_text(t, values[run.id]))
                if run is baseline
                else value_text(t, values[run.id]),
                marked=run is baseline,
            )
            for run in members
        ]
        rows.append(Row(t(f"parameter.{name}"), cells))
    return rows


def strength_rows(
    t: Translator, runs: Sequence[Run], pictures: Pictures, photo: Image.Image | None
) -> list[Row]:
    """One row: the photo all runs start from, then each strength."""
    members = sorted(runs, key=lambda run: run.parameters.strength or 0)
    cells = [Cell(photo, t("grid.photo"), marked=True)]
    cells += [Cell(pictures.get(run.id), value_text(t, run.parameters.strength)) for run in members]
    return [Row(t("parameter.strength"), cells)]


def seed_rows(t: Translator, runs: Sequence[Run], pictures: Pictures) -> list[Row]:
    """One row: each seed's picture."""
    cells = [Cell(pictures.get(run.id), value_text(t, run.parameters.seed)) for run in runs]
    return [Row(t("parameter.seed"), cells)]


def crossed_rows(t: Translator, exercise: Grid, pictures: Pictures) -> list[Row]:
    """A row for each value that goes down, a picture for each that goes across."""
    across, down = axis_labels(t, exercise.x), axis_labels(t, exercise.y)
    return [
        Row(
            shortened(label, ROW_LABEL),
            [Cell(pictures.get(exercise.at(row, column).id), name) for column, name in enumerate(across)],
        )
        for row, label in enumerate(down)
    ]


def crossed_title(t: Translator, exercise: Grid, model: str) -> str:
    """What goes across and what down, and what all pictures have in common."""
    plan = exercise.runs[0].parameters
    crossed = (exercise.x.parameter, exercise.y.parameter)
    common = [
        f"{t(f'parameter.{name}')} {value_text(t, getattr(plan, name))}"
        for name in ("prompt", "steps", "guidance_scale", "scheduler", "seed")
        if name not in crossed
    ]
    across, down = (t(f"parameter.{name}") for name in crossed)
    return t("grid.crossed_title", across=across, down=down, common=", ".join([*common, model]))


def axis_labels(t: Translator, axis: Axis) -> list[str]:
    """What the values of an axis are called: the author's labels, else each with its parameter's name.

    A prompt is known for one without.
    """
    if axis.labels:
        return [label(t.language) for label in axis.labels]
    if axis.parameter == "prompt":
        return [value_text(t, value) for value in axis.values]
    return [with_value(t, axis.parameter, value) for value in axis.values]


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def film_rows(frames: Sequence[Image.Image]) -> list[Row]:
    """From noise to image, `FILM_COLUMNS` to a row, each with its place: the same in every language."""
    cells = [Cell(frame, f"{place} / {len(frames)}") for place, frame in enumerate(frames, start=1)]
    return [Row("", cells[start : start + FILM_COLUMNS]) for start in range(0, len(cells), FILM_COLUMNS)]
