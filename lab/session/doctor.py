"""Everything that can be wrong with this machine and this work folder, each with what was found and its fix.

One rule: a check only looks. It is quick, loads no torch, changes nothing, and one that fails
itself is a finding like any other. The command and the Health tab show the same list.
"""

import logging
import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from dotenv import dotenv_values
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from exercises.errors import SystemReason, UserError
from exercises.i18n import Language, Translator, listed, number, translator
from exercises.loader import assignment_ids, find_assignment
from lab.models.availability import availability
from lab.models.checksums import changed_files
from lab.models.registry import MODELS
from lab.models.weights import find_controlnet
from lab.session.a1111_check import a1111_finding
from lab.session.comfyui_check import comfyui_findings
from lab.session.machine import free_memory, graphics_cards
from lab.session.settings_check import key_findings, settings_findings
from manifests.chain import verify_chain
from manifests.store import Store
from manifests.work_folder import nearest, refusal

log = logging.getLogger(__name__)

GIB = 2**30
DISK_LOW, DISK_NONE = 2 * GIB, GIB // 10
MEMORY_LOW = int(1.5 * GIB)
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)  # a clock before this is wrong
CLOCK_TOLERANCE = timedelta(minutes=5)


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """What one check found. `fix` says what to do, and is empty only where nothing need be done."""

    check: str
    state: State
    title: str
    finding: str
    fix: str = ""


@dataclass(frozen=True)
class Case:
    """What is examined, and for whom. `port` is None where the lab itself is what listens there."""

    language: Language
    work: Path
    student: str
    host: str = "127.0.0.1"
    port: int | None = None
    variables: dict[str, str] = field(default_factory=lambda: _variables(Path(".env")))

    @property
    def t(self) -> Translator:
        return translator("lab", self.language)

    def gib(self, size: int) -> str:
        return number(round(size / GIB, 1), self.t.language)

    def found(self, state: State, key: str, **values: object) -> Finding:
        """A finding in the person's language: `doctor.<check>.<key>`, and its `_fix` unless all is well."""
        check, variant = key.split(".")
        fix = "" if state is State.OK else self.t(f"doctor.{check}.{variant}_fix", **values)
        return Finding(
            check, state, self.t(f"doctor.{check}.title"), self.t(f"doctor.{check}.{variant}", **values), fix
        )


def examine(case: Case) -> list[Finding]:
    """All checks, in order."""
    findings: list[Finding] = []
    for check in CHECKS:
        try:
            findings += check(case)
        except Exception as error:
            log.exception("The check %s failed", check.__name__)
            name, kind = check.__name__.lstrip("_"), type(error).__name__
            findings.append(case.found(State.PROBLEM, "itself.failed", check=name, kind=kind))
    return findings


def _python(case: Case) -> Iterator[Finding]:
    asked = metadata.metadata("genai-lab")["Requires-Python"]
    version = platform.python_version()
    good = SpecifierSet(asked).contains(version, prereleases=True)
    yield case.found(
        State.OK if good else State.PROBLEM,
        "python.version" if good else "python.wrong",
        version=version,
        asked=asked,
    )


def _libraries(case: Case) -> Iterator[Finding]:
    versions: list[str] = []
    for requirement in map(Requirement, metadata.requires("genai-lab") or []):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name, asked = requirement.name, str(requirement.specifier)
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield case.found(State.PROBLEM, "libraries.missing", name=name, asked=asked)
            continue
        versions.append(f"{name}\u00a0{version}")
        if not requirement.specifier.contains(version, prereleases=True):
            yield case.found(State.PROBLEM, "libraries.wrong", name=name, version=version, asked=asked)
    yield case.found(State.OK, "libraries.versions", versions=", ".join(versions))


def _work(case: Case) -> Iterator[Finding]:
    folder = nearest(case.work)
    if not folder.is_dir():
        yield case.found(State.PROBLEM, "work.not_folder", folder=folder)
        return
    refused = refusal(case.work)
    if refused is not None:
        reason = SystemReason(refused)
        yield case.found(State.PROBLEM, "work.read_only", folder=folder, reason=reason)
    else:
        yield case.found(State.OK, "work.writable", folder=case.work.absolute())


def _disk(case: Case) -> Iterator[Finding]:
    free = shutil.disk_usage(nearest(case.work)).free
    state = State.PROBLEM if free < DISK_NONE else State.WARNING if free < DISK_LOW else State.OK
    yield case.found(state, "disk.free" if state is State.OK else "disk.low", free=case.gib(free))


def _memory(case: Case) -> Iterator[Finding]:
    free, total = free_memory()
    state = State.OK if free >= MEMORY_LOW else State.WARNING
    key = "memory.free" if state is State.OK else "memory.low"
    yield case.found(state, key, free=case.gib(free), total=case.gib(total), needed=case.gib(MEMORY_LOW))


def _gpu(case: Case) -> Iterator[Finding]:
    cards = graphics_cards()
    if not cards:
        yield case.found(State.OK, "gpu.none")
    elif "+cpu" in metadata.version("torch"):
        yield case.found(
            State.WARNING, "gpu.unused", cards=listed(cards, case.language), torch=metadata.version("torch")
        )
    else:
        yield case.found(State.OK, "gpu.cards", cards=listed(cards, case.language))


def _models(case: Case) -> Iterator[Finding]:
    """The bundled model must be here, whole and unchanged; the others may be."""
    states = [availability(name) for name in MODELS]
    ready = [state.model for state in states if state.available]
    if ready:
        yield case.found(State.OK, "models.ready", ids=", ".join(ready))
    for state in states:
        if MODELS[state.model].bundled and not state.available:
            yield case.found(State.PROBLEM, "models.bundled", reason=state.text(case.language))
        if MODELS[state.model].bundled and state.folder is not None:
            for folder in filter(None, (state.folder, find_controlnet(MODELS[state.model]))):
                for file in changed_files(folder):
                    yield case.found(State.PROBLEM, "models.changed", file=f"{folder.name}/{file}")
    others = [s.model for s in states if not s.available and not MODELS[s.model].bundled]
    if others:
        yield case.found(State.OK, "models.others", ids=", ".join(others))


def _comfyui(case: Case) -> Iterator[Finding]:
    for key, values in comfyui_findings(case.language):
        good = key in ("comfyui.ready", "comfyui.not_set")
        yield case.found(State.OK if good else State.PROBLEM, key, **values)


def _a1111(case: Case) -> Iterator[Finding]:
    key, values = a1111_finding()
    good = key in ("a1111.ready", "a1111.not_set")
    yield case.found(State.OK if good else State.PROBLEM, key, **values)


def _adapt(case: Case) -> Iterator[Finding]:
    there = find_spec("peft") is not None
    yield case.found(State.OK if there else State.WARNING, "adapt.ready" if there else "adapt.missing")


def _exercises(case: Case) -> Iterator[Finding]:
    good = []
    for name in assignment_ids():
        try:
            good.append(find_assignment(name).id)
        except UserError as error:
            yield case.found(State.PROBLEM, "exercises.bad", id=name, reason=error.in_language(case.language))
    if good:
        yield case.found(State.OK, "exercises.load", ids=", ".join(good))
    else:
        yield case.found(State.PROBLEM, "exercises.none")


def _record(case: Case) -> Iterator[Finding]:
    """The record of each assignment in the work folder: its chain, what is missing, what is strange.

    Pictures are counted as the gallery counts them, and nothing is ever to be deleted.
    """
    folders = _assignment_folders(case.work)
    if not folders:
        yield case.found(State.OK, "record.empty")
    for folder in folders:
        store = Store(case.work, folder.name, case.student)
        chain = store.chain()
        breaks = verify_chain(chain)
        if breaks:
            reason = breaks[0].text(case.language)
            yield case.found(
                State.PROBLEM, "record.broken", id=folder.name, number=len(breaks), reason=reason
            )
        else:
            pictures, binned = len(store.records()), len(store.binned())
            yield case.found(State.OK, "record.whole", id=folder.name, number=pictures, binned=binned)
        left = store.leftovers()
        for key, names in (
            ("record.picture_gone", [record.image_path.name for record in store.missed()]),
            ("record.unreadable", [path.name for path in left if _is_manifest(path.name)]),
            ("record.leftovers", [path.name for path in left if not _is_manifest(path.name)]),
        ):
            if names:
                state = State.WARNING if key == "record.leftovers" else State.PROBLEM
                shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
                yield case.found(state, key, id=folder.name, number=len(names), names=shown)


def _is_manifest(name: str) -> bool:
    """By its name; what begins with a point is an operating system's."""
    return name.endswith(".json") and not name.startswith(".")


def _settings(case: Case) -> Iterator[Finding]:
    states = {
        "wrong": State.PROBLEM,
        "typo": State.WARNING,
        "unknown": State.WARNING,
        "language": State.WARNING,
    }
    for key, values in settings_findings(case.variables, case.language):
        yield case.found(states.get(key.removeprefix("settings."), State.OK), key, **values)


def _keys(case: Case) -> Iterator[Finding]:
    for key, values in key_findings(case.variables, case.language):
        yield case.found(State.PROBLEM if key == "keys.refused" else State.OK, key, **values)


def _port(case: Case) -> Iterator[Finding]:
    if case.port is None:
        yield case.found(State.OK, "port.ours")
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server does: not just closed ones
        try:
            probe.bind((case.host, case.port))
        except OSError as error:
            reason = SystemReason(error)
            yield case.found(State.WARNING, "port.taken", host=case.host, port=case.port, reason=reason)
        else:
            yield case.found(State.OK, "port.free", host=case.host, port=case.port)


def _clock(case: Case) -> Iterator[Finding]:
    now = datetime.now(UTC)
    made = [
        manifest.time
        for folder in _assignment_folders(case.work)
        for manifest in Store(case.work, folder.name, case.student).chain()
    ]
    text = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < RELEASED:
        yield case.found(State.PROBLEM, "clock.early", now=text)
    elif made and max(made) > now + CLOCK_TOLERANCE:
        yield case.found(State.WARNING, "clock.future", now=text, newest=f"{max(made):%Y-%m-%d %H:%M} UTC")
    else:
        yield case.found(State.OK, "clock.right", now=text)


CHECKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _python,
    _libraries,
    _work,
    _disk,
    _memory,
    _gpu,
    _models,
    _comfyui,
    _a1111,
    _adapt,
    _exercises,
    _record,
    _settings,
    _keys,
    _port,
    _clock,
)


def _variables(dotenv: Path) -> dict[str, str]:
    """The environment over the `.env` file, as the settings read them."""
    return {name: value or "" for name, value in dotenv_values(dotenv).items()} | dict(os.environ)


def _assignment_folders(work: Path) -> list[Path]:
    """The folders of the work folder that hold an assignment's record."""
    if not work.is_dir():
        return []
    return sorted(path for path in work.iterdir() if not path.is_symlink() and (path / "outputs").is_dir())
