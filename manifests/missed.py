"""Pictures that are gone while their manifests are there: one rule, of Health and of the checks.

Rule: a picture that is gone is missed until its run has been made again, by a later attempt that has
its own. The manifest stays in either case, for it is part of the chain.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from manifests.manifest import Manifest


class HasManifest(Protocol):
    @property
    def manifest(self) -> Manifest: ...


R = TypeVar("R", bound=HasManifest)


def missed(records: Iterable[R], has_picture: Callable[[R], bool]) -> list[R]:
    """The records whose picture is missed, in their order."""
    records = list(records)
    made: dict[tuple[str, str, str], int] = {}
    for record in filter(has_picture, records):
        made[_run(record)] = max(record.manifest.attempt, made.get(_run(record), 0))
    return [r for r in records if not has_picture(r) and r.manifest.attempt > made.get(_run(r), 0)]


def _run(record: HasManifest) -> tuple[str, str, str]:
    manifest = record.manifest
    return manifest.student, manifest.exercise, manifest.run
