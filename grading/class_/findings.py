"""What only the whole class shows: a record that is in two submissions. For the grader alone; no points.

Identical pictures are no finding: the same plan with the same seed makes them. The same picture
file made at the same moment is: two students' records cannot have that in common by chance.
"""

from collections import defaultdict
from collections.abc import Mapping

from grading.class_.one import Survey
from grading.wording import Message, message


def class_findings(surveys: Mapping[str, Survey], names: Mapping[str, str]) -> dict[str, list[Message]]:
    """Findings by submission. `surveys` and `names` (as shown) are by the submission's folder."""
    by_student: dict[str, list[str]] = defaultdict(list)
    by_moment: dict[tuple[str, object], list[str]] = defaultdict(list)
    for folder, survey in surveys.items():
        if survey.student is not None:
            by_student[survey.student].append(folder)
        for moment in {(made.sha256, made.time) for made in survey.made}:
            by_moment[moment].append(folder)
    found: dict[str, list[Message]] = defaultdict(list)
    for folder, survey in surveys.items():
        same = [f for f in by_student.get(survey.student or "", ()) if f != folder]
        if same:
            found[folder].append(_named("submission.same_student", same, names, student=survey.student))
        copies = {m.file: by_moment[m.sha256, m.time] for m in survey.made}
        shared = {file: [f for f in folders if f != folder] for file, folders in copies.items()}
        files = tuple(sorted(file for file, others in shared.items() if others))
        if files:
            others = sorted({f for each in shared.values() for f in each})
            found[folder].append(_named("submission.copied", others, names, files=files))
    return dict(found)


def _named(key: str, folders: list[str], names: Mapping[str, str], **values: object) -> Message:
    return message(key, names=tuple(sorted(names[f] for f in folders)), **values)
