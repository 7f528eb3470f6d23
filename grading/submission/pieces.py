"""What a student made of pictures, as it was handed in: the newest record of each exercise, and its files."""

from collections.abc import Iterator

from crafts.errors import CraftError
from crafts.pieces import FOLDER, MAX_BYTES, MAX_FILE_BYTES, Piece, exercises_of, newest_record, read_piece
from grading.submission.files import Unreadable
from grading.submission.reading import Submission
from grading.wording import Message, message


def newest_piece(submission: Submission, exercise: str) -> Piece | Message | None:
    """The piece that counts, or why it cannot be read; None where there is none."""
    name = newest_record(exercise, _names(submission))
    if name is None:
        return None
    try:
        return read_piece(_read(submission, name, MAX_BYTES))
    except Unreadable as error:
        return error.message
    except CraftError as error:
        return message("crafted.unreadable", file=f"{FOLDER}/{name}", why=error)


def newest_pieces(submission: Submission) -> Iterator[Piece]:
    """Those of all exercises that can be read."""
    for exercise in exercises_of(_names(submission)):
        piece = newest_piece(submission, exercise)
        if isinstance(piece, Piece):
            yield piece


def piece_file(submission: Submission, name: str) -> bytes:
    """The bytes of one of a piece's files. Raises Unreadable."""
    return _read(submission, name, MAX_FILE_BYTES)


def _names(submission: Submission) -> list[str]:
    prefix = f"{submission.prefix}{FOLDER}/"
    sizes = submission.files.sizes if submission.files is not None else {}
    return [name.removeprefix(prefix) for name in sizes if name.startswith(prefix)]


def _read(submission: Submission, name: str, limit: int) -> bytes:
    if submission.files is None:
        raise Unreadable(message("file.missing", file=name))
    return submission.files.read(f"{submission.prefix}{FOLDER}/{name}", limit)
