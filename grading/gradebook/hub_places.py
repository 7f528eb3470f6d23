"""Where each student's grade goes: asked of the Hub, which keeps it of each launch; and the tool's keys.

Both are the hub's: `hub.authenticators.lti.grades` writes the files, and the Hub's API gives `auth_state`
to the token in them alone.
"""

import json
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlsplit

import httpx2
from cryptography.hazmat.primitives import serialization
from pydantic import ValidationError

from grading.gradebook.errors import GradebookError
from grading.gradebook.push import Place, Tool
from manifests.reader import read_regular_file

FOLDER, KEY, TOKEN, TOOL = "lti", "tool-key.pem", "grades-token", "tool.json"
MAX_BYTES = 2**16
HERE = ("127.0.0.1", "localhost", "::1")


def read_tool(state: Path) -> tuple[Tool, str]:
    """The tool, and the Hub's token. Raises GradebookError where the hub keeps none."""
    folder = state / FOLDER
    try:
        pem = read_regular_file(folder / KEY, MAX_BYTES)
        token = read_regular_file(folder / TOKEN, MAX_BYTES).decode().strip()
        url = json.loads(read_regular_file(folder / TOOL, MAX_BYTES))["token_url"]
        key = serialization.load_pem_private_key(pem, None)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GradebookError("gradebook.no_tool", folder=str(folder)) from error
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Tool(str(url), pem.decode(), public.decode()), token


class Places:
    """Asks the Hub, one student after the other."""

    def __init__(self, hub: str, token: str) -> None:
        parts = urlsplit(hub)
        if parts.scheme != "https" and parts.hostname not in HERE:
            raise GradebookError("gradebook.hub_not_https", hub=hub[:200])
        headers = {"Authorization": f"token {token}"}
        self._client = httpx2.Client(base_url=f"{hub.rstrip('/')}/hub/api/", headers=headers, timeout=30)

    def of(self, student: str) -> Place | None:
        """None for who is no user of the Hub, or never came from a link that takes grades."""
        try:
            answer = self._client.get(f"users/{quote(student.strip().lower(), safe='')}")
            if answer.status_code == 404:
                return None
            answer.raise_for_status()
            return Place.model_validate((answer.json().get("auth_state") or {}).get("grades"))
        except ValidationError:
            return None
        except (httpx2.HTTPError, ValueError, AttributeError) as error:
            raise GradebookError("gradebook.no_hub", reason=str(error)[:200]) from error

    def __enter__(self) -> "Places":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
