"""A student's planned pictures as one small strip: what the class's contact sheet is made of.

Always the same planned runs, in their order, so that the eye can compare students column by column; a
picture that is missing or cannot be decoded is a grey gap.
"""

import io

from PIL import Image

from exercises.assignment import Assignment
from grading.submission.pictures import PictureFacts
from grading.submission.reading import Submission

STRIP = "strip.jpg"  # the file's name in a student's folder of results
SIDE = 72  # pixels of a picture in the strip
GAP = 4
EMPTY = (128, 128, 128)
MAX_BYTES = 200_000  # of the file, when it is read back
MOST = 40  # pictures; of a plan of hundreds as many, evenly chosen


def planned_runs(assignment: Assignment) -> list[tuple[str, str]]:
    """(exercise id, run id) of each planned picture, in the assignment's order."""
    runs = [(e.id, run.id) for e in assignment.exercises for run in getattr(e, "runs", ())]
    return runs[:: max(1, -(-len(runs) // MOST))]


def contact_strip(assignment: Assignment, submission: Submission) -> bytes:
    """The newest picture of each planned run, side by side, as JPEG; b"" where nothing is planned."""
    runs = planned_runs(assignment)
    if not runs:
        return b""
    sheet = Image.new("RGB", (len(runs) * (SIDE + GAP) - GAP, SIDE), "white")
    for column, (exercise_id, run_id) in enumerate(runs):
        recorded = next(reversed(submission.attempts(exercise_id, run_id)), None)
        facts = submission.look_at_image(recorded) if recorded else None
        if isinstance(facts, PictureFacts):
            small = facts.small.copy()
            small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        else:
            small = Image.new("RGB", (SIDE, SIDE), EMPTY)
        left = column * (SIDE + GAP)
        sheet.paste(small, (left + (SIDE - small.width) // 2, (SIDE - small.height) // 2))
    data = io.BytesIO()
    sheet.save(data, "JPEG", quality=75)
    return data.getvalue()
