"""Where in what was handed in the assignment is: a folder, a zip, folders around it, a zip in it.

Rule: what people do to files on their way (another folder around them, a zip of a zip, the same zip
downloaded twice) is undone where only one assignment can be meant; else the reason names what was found.
"""

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path, PurePosixPath

from grading.submission.files import Files, FolderFiles, Unreadable, ZipFiles
from grading.submission.frozen import FROZEN_FILE, MAX_FROZEN_BYTES, TIME_FORMAT, hand_in_time, parse_frozen
from grading.wording import Message, message
from manifests.answers import FILE as ANSWERS_FILE

MAX_WRAPPING = 3  # folders around the assignment's own
MAX_NESTED = 2  # zips in zips
MAX_ZIPS = 20  # of which the right one is looked for
FEW_ZIPS = 5  # of more than those, where their names say which are the newest
MAX_TRIED = 100  # of those, where the newest are damaged
OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class Located:
    """The files, the prefix that leads to the assignment's folder in them, and what there is to say of it."""

    files: Files
    prefix: str
    notes: list[Message]


def is_zip(name: str) -> bool:
    """Whether a file's name says that it is a zip, in whatever case."""
    return name.lower().endswith(".zip")


def without_zip(name: str) -> str:
    """A file's name without `.zip`."""
    return name[:-4] if is_zip(name) else name


def locate(path: Path, assignment: str) -> Located:
    """Find the assignment at `path`. The files are the caller's to close. Raises Unreadable."""
    files = _open(path, assignment)
    notes: list[Message] = []
    try:
        for _ in range(MAX_NESTED + 1):
            prefix = _find_assignment(files, assignment)
            if prefix is not None:
                return Located(files, prefix, notes)
            inner, note = _inner_zip(files, assignment)
            if inner is None:
                break
            files.close()
            files, notes = inner, notes + note
        raise Unreadable(_why_nothing(files, assignment))
    except BaseException:
        files.close()
        raise


def _open(path: Path, assignment: str) -> Files:
    if path.is_dir():
        if (path / assignment).is_dir() and not (path / assignment).is_symlink():
            return FolderFiles(path, only=(assignment, FROZEN_FILE))
        return FolderFiles(path)
    if is_zip(path.name):
        return ZipFiles(path)
    raise Unreadable(no_folder_or_zip(path.name))


def no_folder_or_zip(name: str) -> Message:
    """Why a file is no submission."""
    other = name.lower().endswith(OTHER_ARCHIVES)
    return message("submission.other_archive" if other else "submission.not_a_folder", file=name)


def _find_assignment(files: Files, assignment: str) -> str | None:
    """The prefix of the assignment's folder: the nearest one of its name, or the top itself."""
    if assignment in files.sizes:
        raise Unreadable(message("submission.file_for_folder", file=assignment))
    folders = {folder for name in files.sizes if (folder := _folder_of(name, assignment)) is not None}
    named = folders - {""}
    least = min((folder.count("/") for folder in named), default=0)
    nearest = sorted(folder for folder in named if folder.count("/") == least)
    if len(nearest) > 1:
        raise Unreadable(message("submission.ambiguous", assignment=assignment, files=tuple(nearest)))
    prefix = nearest[0] if nearest else "" if folders else None
    if prefix is not None and f"{prefix}outputs" in files.sizes:
        raise Unreadable(message("submission.file_for_folder", file=f"{prefix}outputs"))
    return prefix


def _folder_of(name: str, assignment: str) -> str | None:
    """The folder whose outputs or answers a file is, where it can be the assignment's."""
    parts = name.split("/")
    for depth, part in enumerate(parts[: MAX_WRAPPING + 2]):
        is_answers = part == ANSWERS_FILE and depth == len(parts) - 1
        if (part == "outputs" or is_answers) and (depth == 0 or parts[depth - 1] == assignment):
            return "/".join((*parts[:depth], ""))
    return None


def _inner_zip(files: Files, assignment: str) -> tuple[Files | None, list[Message]]:
    """The zip there is instead of an assignment: the only one, or of hand-ins the newest."""
    names = [n for n in sorted(files.sizes) if is_zip(n) and n.count("/") < MAX_WRAPPING]
    if not names:
        return None, []
    opened: dict[str, ZipFiles] = {}
    problems: list[Message] = []
    chosen = None
    try:
        for group, enough in _worth_opening(names, assignment):
            whole = 0
            for name in group:
                try:
                    opened[name] = files.open_zip(name)
                except Unreadable as error:
                    problems.append(error.message)
                else:
                    whole += 1
                if whole == enough:
                    break
        if not opened:
            raise Unreadable(problems[0])
        chosen = _newest(opened, assignment)
        if len({each.content for each in opened.values()}) > 1:
            problems.append(message("submission.newest", count=len(opened), file=chosen))
        return opened[chosen], problems
    finally:
        for name, each in opened.items():
            if name != chosen:
                each.close()


def _worth_opening(names: list[str], assignment: str) -> list[tuple[list[str], int]]:
    """The zips to open, and after how many whole ones of them to stop. Raises Unreadable.

    Of very many, such as of a round of collecting a day, the newest by their names are enough, and with
    them those whose names do not say when they were handed in.
    """
    if len(names) <= MAX_ZIPS:
        return [(names, len(names))]
    times = {name: hand_in_time(PurePosixPath(name).name, assignment) for name in names}
    newest_first = [name for _, name in sorted(((t, n) for n, t in times.items() if t), reverse=True)]
    others = [name for name, time in times.items() if time is None]
    if len(others) > MAX_ZIPS - FEW_ZIPS:
        raise Unreadable(message("submission.many_zips", assignment=assignment, files=tuple(others)))
    return [(others, len(others)), (newest_first[:MAX_TRIED], FEW_ZIPS)]


def _newest(zips: dict[str, ZipFiles], assignment: str) -> str:
    """The name of the newest hand-in; of one thing several times the first. Raises Unreadable."""
    if len({each.content for each in zips.values()}) == 1:
        return next(iter(zips))
    times = {name: time for name, each in zips.items() if (time := _time(name, each, assignment))}
    if {zips[name].content for name in times} != {each.content for each in zips.values()}:
        raise Unreadable(message("submission.many_zips", assignment=assignment, files=tuple(zips)))
    return max(times, key=lambda name: times[name])


def _time(name: str, zipped: ZipFiles, assignment: str) -> tuple[str, int] | None:
    """When a zip was handed in: as its name says, or where that was changed, its list of files."""
    named = hand_in_time(PurePosixPath(name).name, assignment)
    if named is not None or FROZEN_FILE not in zipped.sizes:
        return named
    try:
        frozen = parse_frozen(zipped.read(FROZEN_FILE, MAX_FROZEN_BYTES))
    except Unreadable:
        return None
    if frozen is None or frozen.assignment != assignment:
        return None
    return f"{frozen.time.astimezone(UTC):{TIME_FORMAT}}", 1


def _why_nothing(files: Files, assignment: str) -> Message:
    archives = [name for name in files.sizes if name.lower().endswith(OTHER_ARCHIVES)]
    if archives:
        return message("submission.other_archive", file=archives[0])
    if any(assignment in name.split("/")[:-1] for name in files.sizes):
        return message("submission.empty", assignment=assignment)
    if files.sizes:
        found = tuple(sorted({name.split("/", 1)[0] for name in files.sizes}))
        return message("submission.no_assignment", assignment=assignment, found=found)
    if files.problems:
        return message("submission.nothing_usable", problems=tuple(files.problems))
    return message("submission.empty", assignment=assignment)
