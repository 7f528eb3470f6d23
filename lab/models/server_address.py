"""What is an address of a server that draws, as an environment variable names it."""

import re
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

_PLAIN = re.compile(r"https?://[^\s/@?#]+(/[^\s?#]*)?")
_WITH_LOGIN = re.compile(r"https?://([^\s/@?#]*@)?[^\s/@?#]+(/[^\s?#]*)?")


def server_address(text: str, example: str, *, login: bool = False) -> str:
    """The text, if it names scheme and host, and perhaps port and path. For a validator of pydantic's.

    With `login`, `user:password@` may stand in it. No part of the text is in the error.
    """
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  (it raises for a port that is none)
        good = bool((_WITH_LOGIN if login else _PLAIN).fullmatch(text)) and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise PydanticCustomError(
            "server_address", "an address such as {example} was expected", {"example": example}
        )
    return text
