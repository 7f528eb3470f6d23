"""What came of a batch, as a table: a line a row of its list, drawn or not yet."""

from collections.abc import Mapping

from grading.reports.table import csv_bytes
from lab.jobs.batch import Batch
from lab.jobs.batch_list import COLUMNS
from manifests.store import Record

RESULTS = ("number", "run", "image", "pixels_sha256", "model", "seconds", "parts_asked", "parts_found")


def table(batch: Batch, made: Mapping[str, Record]) -> bytes:
    """CSV: the columns of the list, then those of what was drawn, blank where a row is not drawn yet."""
    rows = [[*COLUMNS, *RESULTS]]
    for row in batch.rows:
        values, record = row.parameters.model_dump(), made.get(row.run)
        results = _results(record) if record else [""] * (len(RESULTS) - 2)
        rows.append([*(str(values[name]) for name in COLUMNS), str(row.number), row.run, *results])
    return csv_bytes(rows)


def _results(record: Record) -> list[str]:
    """`parts_found` of `parts_asked`: the machine's opinion, blank where it has none."""
    manifest = record.manifest
    opinion = manifest.adherence
    parts = [str(len(opinion.parts)), str(opinion.found)] if opinion else ["", ""]
    image = manifest.image
    return [image.file, image.pixels_sha256, manifest.model.id, f"{manifest.seconds:.3f}", *parts]
