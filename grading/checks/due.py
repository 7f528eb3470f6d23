"""What was made after its exercise's due date: told to student and grader, and taken from no points.

Rule: the time of an exercise is that of its newest record that counts, as the student's machine wrote it.
What is written in answers has no time of its own.
"""

from exercises.assignment import Assignment
from exercises.kinds import Exercise
from grading.submission.reading import Submission
from grading.wording import Message, message


def late(assignment: Assignment, submission: Submission) -> list[Message]:
    """Each exercise that was worked on after it was due, with both times."""
    return [found for exercise in assignment.exercises if (found := _late(exercise, submission))]


def _late(exercise: Exercise, submission: Submission) -> Message | None:
    times = [r.manifest.time for r in submission.own if r.manifest.exercise == exercise.id]
    times += [entry.time for entry in submission.notebook if entry.exercise == exercise.id]
    if exercise.due is None or not times or max(times) <= exercise.due:
        return None
    made = max(times).astimezone(exercise.due.tzinfo)
    return message(
        "late.exercise",
        exercise=exercise.title,
        due=f"{exercise.due:%Y-%m-%d %H:%M %Z}",
        made=f"{made:%Y-%m-%d %H:%M %Z}",
    )
