"""The container's health check, `python -m lab.web.health`: it asks the lab whether it answers.

Any answer below 500 counts, a login page too. Light, because it runs once a minute beside the lab.
"""

import os
import sys
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen


def address(environment: dict[str, str]) -> str:
    """The lab's own address: below JupyterHub the one it was told to bind, else the settings' port."""
    bound = urlsplit(environment.get("JUPYTERHUB_SERVICE_URL", ""))
    port = bound.port or int(environment.get("GENAI_PORT", "7860"))
    path = bound.path or environment.get("GENAI_PREFIX", "").rstrip("/") + "/"
    return f"http://127.0.0.1:{port}{path}api"


def answers(url: str, timeout: float = 5) -> bool:
    """Whether the address answers within `timeout` seconds with anything but a server's error."""
    try:
        with urlopen(url, timeout=timeout):  # noqa: S310  (the address is the container's own)
            return True
    except HTTPError as error:
        return error.code < 500
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(not answers(address(dict(os.environ))))
