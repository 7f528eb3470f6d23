"""What the doctor finds about the server with A1111's API that is set up."""

from pydantic import ValidationError

from lab.models.a1111.entries import a1111_entries
from lab.models.a1111.server import configured_server
from lab.models.a1111.settings import API
from lab.models.http import NoAnswer, Refusal

SHOWN = 8


def a1111_finding() -> tuple[str, dict[str, str]]:
    """A key of `[doctor.a1111]` with its values."""
    try:
        server = configured_server()
    except ValidationError:  # told by the check of the settings
        server = None
    if server is None:
        return "a1111.not_set", {}
    address = {"address": server.address}
    server.forget()
    try:
        server.connection.get_json(f"{API}/options")
        loaded = server.loaded() or "—"
    except Refusal as refusal:
        return ("a1111.forbidden" if refusal.status in (401, 403) else "a1111.other"), address
    except NoAnswer:
        return "a1111.gone", address
    ids = [entry.id for entry in a1111_entries()]
    shown = ", ".join(ids[:SHOWN]) + (" …" if len(ids) > SHOWN else "")
    found = address | {"ids": shown, "loaded": loaded}
    return ("a1111.ready", found) if ids else ("a1111.empty", address)
