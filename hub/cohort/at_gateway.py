"""What the class's gateway keeps of a student who is removed: it is asked to erase feedback and works."""

from pathlib import Path
from urllib.parse import quote

import httpx2

from hub.cohort.errors import CohortError

ADDRESS_FILE, TOKEN_FILE = "gateway-address", "gateway-token"
SECONDS = 30.0


def is_there(state: Path) -> bool:
    """Whether the Hub of this state folder has a gateway."""
    return (state / ADDRESS_FILE).is_file()


async def forget(state: Path, user: str) -> list[str]:
    """What the gateway has erased; nothing where the Hub of this state folder has no gateway.

    Raises CohortError where it does not answer.
    """
    try:
        address = (state / ADDRESS_FILE).read_text(encoding="utf-8").strip()
        token = (state / TOKEN_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return []
    try:
        async with httpx2.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            answer = await client.delete(
                f"{address}/class/students/{quote(user, safe='')}",
                headers={"Authorization": f"Bearer {token}"},
            )
        erased = answer.raise_for_status().json()
        return [f"gateway/{name}" for name in ("feedback", "wall") if erased[name]]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise CohortError("cohort.remove.gateway", reason=str(error) or type(error).__name__) from error
