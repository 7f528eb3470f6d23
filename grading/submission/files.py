"""The files of a submission, out of a folder or a zip, read and never trusted.

Rules: names are relative, without `..`; only plain files count; links and devices are named as
problems and never opened; every read is bounded before it begins, and so is the sum of all files that are
read, each counted once; a zip is read in memory, one member at a time, and never unpacked to disk. What
systems leave beside people's files (`.DS_Store`, `._x.json`, `Thumbs.db`) is passed over.
"""

import io
import os
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from exercises.errors import UserError
from exercises.i18n import Language, preferred_language
from grading.submission.names import is_of_a_system
from grading.wording import Message, message
from manifests.reader import read_regular_file

MAX_FILES = 30_000
MAX_DEPTH = 8
MAX_FILE_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 2**30
MAX_ZIP_BYTES = 2**30
MAX_RATIO = 200  # a zip member that grows more than this is a bomb: pictures do not shrink, JSON does by 20
RATIO_FROM_BYTES = 2**20
MAX_PROBLEMS = 50
_MAX_ONE_READ = 8 * 2**20  # zipfile reads a zip's whole list of members at once: this bounds the list
_CHUNK = 2**16


class Unreadable(UserError):
    """A file, or a whole submission, that cannot be read; `message` says why."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason.key)
        self.message = reason

    def in_language(self, language: Language) -> str:
        return self.message.text(language)

    def __str__(self) -> str:
        return self.in_language(preferred_language())


class Files(ABC):
    """Plain files by relative POSIX name, with sizes in bytes; `problems` names what was left out."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.problems: list[Message] = []
        self._left = MAX_TOTAL_BYTES
        self._counted: dict[str, int] = {}  # bytes of the files that were read, by name

    def read(self, name: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """The bytes of a file; raises Unreadable when it is missing, too large or damaged."""
        if name not in self.sizes:
            raise Unreadable(message("file.missing", file=name))
        if self.sizes[name] > limit:
            raise Unreadable(message("file.too_large", file=name, size=self.sizes[name], limit=limit))
        counted = self._counted.get(name, 0)
        if self.sizes[name] - counted > self._left:
            raise Unreadable(message("file.total", file=name, limit=MAX_TOTAL_BYTES))
        data = self._read(name, limit)
        if len(data) > limit:
            raise Unreadable(message("file.too_large", file=name, size=len(data), limit=limit))
        if len(data) > counted:
            self._left -= len(data) - counted
            self._counted[name] = len(data)
        return data

    @abstractmethod
    def _read(self, name: str, limit: int) -> bytes:
        """At most `limit` + 1 bytes of a file that is listed."""

    @abstractmethod
    def open_zip(self, name: str) -> "ZipFiles":
        """A zip among the files; close it after use. Raises Unreadable."""

    def close(self) -> None:  # noqa: B027 - a folder holds nothing open
        """Give back what is open."""

    def _problem(self, key: str, name: object) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(message(key, file=name))

    def _add(self, name: str, size: int) -> None:
        if len(self.sizes) >= MAX_FILES:
            raise Unreadable(message("submission.too_many_files", limit=MAX_FILES))
        self.sizes[name] = size


class FolderFiles(Files):
    """Files below a folder. With `only`, of the top level just these names are looked at."""

    def __init__(self, root: Path, only: Iterable[str] | None = None) -> None:
        super().__init__()
        self._root = root
        self._only = None if only is None else frozenset(only)
        self._walk(root, PurePosixPath())

    def _walk(self, folder: Path, relative: PurePosixPath) -> None:
        try:
            with os.scandir(folder) as scan:
                entries = []
                for entry in scan:
                    entries.append(entry)
                    if len(entries) > MAX_FILES:
                        raise Unreadable(message("submission.too_many_files", limit=MAX_FILES))
        except OSError:
            self._problem("file.no_access", relative)
            return
        for entry in sorted(entries, key=lambda e: e.name):
            if self._only is not None and not relative.parts and entry.name not in self._only:
                continue
            self._take(entry, relative / entry.name)

    def _take(self, entry: os.DirEntry[str], relative: PurePosixPath) -> None:
        name = str(relative)
        if is_of_a_system(entry.name):
            return
        if not _is_utf8(name):
            self._problem("file.bad_name", os.fsencode(name).decode("utf-8", "backslashreplace"))
        elif entry.is_symlink():
            self._problem("file.link", name)
        elif entry.is_dir(follow_symlinks=False):
            if len(relative.parts) > MAX_DEPTH:
                self._problem("file.too_deep", name)
            else:
                self._walk(Path(entry.path), relative)
        elif entry.is_file(follow_symlinks=False):
            try:
                self._add(name, entry.stat(follow_symlinks=False).st_size)
            except FileNotFoundError:
                pass  # deleted since the folder was listed
            except OSError:
                self._problem("file.no_access", name)
        else:
            self._problem("file.not_plain", name)

    def _read(self, name: str, limit: int) -> bytes:
        try:
            return read_regular_file(self._root / name, limit)
        except OSError:
            raise Unreadable(message("file.no_access", file=name)) from None

    def open_zip(self, name: str) -> "ZipFiles":
        return ZipFiles(self._root / name)


class ZipFiles(Files):
    """Files of a zip: stored or deflated members only, none encrypted, each name once.

    Backslashes in names part folders, as some tools of Windows write them.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        """`content` are the bytes of a zip that lies in another; `path` then only names it."""
        super().__init__()
        self._members: dict[str, zipfile.ZipInfo] = {}
        try:
            self._file: BinaryIO = _BoundedFile(_open_plain(path)) if content is None else _InMemory(content)
        except OSError:
            raise Unreadable(message("file.no_access", file=path.name)) from None
        try:
            size = self._file.seek(0, os.SEEK_END)
            if size > MAX_ZIP_BYTES:
                raise Unreadable(message("file.too_large", file=path.name, size=size, limit=MAX_ZIP_BYTES))
            self._zip = zipfile.ZipFile(self._file)
            for info in self._zip.infolist():
                self._take(info, info.filename.replace("\\", "/"))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError):
            self._file.close()
            raise Unreadable(message("submission.bad_zip", file=path.name)) from None
        except BaseException:
            self._file.close()
            raise

    @property
    def content(self) -> frozenset[tuple[str, int, int]]:
        """What is in it by name, size and checksum: the same for two copies of one zip."""
        return frozenset((name, info.file_size, info.CRC) for name, info in self._members.items())

    def open_zip(self, name: str) -> "ZipFiles":
        return ZipFiles(Path(name), self.read(name))

    def _take(self, info: zipfile.ZipInfo, name: str) -> None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if name.endswith("/") or any(is_of_a_system(part) for part in name.split("/") if part.strip(".")):
            return
        if not _is_safe_member_name(name):
            self._problem("file.bad_name", name)
        elif kind == stat.S_IFLNK:
            self._problem("file.link", name)
        elif kind not in (0, stat.S_IFREG):
            self._problem("file.not_plain", name)
        elif info.flag_bits & 0x1:
            self._problem("file.encrypted", name)
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self._problem("file.compression", name)
        elif info.file_size > RATIO_FROM_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size):
            self._problem("file.bomb", name)
        elif name in self.sizes:
            self._problem("file.twice", name)
        else:
            self._add(name, info.file_size)
            self._members[name] = info

    def _read(self, name: str, limit: int) -> bytes:
        data = io.BytesIO()
        try:
            with self._zip.open(self._members[name]) as member:
                while data.tell() <= limit and (chunk := member.read(_CHUNK)):
                    data.write(chunk)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            ValueError,
            RuntimeError,
            NotImplementedError,
            EOFError,
        ):
            raise Unreadable(message("file.damaged", file=name)) from None
        return data.getvalue()

    def close(self) -> None:
        self._zip.close()
        self._file.close()


class _BoundedFile(io.FileIO):
    def read(self, size: int | None = -1, /) -> bytes:
        _refuse_long_lists(size)
        return super().read(-1 if size is None else size) or b""


class _InMemory(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        _refuse_long_lists(size)
        return super().read(size)


def _refuse_long_lists(size: int | None) -> None:
    if size is not None and size > _MAX_ONE_READ:
        raise zipfile.BadZipFile("the list of members is too long")


def _open_plain(path: Path) -> int:
    flags = (
        os.O_RDONLY
        | getattr(os, "O_NOFOLLOW", 0)
        | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_CLOEXEC", 0)
    )
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a plain file")
    return descriptor


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_safe_member_name(name: str) -> bool:
    parts = name.split("/")
    return (
        len(name) <= 512
        and len(parts) <= MAX_DEPTH + 1
        and _is_utf8(name)
        and not any(part in ("", ".", "..") for part in parts)
        and not any(c == ":" or ord(c) < 32 for c in name)
    )
