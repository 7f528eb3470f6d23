"""What only the whole class shows: work that is in two submissions. For the grader alone; no points.

Identical pictures are no finding: the same plan with the same seed makes them. The same picture file made at
the same moment is, and so are several that took just as long to make; the same photo; the same sentences.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import timedelta
from statistics import median_low
from typing import TypeVar

from grading.checks.text_rules import plain
from grading.class_.one import Survey
from grading.wording import Message, message

SAME_TIMINGS = 3  # pictures that took equally long, to the last digit: by chance one may, several do not
SAME_SENTENCES = 3
OLD = timedelta(days=120)  # before the middle of the class
IN_COMMON = 4  # letters in a row that two names of one person share, however they are written

Trace = TypeVar("Trace", bound=Hashable)


def class_findings(surveys: Mapping[str, Survey], names: Mapping[str, str]) -> dict[str, list[Message]]:
    """Findings by submission. `surveys` and `names` (as shown) are by the submission's folder."""
    found: dict[str, list[Message]] = defaultdict(list)

    def say(key: str, folder: str, others: Iterable[str], **values: object) -> None:
        found[folder].append(message(key, names=tuple(sorted(names[f] for f in others)), **values))

    for folder, same in _in_common(surveys, lambda s: [s.student] if s.student else []):
        say("submission.same_student", folder, same, student=surveys[folder].student)
    copied: set[tuple[str, str]] = set()
    for folder, moments in _in_common(surveys, lambda s: [(m.sha256, m.time) for m in s.made]):
        both = {moment for each in moments.values() for moment in each}
        files = sorted(m.file for m in surveys[folder].made if (m.sha256, m.time) in both)
        say("submission.copied", folder, moments, files=tuple(files))
        copied |= {(folder, other) for other in moments}
    for folder, timings in _in_common(surveys, lambda s: [(m.sha256, m.seconds) for m in s.made]):
        durations = {f: len({seconds for _, seconds in each}) for f, each in timings.items()}
        alike = [f for f, n in durations.items() if n >= SAME_TIMINGS and (folder, f) not in copied]
        if alike:
            say("submission.timed_alike", folder, alike, count=max(len(timings[f]) for f in alike))
    for folder, photos in _in_common(surveys, lambda s: s.photos):
        say("submission.photo", folder, photos)
    for folder, evaluations in _in_common(surveys, lambda s: [s.evaluation] if s.evaluation else []):
        say("submission.evaluation", folder, evaluations)
    for texts in (_sentences, _observed):
        for folder, said in _in_common(surveys, texts):
            most = {f: min(len(texts(surveys[folder])), len(texts(surveys[f]))) for f in said}
            counts = {f: len(each) for f, each in said.items() if _much(len(each), most[f])}
            if counts:
                say("submission.text", folder, counts, count=max(counts.values()))
    for folder, finding in (*_strange_names(surveys, names), *_old(surveys)):
        found[folder].append(finding)
    return dict(found)


def _in_common(
    surveys: Mapping[str, Survey], traces: Callable[[Survey], Iterable[Trace]]
) -> list[tuple[str, dict[str, set[Trace]]]]:
    """Each submission that shares traces with others, and by the other's folder which."""
    own = {folder: set(traces(survey)) for folder, survey in surveys.items()}
    holders: dict[Trace, list[str]] = defaultdict(list)
    for folder, values in own.items():
        for value in values:
            holders[value].append(folder)
    found = []
    for folder, values in own.items():
        shared: dict[str, set[Trace]] = defaultdict(set)
        for value in values:
            for other in holders[value]:
                if other != folder:
                    shared[other].add(value)
        if shared:
            found.append((folder, dict(shared)))
    return found


def _sentences(survey: Survey) -> tuple[str, ...]:
    return survey.sentences


def _observed(survey: Survey) -> tuple[str, ...]:
    return survey.observed


def _much(count: int, shorter: int) -> bool:
    """Whether so many sentences are much of the shorter text."""
    return count >= min(SAME_SENTENCES, shorter) and 2 * count >= shorter


def _strange_names(surveys: Mapping[str, Survey], names: Mapping[str, str]) -> list[tuple[str, Message]]:
    """Submissions whose record bears quite another name, unless that is so for most of the class."""
    strange = {
        folder: survey.student
        for folder, survey in surveys.items()
        if survey.student is not None and not _alike(names[folder], survey.student)
    }
    if 2 * len(strange) > len(surveys):
        return []
    return [
        (folder, message("submission.strange_name", name=names[folder], student=student))
        for folder, student in strange.items()
    ]


def _alike(one: str, other: str) -> bool:
    """Whether two names have letters in common, as those of one person do on two lists."""
    short, long = sorted((_letters(one), _letters(other)), key=len)
    starts = range(max(1, len(short) - IN_COMMON + 1))
    return any(short[i : i + IN_COMMON] in long for i in starts)


def _letters(name: str) -> str:
    return "".join(c for c in plain(name) if c.isalnum())


def _old(surveys: Mapping[str, Survey]) -> list[tuple[str, Message]]:
    """Records that were all made long before the rest of the class worked."""
    newest = {folder: max(m.time for m in survey.made) for folder, survey in surveys.items() if survey.made}
    if len(newest) < 3:
        return []
    middle = median_low(newest.values())
    return [
        (folder, message("submission.old", time=f"{time:%Y-%m-%d}", others=f"{middle:%Y-%m-%d}"))
        for folder, time in newest.items()
        if time < middle - OLD
    ]
