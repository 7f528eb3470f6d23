"""The place in which a mask is drawn over a picture; what moves in it is in `static/masks.js`."""

import json

from markupsafe import Markup

from exercises.i18n import Translate

_WORDS = "tools brush eraser size undo invert clear rectangle left top right bottom mark unmark nothing"
TEXTS = tuple(_WORDS.split())


def drawing_board(t: Translate, url: str, key: str, size: tuple[int, int], to: str) -> Markup:
    """A picture of that size to draw upon. `key`: of what is marked; `to`: the field that gets it."""
    texts = {name: t(f"mask.{name}") for name in TEXTS}
    places = {name: f"{{{name}}}" for name in ("percent", "left", "top", "right", "bottom")}
    texts["marked"] = t("mask.marked", **places)  # the script fills them in
    return Markup(
        '<lab-mask data-src="{}" data-alt="{}" data-key="{}" data-width="{}" data-height="{}" data-to="{}"'
        ' data-texts="{}"></lab-mask>'
    ).format(url, t("mask.alt"), key, *size, to, json.dumps(texts))


def canvas_preview(t: Translate, url: str, size: tuple[int, int]) -> Markup:
    """A picture on its larger canvas, the new border marked."""
    words = t("mask.canvas", width=size[0], height=size[1])
    return Markup(
        '<figure class="mask-board"><img src="{}" alt="{}"><figcaption>{}</figcaption></figure>'
    ).format(url, t("mask.canvas_alt"), words)


def used_mask(t: Translate, url: str) -> Markup:
    """The mask of a recalled picture, which is used until something is marked."""
    return Markup(
        '<figure class="mask-board used"><img src="{}" alt="{}"><figcaption>{}</figcaption></figure>'
    ).format(url, t("mask.used_alt"), t("mask.used"))
