"""What a person is to see of a pair, side by side: passages with words in common, and small pictures.

A worker reads it out of a submission once it is known that it is wanted; the passages are matched here.
"""

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from pydantic import BaseModel, ConfigDict

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES, Language
from grading.copies.items import Passage, code, free_records, passages, photos, prompts
from grading.copies.pairs import Evidence, Kind, Passages
from grading.copies.translation import signatures
from grading.copies.words import code_shingles, prompt_shingles, sentences, text_shingles
from grading.submission.pictures import PictureFacts, Undecodable
from grading.submission.reading import Submission
from grading.wording import Message, shown

MAX_SHOWN = 500  # characters of a passage
MOST_PASSAGES = 8
LINES = 12  # of code, in one passage
MOST_SAID = 400  # of each sort: each is compared with each of another student's
MAX_SAID = 4000  # characters of each


class Said(BaseModel):
    """A text and where it stands."""

    model_config = ConfigDict(frozen=True)

    where: str
    text: str


class Exhibits(BaseModel):
    """Of one submission; `pictures` are data URLs by their place."""

    model_config = ConfigDict(frozen=True)

    texts: tuple[Said, ...] = ()
    observed: tuple[Said, ...] = ()
    prompts: tuple[Said, ...] = ()
    codes: tuple[Said, ...] = ()
    pictures: dict[str, str] = {}


def exhibits(submission: Submission, assignment: Assignment, wanted: Iterable[str]) -> Exhibits:
    """All passages, and the pictures that are wanted."""
    said, places = passages(submission), set(wanted)
    looks: list[tuple[str, PictureFacts | Undecodable | Message]] = []
    looks += [
        (place, submission.look_at_source(s))
        for s in photos(submission)
        if (place := f"inputs/{s.file}") in places
    ]
    looks += [
        (r.image_file, submission.look_at_image(r))
        for r in free_records(submission, assignment)
        if r.image_file in places
    ]
    return Exhibits(
        texts=_by_sentence(p for p in said if not p.observed),
        observed=_by_sentence(p for p in said if p.observed),
        prompts=_bounded((p.where, p.text) for p in prompts(submission, assignment)),
        codes=_bounded(
            (p.where, "\n".join(lines[i : i + LINES]))
            for p in code(submission, assignment)
            if (lines := p.text.splitlines())
            for i in range(0, len(lines), LINES)
        ),
        pictures={place: _small(facts) for place, facts in looks if isinstance(facts, PictureFacts)},
    )


def with_passages(evidence: Evidence, one: Exhibits, other: Exhibits) -> Evidence:
    """The evidence with the passages that are alike, those with most in common first."""
    sort: dict[Kind, tuple[str, Callable[[str], set[int]]]] = {
        "prompt": ("prompts", lambda text: prompt_shingles(text, b"")),
        "code": ("codes", lambda text: code_shingles(text, b"")),
        "text": (evidence.how[0] if evidence.how else "texts", lambda text: text_shingles(text, b"")),
        "translation": ("texts", _meanings),
    }
    if evidence.kind not in sort:
        return evidence
    field, hashes = sort[evidence.kind]
    mine, theirs = getattr(one, field), getattr(other, field)
    found = _matched(mine, theirs, hashes)
    if evidence.kind == "translation":
        mine, theirs = _by_language(one), _by_language(other)
        found = _matched(mine["fr"], theirs["en"], hashes) or _matched(mine["en"], theirs["fr"], hashes)
    return evidence.model_copy(update={"passages": found})


def _matched(
    mine: Sequence[Said], theirs: Sequence[Said], hashes: Callable[[str], set[int]]
) -> tuple[Passages, ...]:
    right = [(said, hashes(said.text)) for said in theirs]
    found: list[tuple[int, Said, Said]] = []
    for said in mine:
        own = hashes(said.text)
        best = max(right, key=lambda each: len(own & each[1]), default=None)
        if best is not None and (count := len(own & best[1])):
            found.append((count, said, best[0]))
    found.sort(key=lambda each: -each[0])
    return tuple(
        Passages(where=(a.where, b.where), text=(_short(a.text), _short(b.text)))
        for _, a, b in found[:MOST_PASSAGES]
    )


def _meanings(text: str) -> set[int]:
    return {meaning for sentence in signatures([text]) for meaning in sentence.meanings}


def _by_language(own: Exhibits) -> dict[Language, list[Said]]:
    """The sentences that were compared across languages."""
    found: dict[Language, list[Said]] = {language: [] for language in LANGUAGES}
    for said in (*own.texts, *own.observed):
        for sentence in signatures([said.text]):
            found[sentence.language].append(said)
    return found


def _by_sentence(said: Iterable[Passage]) -> tuple[Said, ...]:
    return _bounded((p.where, sentence) for p in said for sentence in sentences(p.text))


def _bounded(said: Iterable[tuple[str, str]]) -> tuple[Said, ...]:
    """The first of them that are not empty, each no longer than a person reads."""
    written = (Said(where=where, text=text[:MAX_SAID]) for where, text in said if text.strip())
    return tuple(islice(written, MOST_SAID))


def _short(text: str) -> str:
    return "\n".join(shown(line, MAX_SHOWN) for line in text[:MAX_SHOWN].splitlines())


def _small(facts: PictureFacts) -> str:
    data = io.BytesIO()
    facts.small.save(data, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode("ascii")
