"""The whole pages that the lab writes itself: templates with everything escaped."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from exercises.i18n import Language, translator


def render(template: str, language: Language, **values: object) -> str:
    """A page from `lab/web/templates`, with `t` and `language` at hand."""
    return (
        _environment()
        .get_template(template)
        .render(language=language, t=translator("lab", language), **values)
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lab.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
