"""What the state folder holds of a student, and how it goes: set aside, then erased once the account is gone.

Rule: whatever moment a kill comes at, nothing is lost track of. What is set aside bears a name of its own,
and the next removal finds it: it goes back where the account is still there, and is erased where it is not.
"""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from exercises.parameters import is_assignment_id
from hub.class_page import FOLDER as CLASS_FOLDER
from hub.class_page.known import Known
from hub.user_names import folder_name

ASIDE = ".removing-"  # no folder of a student begins with a full stop
HOMES, LOGS = "homes", "logs"  # the homes of the local spawner


def unknown_work(state: Path, user: str, known: Iterable[str]) -> list[str]:
    """The folders of a student's work whose assignments nobody here knows. Raises OSError."""
    work = state / HOMES / folder_name(user) / "work"
    if not _is_own_folder(work):
        return []
    return sorted(
        path.name
        for path in work.iterdir()
        if is_assignment_id(path.name)
        and path.name not in known
        and _is_own_folder(path)
        and any(path.iterdir())
    )


def found(state: Path, user: str) -> list[str]:
    """What there is of a student, as paths below the state folder."""
    own = [f"{path.parent.name}/{path.name}" for path in _places(state, user) if _is_there(path)]
    return [*own, *([CLASS_FOLDER] if user in Known(state / CLASS_FOLDER).users() else [])]


def set_aside(state: Path, user: str) -> None:
    """Take home and logs out of the way. Raises OSError, with everything back in its place."""
    try:
        for path in _places(state, user):
            if _is_there(path):
                _erase(_aside(path))  # of a removal that was ended; exported before that
                path.rename(_aside(path))
    except OSError:
        put_back(state, user)
        raise


def put_back(state: Path, user: str) -> None:
    """Undo `set_aside`, but for what has been made anew meanwhile. Raises OSError."""
    for path in _places(state, user):
        if os.path.lexists(_aside(path)) and not os.path.lexists(path):
            _aside(path).rename(path)


def erase(state: Path, user: str) -> list[str]:
    """Erase what was set aside, and what the class's page saw; return what there was. Raises OSError."""
    erased = []
    for path in _places(state, user):
        if _erase(_aside(path)):
            erased.append(f"{path.parent.name}/{path.name}")
    if Known(state / CLASS_FOLDER).forget(user):
        erased.append(CLASS_FOLDER)
    return erased


def finish_earlier(state: Path, users: Iterable[str]) -> list[str]:
    """End what removals before this one had begun; return what was erased. `users`: who has an account.

    Raises OSError.
    """
    users, erased = list(users), []
    for user in users:
        put_back(state, user)
    theirs = {_aside(path) for user in users for path in _places(state, user)}
    for folder in (HOMES, LOGS):
        for path in sorted((state / folder).glob(f"{ASIDE}*")):
            if path not in theirs and _erase(path):
                erased.append(f"{folder}/{path.name.removeprefix(ASIDE)}")
    return erased


def _places(state: Path, user: str) -> list[Path]:
    name = folder_name(user)
    return [state / HOMES / name, state / LOGS / f"{name}.log", state / LOGS / f"{name}.previous.log"]


def _aside(path: Path) -> Path:
    return path.with_name(f"{ASIDE}{path.name}")


def _is_there(path: Path) -> bool:
    """A folder of homes, or a log; links are neither, and are left alone."""
    return _is_own_folder(path) if path.parent.name == HOMES else path.is_file() and not path.is_symlink()


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _erase(path: Path) -> bool:
    """Erase a folder, without following links out of it, or a file; whether there was one."""
    if _is_own_folder(path):
        shutil.rmtree(path)
        return True
    with suppress(FileNotFoundError):
        path.unlink()
        return True
    return False
