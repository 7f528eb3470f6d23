"""The outlines found in a picture, shown before they lead."""

from markupsafe import Markup

from exercises.i18n import Translate


def found(t: Translate, url: str, words: str) -> Markup:
    """The picture of outlines with what is said of it."""
    return Markup(
        '<figure class="mask-board"><img src="{}" alt="{}"><figcaption>{}</figcaption></figure>'
    ).format(url, t("outlines.alt"), words)
