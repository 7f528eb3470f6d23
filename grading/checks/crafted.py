"""What the kinds have in common in which something is made of the student's own pictures.

Rule: nothing that the record says is believed. The pictures must be the student's own, recorded and in order;
the figures are worked out again from them and the settings; the files must be there as they were recorded.
What the files say, the figures say too, so nobody gains by another file.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import Any

from cachetools import LRUCache

from crafts.application import Application, Figures, difference, opened
from crafts.errors import CraftError
from crafts.pieces import SIGNATURES, Piece, SourcePicture
from exercises.i18n import Translator
from exercises.kinds.crafted import Crafted
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.picture_rule import check_free_picture
from grading.checks.runs import named_picture
from grading.checks.text_rules import check_words
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.files import Unreadable
from grading.submission.pictures import PictureFacts, Undecodable, look
from grading.submission.pieces import newest_piece, piece_file
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.errors import PictureError
from manifests.png import pixels_sha256

REMEMBERED = 64  # pieces whose figures are kept: the same settings and pictures give the same ones
_worked_out: LRUCache[tuple[str, ...], Figures] = LRUCache(REMEMBERED)
_lock = Lock()


@dataclass(frozen=True)
class Crafting:
    """A kind's application, and what its exercise asks of a piece: `asked(exercise, settings, figures)`.

    `lines` are what the report says of the settings; `alts` the pictures' alternative texts, where there are.
    """

    application: Application
    asked: Callable[[Any, Any, Figures], Verdict]
    lines: Callable[[Any, Figures, Translator], list[str]]

    def kind(self) -> KindChecks:
        return KindChecks(
            partial(_check, self), pictures=partial(_pictures, self), texts=partial(_texts, self)
        )


def _check(crafting: Crafting, exercise: Crafted, evidence: Evidence) -> list[RuleResult]:
    """Four rules for the piece, one for the words."""
    submission, application = evidence.submission, crafting.application
    piece = newest_piece(submission, exercise.id)
    none = message("crafted.no_words")
    rules: list[Rule] = [
        ("made", partial(_made, exercise, submission, application, piece)),
        ("from_own", lambda: _from_own(_known(piece), evidence)),
        ("worked_out", lambda: _same_figures(application, _known(piece), submission)),
        ("as_asked", lambda: _as_asked(crafting, exercise, _known(piece))),
    ]
    said = submission.said(exercise.id).text
    words: list[Rule] = [
        ("about_it", lambda: check_words(said, exercise.words_minimum, evidence.prompts, none))
    ]
    return [*in_order("piece", rules), *in_order("words", words)]


def _known(piece: Piece | Message | None) -> Piece:
    assert isinstance(piece, Piece)  # noqa: S101 - the first rule has seen to it
    return piece


def _made(
    exercise: Crafted, submission: Submission, application: Application, piece: Piece | Message | None
) -> Verdict:
    """A record of this exercise's, with each of its files as it was recorded."""
    if piece is None:
        return not_yet(message("crafted.none"))
    if isinstance(piece, Message):
        return wrong(piece)
    if (piece.kind, piece.exercise, piece.assignment) != (
        application.name,
        exercise.id,
        submission.assignment,
    ):
        return wrong(message("crafted.other"), exercise.id, piece.exercise)
    if not submission.is_mine(piece.student) or piece.student in submission.classmates:
        return wrong(message("crafted.foreign"), submission.student, piece.student)
    expected = tuple(sorted(f"{piece.stem}{ending}" for ending in application.endings))
    found = tuple(sorted(each.name for each in piece.files))
    if found != expected:
        return wrong(message("crafted.files"), expected, found)
    for each in piece.files:
        try:
            data = piece_file(submission, each.name)
        except Unreadable as error:
            return wrong(error.message)
        if sha256(data).hexdigest() != each.sha256:
            return wrong(message("crafted.changed", file=each.name))
        if not data.startswith(SIGNATURES[f".{each.name.rpartition('.')[2]}"]):
            return wrong(message("crafted.no_such_file", file=each.name))
    return ok()


def _sources(piece: Piece, submission: Submission) -> list[Recorded | None]:
    """The student's record behind each picture of the piece; None where it is gone."""
    own = {r.stem: r for r in submission.own}
    return [own.get(source.stem) for source in piece.sources]


def _from_own(piece: Piece, evidence: Evidence) -> Verdict:
    """Each picture is one of this student's and assignment's, in order, with the pixels that were taken."""
    waiting: list[Message] = []
    for source, recorded in zip(piece.sources, _sources(piece, evidence.submission), strict=True):
        if recorded is None:
            return wrong(message("crafted.source_gone", stem=source.stem))
        if recorded.manifest.image.pixels_sha256 != source.pixels_sha256:
            return wrong(message("crafted.source_other", stem=source.stem))
        verdict = check_free_picture(evidence, recorded)
        if verdict.needs_person and verdict.message:
            waiting.append(verdict.message)
        elif not verdict.passed:
            return verdict
    return for_a_person(message("unproven.several", why=tuple(waiting))) if waiting else ok()


def _same_figures(application: Application, piece: Piece, submission: Submission) -> Verdict:
    """The figures follow from the pictures and the settings."""
    try:
        found = _work_out(application, piece, submission)
    except (CraftError, PictureError) as error:
        return wrong(message("crafted.cannot", why=error))
    except Unreadable as error:
        return wrong(error.message)
    if where := difference(piece.figures, found, application.tolerance):
        return wrong(message("crafted.differs", name=where))
    for each in piece.files:  # a file that is the same on every machine is worked out too, as its hash
        hash_worked_out = found.get(f"{each.name.rpartition('.')[2]}_sha256", each.sha256)
        if each.sha256 != hash_worked_out:
            return wrong(message("crafted.other_file", file=each.name))
    return ok()


def _work_out(application: Application, piece: Piece, submission: Submission) -> Figures:
    """The figures again; remembered, for the lab asks again and again. Raises CraftError, PictureError,
    Unreadable."""
    sources = _sources(piece, submission)
    key = (
        application.name,
        json.dumps(piece.settings, sort_keys=True),
        *(recorded.manifest.image.sha256 if recorded else "" for recorded in sources),
        *(source.pixels_sha256 for source in piece.sources),
    )
    with _lock:
        if key in _worked_out:
            return _worked_out[key]
    settings = application.read_settings(piece.settings)
    pictures = opened(_data(submission, *each) for each in zip(piece.sources, sources, strict=True))
    for source, picture in zip(piece.sources, pictures, strict=True):
        if pixels_sha256(picture) != source.pixels_sha256:
            raise Unreadable(message("crafted.source_other", stem=source.stem))
    found = application.work_out(settings, pictures)
    with _lock:
        _worked_out[key] = found
    return found


def _data(submission: Submission, source: SourcePicture, recorded: Recorded | None) -> bytes:
    if recorded is None:
        raise Unreadable(message("crafted.source_gone", stem=source.stem))
    return submission.image(recorded)


def _as_asked(crafting: Crafting, exercise: Crafted, piece: Piece) -> Verdict:
    pixels = [source.pixels_sha256 for source in piece.sources]
    if len(set(pixels)) < len(pixels):
        return wrong(message("crafted.twice"))
    return crafting.asked(exercise, crafting.application.read_settings(piece.settings), piece.figures)


def at_least(name: str, minimum: int, found: int) -> Verdict | None:
    """What is wrong where there are fewer of something than asked for."""
    return wrong(message(f"crafted.few_{name}"), str(minimum), str(found)) if found < minimum else None


def first_of(*verdicts: Verdict | None) -> Verdict:
    """The first that is wrong, or that all is as asked."""
    return next((verdict for verdict in verdicts if verdict is not None), ok())


def _pictures(
    crafting: Crafting, exercise: Crafted, submission: Submission, t: Translator
) -> list[ReportPicture]:
    """What can be shown of the piece's files, then the pictures it was made of."""
    piece = newest_piece(submission, exercise.id)
    if not isinstance(piece, Piece):
        return []
    shown = []
    for each in piece.files:
        if each.name.endswith(".png"):
            shown.append(
                ReportPicture(each.name, t("report.made_of", stem=piece.stem), _facts(submission, each.name))
            )
    made_of = zip(piece.sources, _sources(piece, submission), strict=True)
    return shown + [named_picture(source.stem, recorded, submission, t) for source, recorded in made_of]


def _facts(submission: Submission, name: str) -> PictureFacts | Undecodable | Message:
    try:
        return look(piece_file(submission, name))
    except Unreadable as error:
        return error.message


def _texts(crafting: Crafting, exercise: Crafted, submission: Submission, t: Translator) -> list[ReportText]:
    """The settings and figures in words, and what was written."""
    piece = newest_piece(submission, exercise.id)
    texts = []
    if isinstance(piece, Piece):
        try:
            settings = crafting.application.read_settings(piece.settings)
            lines: Sequence[str] = crafting.lines(
                settings, _work_out(crafting.application, piece, submission), t
            )
        except (CraftError, PictureError, Unreadable):
            lines = ()
        texts.append(ReportText(t("report.piece", stem=piece.stem), "\n".join(lines)))
    return [*texts, ReportText(t("report.about_it"), submission.said(exercise.id).text)]
