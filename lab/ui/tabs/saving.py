"""Saving what a student writes: one change at a time, and what the page says of it.

Text boxes are listened to by `change`: Gradio's `input` comes with key presses only, not when text is pasted
or cut.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any

from filelock import Timeout

from exercises.errors import UserError
from lab.records import answers as answering
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import markup
from lab.ui.page import QUIET, Page
from manifests.answers import Answers

log = logging.getLogger(__name__)

SAVING: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
# One change at a time, so that what a page shows is never put together from two that overtook each other.
ONE_AT_A_TIME = Lock()


def save(
    lab: Lab, page: Page, change: answering.Change, shown: Answers | None, tell: Callable[[Answers], str]
) -> Any:
    """Save one change: what became of it, and what `tell` says of what the page shows now.

    The change is made in `shown` too, where the page's other changes find it. One that changes nothing
    comes from the page being filled, and is skipped. Another page may have written something else
    meanwhile: that is on disk and not in `shown`, so that this page takes it in when it is shown again.
    """
    import gradio as gr

    if shown is None:
        return gr.skip()
    t = page.t
    with ONE_AT_A_TIME:
        before = shown.model_copy(deep=True)
        change(shown)
        if shown == before:
            return gr.skip()
        shown.language = page.language
        try:
            answering.update(lab.folder, page.language, change)
            said = markup.status(t("evaluation.saved", time=f"{datetime.now():%H:%M:%S}"))
        except (UserError, OSError, Timeout) as error:
            log.warning("The answers could not be saved: %s", error)
            said = markup.status(t("evaluation.not_saved", reason=error_text(error, page.language)), bad=True)
        return said, tell(shown)
