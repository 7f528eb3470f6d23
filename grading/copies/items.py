"""What a student chose freely: texts, prompts, code, photos and pictures, each with its place.

What the assignment plans is the same for everybody and is not among them: planned pictures, planned
prompts, and the lines of a code's template with their blanks filled in. Nor is a prompt that the student took
over from the class's wall.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pydantic import JsonValue

from crafts.catalogue import APPLICATIONS
from exercises.assignment import Assignment
from exercises.kinds import Code
from exercises.kinds.code import BLANK
from exercises.kinds.planned import Planned
from grading.checks.native_sizes import NATIVE_SIZES
from grading.checks.text_rules import MAX_READ, plain
from grading.submission.pieces import newest_pieces
from grading.submission.reading import Recorded, Submission
from manifests.analysis import AltText, Conclusion, Correction, Note
from manifests.manifest import Manifest, Source

MAX_PICTURES = 12  # the newest of each student's free pictures
MAX_PHOTOS = 6
MAX_PROMPTS = 40
MAX_PASSAGES = 300
MIN_PROMPT_WORDS = 4  # shorter ones may be anybody's


@dataclass(frozen=True)
class Passage:
    """A text and where it stands; `observed`: it describes a picture, as the others' texts do."""

    where: str
    text: str
    observed: bool = False


def passages(submission: Submission) -> list[Passage]:
    """All texts of the student's own, in their order."""
    return [p for p in _passages(submission) if p.text.strip()][:MAX_PASSAGES]


def _passages(submission: Submission) -> Iterator[Passage]:
    answers = submission.answers
    if answers is not None:
        yield Passage("reflection", answers.reflection[:MAX_READ])
        for subject, answer in answers.evaluations.items():
            yield from (Passage(f"evaluation/{subject}", reason[:MAX_READ]) for reason in answer.reasons)
        for name, exercise in answers.exercises.items():
            yield Passage(name, exercise.text[:MAX_READ])
            yield from (
                Passage(f"{name}/{stem}", step.why[:MAX_READ]) for stem, step in exercise.steps.items()
            )
    for piece in newest_pieces(submission):
        if piece.kind in APPLICATIONS and APPLICATIONS[piece.kind].own_words:
            yield from (Passage(f"crafts/{piece.stem}", text[:MAX_READ]) for text in _typed(piece.settings))
    for entry in submission.notebook:
        said = entry.said if isinstance(entry, Note) else None
        where = f"analyses/{entry.sequence:04d}"
        if isinstance(said, Correction):
            yield from (Passage(where, said.truth), Passage(where, said.noticed))
        elif isinstance(said, AltText):
            yield from (Passage(where, said.alt), Passage(where, said.long))
        elif isinstance(said, Conclusion):
            yield Passage(where, said.reason)
    for name, own in answers.observations.items() if answers is not None else ():
        for run, texts in (*own.pictures.items(), ("conclusions", own.conclusions)):
            for question, text in texts.items():
                yield Passage(f"{name}/{run}/{question}", text[:MAX_READ], observed=True)


def _typed(value: JsonValue) -> Iterator[str]:
    """The texts within the settings of something made of pictures: captions, names, moods."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _typed(each)


def free_records(submission: Submission, assignment: Assignment) -> list[Recorded]:
    """The newest pictures whose prompt the student chose, newest first."""
    planned = _known_prompts(submission, assignment)
    fixed = {
        run.id for e, run in assignment.planned_runs() if not isinstance(e, Planned) or e.prompts_planned
    }
    free = [
        r
        for r in submission.own
        if r.manifest.run not in fixed
        and r.manifest.proof is None
        and plain(r.manifest.request.prompt) not in planned
    ]
    return sorted(free, key=lambda r: r.manifest.time, reverse=True)[:MAX_PICTURES]


def prompts(submission: Submission, assignment: Assignment) -> list[Passage]:
    """The student's own prompts, each once, with the picture's file or the exercise."""
    planned, found = _known_prompts(submission, assignment), dict[str, Passage]()
    own = [Passage(r.image_file, r.manifest.request.prompt) for r in free_records(submission, assignment)]
    for name, answer in submission.answers.exercises.items() if submission.answers is not None else ():
        own.append(Passage(name, answer.prompt[:MAX_READ]))
    for each in own:
        said = plain(each.text)
        if said not in planned and len(said.split()) >= MIN_PROMPT_WORDS:
            found.setdefault(said, each)
    return list(found.values())[:MAX_PROMPTS]


def code(submission: Submission, assignment: Assignment) -> list[Passage]:
    """The code of each exercise, without the template's lines, whatever stands in their blanks."""
    found = []
    for exercise in assignment.exercises:
        if not isinstance(exercise, Code):
            continue
        newest = [next(reversed(submission.attempts(exercise.id, run)), None) for run in exercise.draws]
        texts = [r.manifest.proof.code for r in newest if r is not None and r.manifest.proof is not None]
        if not texts and submission.answers is not None:
            texts = [submission.answers.code.get(exercise.id, "")]
        starts = tuple(exercise.starts.values())
        for text in dict.fromkeys(texts):
            lines = [line for line in text.splitlines() if line.strip() and not _of_template(line, starts)]
            found.append(Passage(exercise.id, "\n".join(lines)))
    return found


def photos(submission: Submission) -> list[Source]:
    """The source photos, those left out that are pictures of a model or were made of one by the lab."""
    made = {r.manifest.image.sha256 for r in submission.records}
    used = {
        r.manifest.request.source
        for r in submission.own
        if r.manifest.request.source and not _is_made(r.manifest)
    }
    return sorted((s for s in used if s.sha256 not in made), key=lambda s: s.sha256)[:MAX_PHOTOS]


def _is_made(manifest: Manifest) -> bool:
    """Whether the lab made the source: outlines, or a canvas, which is not of the model's own size."""
    if manifest.request.mode == "control":
        return True
    native = NATIVE_SIZES.get(manifest.model.id)
    return manifest.request.mask is not None and {manifest.image.width, manifest.image.height} != {native}


def _known_prompts(submission: Submission, assignment: Assignment) -> set[str]:
    """The prompts that are no secret: the assignment's, and those taken over from the class's wall."""
    planned = {plain(run.parameters.prompt) for _, run in assignment.planned_runs()}
    return planned | {plain(remix.prompt) for remix in submission.remixes}


def _of_template(line: str, starts: tuple[str, ...]) -> bool:
    tight = "".join(line.split())
    fixed, with_blanks = _template_lines(starts)
    return tight in fixed or any(pattern.fullmatch(tight) for pattern in with_blanks)


@cache
def _template_lines(starts: tuple[str, ...]) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    lines = {"".join(line.split()) for start in starts for line in start.splitlines()}
    blanks = [re.escape(line).replace(re.escape(BLANK), "[^#]{1,80}") for line in lines if BLANK in line]
    return frozenset(lines), tuple(re.compile(pattern) for pattern in blanks)
