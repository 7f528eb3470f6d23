"""Below a hub with a gateway labs draw through it: no torch in a lab, a receipt for every picture."""

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from gateway.keys import SigningKeys
from manifests.manifest import Manifest
from manifests.reader import read_manifest_file
from manifests.receipts import Keys, verify
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub, wait_until
from tests.hub.labs import Button, api, enter_together, token_of

STUDENTS = ("ada", "ben")


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, tiny_mini: Path) -> RunningHub:
    return start_hub(GENAI_HUB_GATEWAY="1", GENAI_MINI_WEIGHTS=str(tiny_mini))


@pytest.fixture(scope="module")
def labs(hub: RunningHub) -> dict[str, httpx2.Client]:
    return dict(zip(STUDENTS, enter_together(hub, *STUDENTS), strict=True))


def children(hub: RunningHub, word: str) -> list[psutil.Process]:
    """The hub's processes that were started with this word."""
    found = []
    for each in psutil.Process(hub.process.pid).children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            if {word, "genai_lab"} <= set(each.cmdline()):
                found.append(each)
    return found


def draw(hub: RunningHub, client: httpx2.Client, name: str, session: str) -> str:
    """Press the smoke test's button; the last message."""
    button = Button(hub, client, name, "generate-smoke")
    events = button.listen(session)
    button.press(session)
    return str([event["msg"] for _, event in events][-1])


def manifests(hub: RunningHub, name: str) -> list[Manifest]:
    files = (hub.state / "homes" / name).rglob("outputs/smoke*.json")
    return sorted((read_manifest_file(file) for file in files), key=lambda made: made.attempt)


def gateway_of(hub: RunningHub) -> str:
    (process,) = children(hub, "gateway")
    command = process.cmdline()
    return f"http://127.0.0.1:{command[command.index('--port') + 1]}"


def test_two_students_draw_and_each_picture_has_a_receipt_of_its_student(
    hub: RunningHub, labs: dict[str, httpx2.Client]
) -> None:
    keys = Keys.model_validate_json(httpx2.get(f"{gateway_of(hub)}/receipts/keys").content)
    for name, client in labs.items():
        assert draw(hub, client, name, f"first-{name}") == "process_completed"
        (made,) = manifests(hub, name)
        assert made.receipt
        receipt, pixels = verify(made.receipt, keys)
        assert (receipt.student, receipt.kind, pixels) == (name, "drawn", made.image.pixels_sha256)
        assert made.adherence  # the gateway's judge looked at it
    assert SigningKeys(hub.state / "gateway" / "keys").public == keys


def test_a_lab_that_has_drawn_has_no_torch_in_memory(hub: RunningHub, labs: dict[str, httpx2.Client]) -> None:
    running = children(hub, "serve")
    assert len(running) == len(labs)
    for process in running:
        assert "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text()


def test_a_students_own_script_asks_with_the_token_of_the_hub_and_a_strangers_does_not(
    hub: RunningHub, labs: dict[str, httpx2.Client]
) -> None:
    token = token_of(api(hub, labs["ada"]))["authorization"].removeprefix("token ")
    url = f"{gateway_of(hub)}/v1/models"
    assert httpx2.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert httpx2.get(url, headers={"Authorization": f"Bearer {token[:-1]}x"}).status_code == 401
    assert httpx2.get(url).status_code == 401


def test_the_instructor_sees_the_class_and_pauses_it_and_a_student_sees_nothing(
    hub: RunningHub, labs: dict[str, httpx2.Client]
) -> None:
    teacher = hub.login(INSTRUCTOR)
    page = teacher.get("hub/gateway", headers={"Accept-Language": "fr"})
    assert page.status_code == 200
    assert "La passerelle génère." in page.text
    assert "ada" in page.text
    assert 'href="/hub/gateway"' in page.text
    xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    assert xsrf
    for action, said in (("pause", "Paused"), ("resume", "The gateway draws.")):
        after = teacher.post("hub/gateway", data={"_xsrf": xsrf.group(1), "action": action})
        assert said in after.text
    assert "<main" not in teacher.get("hub/gateway?part=1").text
    assert labs["ada"].get("hub/gateway").status_code == 403
    assert labs["ada"].post("hub/gateway", data={"action": "pause"}).status_code == 403


def test_a_gateway_that_is_killed_is_started_again_and_labs_go_on(
    hub: RunningHub, labs: dict[str, httpx2.Client]
) -> None:
    (first,) = children(hub, "gateway")
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: [p for p in children(hub, "gateway") if p.pid != first.pid], "the hub starts it again")
    before = len(manifests(hub, "ben"))
    assert draw(hub, labs["ben"], "ben", "again") == "process_completed"
    after = manifests(hub, "ben")
    assert len(after) == before + 1
    keys = SigningKeys(hub.state / "gateway" / "keys").public
    numbers = [verify(made.receipt, keys)[0].sequence for made in after if made.receipt]
    assert numbers == list(range(1, len(after) + 1))
