"""Whole pages are Jinja templates beside the code that fills them; all that is put into one is escaped."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from exercises.i18n import COLON


@cache
def templates(package: str) -> Environment:
    """Those in the folder `templates` of a package. A value that a page needs and nobody gave is an error.

    `{{ colon[t.language] }}` is the sign between a name and what it is.
    """
    found = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["colon"] = COLON
    return found
