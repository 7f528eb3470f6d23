"""One student's fingerprint: hashes of what was chosen freely, made where the submission is read.

A worker makes it and the class is compared by it. It holds no text, and of a picture 64 x 64 grey cells,
which stay in memory; what a cohort keeps for later ones (`grading.copies.earlier`) holds hashes alone.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import pairwise

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from exercises.assignment import Assignment
from grading.copies.items import Passage, code, free_records, passages, photos, prompts
from grading.copies.looks import grey
from grading.copies.translation import Sentence, signatures
from grading.copies.words import (
    MAX_SHINGLES,
    code_shingles,
    hashed,
    prompt_shingles,
    text_shingles,
)
from grading.submission.pictures import PictureFacts
from grading.submission.reading import Submission

SHORTEST_GAP = timedelta(seconds=2)  # between two pictures; shorter ones may be anybody's
MAX_RECORDS = 400
PHOTO, PICTURE = "photo", "picture"


class Look(BaseModel):
    """A picture: where it is, whether photo or made, its pixels' hash, its grey cells, its seed."""

    model_config = ConfigDict(frozen=True)

    where: str
    kind: str
    pixels: str
    cells: str
    seed: int | None = None


class Fingerprint(BaseModel):
    """`texts`, `observed`, `prompts` and `codes` are hashes of words, `records` those of manifests.

    `moments` are hashes of a picture and its time, `timings` of a picture and how long it took; `gaps`
    are the milliseconds between one picture and the next.
    """

    model_config = ConfigDict(frozen=True)

    student: str | None = None  # as the manifests say
    texts: tuple[int, ...] = ()
    observed: tuple[int, ...] = ()
    prompts: tuple[tuple[int, ...], ...] = ()
    codes: tuple[int, ...] = ()
    later: tuple[int, ...] = ()  # of the prompts four words in a row: what a cohort keeps of them
    sentences: tuple[Sentence, ...] = ()
    looks: tuple[Look, ...] = ()
    records: tuple[int, ...] = ()
    moments: tuple[int, ...] = ()
    timings: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    newest: AwareDatetime | None = Field(default=None)


def fingerprint(submission: Submission, assignment: Assignment, key: bytes) -> Fingerprint:
    """Everything by which copies are found. Pictures that were looked at before are not decoded again."""
    said = passages(submission)
    records = submission.records[-MAX_RECORDS:]
    times = sorted(r.manifest.time for r in records)
    gaps = {(later - earlier) for earlier, later in pairwise(times)}
    return Fingerprint(
        student=submission.student if submission.records else None,
        texts=_all((p for p in said if not p.observed), text_shingles, key),
        observed=_all((p for p in said if p.observed), text_shingles, key),
        prompts=tuple(_all([each], prompt_shingles, key) for each in prompts(submission, assignment)),
        later=_all(prompts(submission, assignment), text_shingles, key),
        codes=_all(code(submission, assignment), code_shingles, key),
        sentences=signatures([p.text for p in said]),
        looks=tuple(_looks(submission, assignment)),
        records=tuple(sorted({_short(r.manifest.digest) for r in records if r.sealed})),
        moments=tuple(
            sorted({hash_of(key, r.manifest.image.sha256, r.manifest.time.isoformat()) for r in records})
        ),
        timings=tuple(
            sorted({hash_of(key, r.manifest.image.pixels_sha256, repr(r.manifest.seconds)) for r in records})
        ),
        gaps=tuple(sorted({round(gap / timedelta(milliseconds=1)) for gap in gaps if gap >= SHORTEST_GAP})),
        newest=times[-1] if times else None,
    )


def hash_of(key: bytes, *parts: str) -> int:
    """Some words of a record, hashed as words are."""
    return hashed(parts, key)


def _all(said: Iterable[Passage], shingles: Callable[[str, bytes], set[int]], key: bytes) -> tuple[int, ...]:
    found: set[int] = set()
    for passage in said:
        found |= shingles(passage.text, key)
    return tuple(sorted(found)[:MAX_SHINGLES])


def _short(digest: str) -> int:
    return int(digest[:15], 16)


def _looks(submission: Submission, assignment: Assignment) -> list[Look]:
    found = []
    for source in photos(submission):
        facts = submission.look_at_source(source)
        if isinstance(facts, PictureFacts) and not facts.blank:
            found.append(
                Look(
                    where=f"inputs/{source.file}",
                    kind=PHOTO,
                    pixels=facts.pixels_sha256[:16],
                    cells=grey(facts.small),
                )
            )
    for recorded in free_records(submission, assignment):
        facts = submission.look_at_image(recorded)
        if isinstance(facts, PictureFacts) and not facts.blank:
            request = recorded.manifest.request
            found.append(
                Look(
                    where=recorded.image_file,
                    kind=PICTURE,
                    pixels=facts.pixels_sha256[:16],
                    cells=grey(facts.small),
                    seed=request.seed,
                )
            )
    return found
