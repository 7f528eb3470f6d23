"""What each parameter of the Studio does: a sentence, and a strip of pictures in which it alone changes.

The strips in `static/parameters` were drawn by `mini` (`training/parameter_pictures.py`).
"""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from exercises.i18n import Translate

FOLDER = Path(str(files("lab.ui").joinpath("static", "parameters")))
NAMES = ("prompt", "negative_prompt", "size", "steps", "guidance_scale", "scheduler", "seed", "strength")


def parameter_help(t: Translate, url: Callable[[Path], str]) -> Markup:
    """All of them; `url` says where the browser finds a file."""
    return Markup('<dl class="parameter-help">{}</dl>').format(
        Markup("").join(
            Markup(
                '<dt>{}</dt><dd>{} <figure><img src="{}" alt="" loading="lazy" width="288" height="96">'
                "<figcaption>{}</figcaption></figure></dd>"
            ).format(
                t(f"parameter.{name}"),
                t(f"help.{name}"),
                url(FOLDER / f"{name}.webp"),
                t(f"help.{name}_shown"),
            )
            for name in NAMES
        )
    )
