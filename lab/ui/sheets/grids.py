"""Where each picture stands in an exercise's grid, and the label of every row and picture.

A sweep has a row for each parameter that was changed, its values in ascending order with the baseline
among them. Image-to-image has one row: the photo, then the strengths in ascending order. A film has its
frames in reading order.
"""

from collections.abc import Mapping, Sequence

from PIL import Image

from exercises.i18n import Translator
from exercises.kinds.base import Run
from lab.ui.html.picture import value_text
from lab.ui.sheets.drawing import Cell, Row

FILM_COLUMNS = 4
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


def film_rows(frames: Sequence[Image.Image]) -> list[Row]:
    """From noise to image, `FILM_COLUMNS` to a row, each with its place: the same in every language."""
    cells = [Cell(frame, f"{place} / {len(frames)}") for place, frame in enumerate(frames, start=1)]
    return [Row("", cells[start : start + FILM_COLUMNS]) for start in range(0, len(cells), FILM_COLUMNS)]
