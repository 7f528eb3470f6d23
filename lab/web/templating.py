"""The whole pages that the lab writes itself: templates with everything escaped."""

from exercises.i18n import Language, translator
from exercises.templates import templates


def render(template: str, language: Language, **values: object) -> str:
    """A page from `lab/web/templates`, with `t` and `language` at hand."""
    return (
        templates("lab.web")
        .get_template(template)
        .render(language=language, t=translator("lab", language), **values)
    )
