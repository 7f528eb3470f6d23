"""A file that is made when it is asked for: kept in the lab's cache, told with its size, and sent at once.

What was made a day ago is deleted when the next one is made.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

from markupsafe import Markup

from exercises.errors import UserError
from exercises.i18n import number
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import markup
from lab.ui.page import QUIET, Page
from manifests.atomic import write_atomic

A_DAY = 24 * 3600
SEND = "() => setTimeout(() => document.querySelector('#{id} a[download]')?.click(), 60)"


@dataclass(frozen=True)
class Download:
    """A file to send, and what to say of it."""

    name: str
    data: bytes
    words: str


def sends(
    page: Page, button: Any, make: Callable[..., Download | None], inputs: Sequence[Any], said: Any
) -> None:
    """`button` sends what `make(*inputs)` returns; `said` is the page's message that tells of it."""

    def answer(*values: Any) -> str:
        try:
            made = make(*values)
            return _link(page, made) if made else markup.status(page.t("gallery.gone"), bad=True)
        except (UserError, OSError) as error:
            reason = error_text(error, page.language)
            return markup.status(page.t("download.failed", reason=reason), bad=True)

    event = button.click(answer, list(inputs), said, **QUIET)
    event.then(None, js=SEND.format(id=said.elem_id))


def _link(page: Page, made: Download) -> str:
    path = _kept(page.lab, made)
    kib = number(max(1, round(len(made.data) / 1024)), page.language)
    return Markup('<p class="status"><a href="{}" download="{}">{}</a> ({}) {}</p>').format(
        page.file_url(path), made.name, made.name, page.t("download.size", kib=kib), made.words
    )


def _kept(lab: Lab, made: Download) -> Path:
    folder = lab.cache / "downloads"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.is_dir() and old.stat().st_mtime < time.time() - A_DAY:
            rmtree(old, ignore_errors=True)
    path = folder / sha256(made.data).hexdigest()[:16] / made.name
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        write_atomic(path, made.data)
    return path
