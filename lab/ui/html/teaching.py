"""What is seen of teaching: the loss curve and the samples so far, while it goes on and afterwards."""

import base64
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from exercises.errors import UserError
from exercises.i18n import Translator
from lab.jobs.adapt import step_of
from lab.ui.html import loss_curve
from manifests.pictures import open_picture
from manifests.reader import read_regular_file

MOST_SAMPLES = 16
SIDE = 192  # pixels of a sample as it is shown
MAX_BYTES = 2 * 2**20


def so_far(t: Translator, word: str, losses: Sequence[tuple[int, float]], samples: Sequence[Path]) -> Markup:
    """The curve with its words, and below it the last samples with their steps."""
    figures = []
    for path in samples[-MOST_SAMPLES:]:
        step, url = step_of(path), _url(path)
        if not url:
            continue
        alt = t("adapt.sample", word=word, step=step)
        figures.append(
            Markup(
                '<figure><img src="{}" alt="{}" width="96" height="96"><figcaption>{}</figcaption></figure>'
            ).format(url, alt, step)
        )
    if not figures:
        return loss_curve.drawn(t, losses)
    strip = Markup('<div class="samples" role="group" aria-label="{}">{}</div>').format(
        t("adapt.samples"), Markup("").join(figures)
    )
    return loss_curve.drawn(t, losses) + strip


def _url(path: Path) -> str:
    """A sample as an address of its own, small: it lies in a folder that is not served.

    Empty where it is no picture.
    """
    try:
        return _small(path, path.stat().st_mtime_ns)
    except (OSError, UserError):
        return ""


@lru_cache(maxsize=256)
def _small(path: Path, changed: int) -> str:
    """`changed`: a sample written anew is read anew. Raises OSError, PictureError."""
    picture, out = open_picture(read_regular_file(path, MAX_BYTES)), io.BytesIO()
    picture.thumbnail((SIDE, SIDE))
    picture.save(out, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")
