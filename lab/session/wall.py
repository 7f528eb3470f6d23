"""The class's wall as this lab sees it: asked of the class's gateway, pictures kept in the cache.

Rule: a student's picture goes there only when they say so, as a copy, without the photograph it began with.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from exercises.errors import CatalogueError
from manifests.manifest import Request
from manifests.store import Record
from manifests.wall import Remix, Settings, Shown, Wall, Work, remember_remix, remixes

log = logging.getLogger(__name__)

TIMEOUT = 10.0
MAX_WALL = 32 * 2**20  # bytes of the wall's list
MAX_PICTURE = 4 * 2**20
SAID = frozenset({"no_work", "wall_full", "bad_picture", "bad_work"})  # codes that have words in `wall.…`


class WallError(CatalogueError):
    """The wall could not be asked, or it refused: `wall.<code>` says why."""

    package = "lab"


@dataclass(frozen=True)
class ClassWall:
    """The wall at that gateway, for one assignment's folder. `pictures`: where copies of them are kept."""

    gateway: str
    token: SecretStr
    folder: Path
    pictures: Path

    def wall(self) -> Wall:
        """All works this person may see. Raises WallError."""
        try:
            return Wall.model_validate_json(self._ask("GET", "/v1/wall", most=MAX_WALL))
        except ValidationError as error:
            raise WallError("wall.unreadable") from error

    def show(self, record: Record, title: str, shown_as: str, remix_of: str | None) -> None:
        """Put a picture on the wall. Raises WallError."""
        shown = Shown(title=title, shown_as=shown_as, made_by=settings_of(record), remix_of=remix_of or None)
        self._ask(
            "POST",
            "/v1/wall",
            files={"picture": ("picture", record.image_path.read_bytes())},
            data={"shown": shown.model_dump_json()},
        )

    def take_down(self, work: str) -> None:
        """Raises WallError."""
        self._ask("DELETE", f"/v1/wall/{work}")

    def vote(self, work: str, *, wanted: bool) -> None:
        """Raises WallError."""
        self._ask("PUT" if wanted else "DELETE", f"/v1/wall/{work}/vote")

    def hide(self, work: str, *, hidden: bool) -> None:
        """For instructors. Raises WallError."""
        self._ask("PUT", f"/class/wall/{work}", json={"hidden": hidden})

    def picture(self, work: Work) -> Path | None:
        """A work's picture in the cache; None where it cannot be had."""
        path = self.pictures / f"{work.id}.webp"
        if path.exists():
            return path
        try:
            data = self._ask("GET", f"/v1/wall/{work.id}/picture", most=MAX_PICTURE)
            self.pictures.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(data)
            part.replace(path)
        except (WallError, OSError):
            return None
        return path

    def forget(self, wall: Wall) -> None:
        """Delete the pictures of works that are no longer on the wall."""
        there = {f"{work.id}.webp" for work in wall.works}
        for path in self.pictures.glob("*.webp"):
            if path.name not in there:
                path.unlink(missing_ok=True)

    def take_over(self, work: Work) -> dict[str, Any]:
        """What the Studio takes over of a work, which is written down. Raises OSError."""
        request = work.made_by.request
        negative = request.negative_prompt if request else ""
        remember_remix(
            self.folder,
            Remix(
                id=work.id,
                title=work.title,
                shown_as=work.shown_as,
                prompt=work.made_by.prompt,
                negative_prompt=negative,
            ),
        )
        if request is None:
            return {"prompt": work.made_by.prompt}
        return request.model_dump(exclude={"mode", "source", "strength"}, exclude_none=True)

    def taken_over(self) -> list[Remix]:
        """What was taken over in this assignment, the newest first."""
        return remixes(self.folder)[::-1]

    def _ask(self, method: str, path: str, most: int = 2**20, **sent: Any) -> bytes:
        import httpx2

        try:
            with (
                httpx2.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    method,
                    f"{self.gateway}{path}",
                    headers={"Authorization": f"Bearer {self.token.get_secret_value()}"},
                    **sent,
                ) as answer,
            ):
                data = b""
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > most:
                        raise WallError("wall.unreadable")
        except httpx2.HTTPError as error:
            log.warning("The class's wall cannot be asked: %s", type(error).__name__)
            raise WallError("wall.not_reached") from error
        if not answer.is_success:
            raise WallError(f"wall.{_code(data)}")
        return data


def settings_of(record: Record) -> Settings:
    """What the class is told of how a picture was made: no file of the student's, no name."""
    manifest = record.manifest
    asked = manifest.request
    ours = isinstance(asked, Request)
    return Settings(
        assignment=manifest.assignment,
        model=manifest.model.id,
        mode=asked.mode,
        prompt=asked.prompt,
        request=asked.model_copy(update={"source": None}) if ours else None,
    )


def _code(data: bytes) -> str:
    """Why the gateway refused, as far as there are words for it."""
    import json

    try:
        code = json.loads(data)["error"]["code"]
    except (ValueError, TypeError, KeyError):
        return "refused"
    return code if code in SAID else "refused"
