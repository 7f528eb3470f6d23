"""Tests that no route of a running lab is open.

Every route of the application is requested with every method through the proxy: without credentials, by
another student, and by a person whose access was revoked.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from lab.web.app import build_app
from tests.hub.conftest import RunningHub, StartHub
from tests.hub.labs import PAGE, api, enter, instructor, origin, path, token_of
from tests.hub.routes import METHODS, Route, all_routes
from tests.lab.web.test_app import make_lab

REVOKED = 60  # seconds until revoked access must end
OPEN = "api"  # says that the lab runs; the Hub requests it without credentials


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> RunningHub:
    return start_hub(GENAI_ACCESS_SECONDS="1")


@pytest.fixture(scope="module")
def jane(hub: RunningHub) -> httpx2.Client:
    return enter(hub, "jane")


@pytest.fixture(scope="module")
def eve(hub: RunningHub, jane: httpx2.Client) -> httpx2.Client:
    return enter(hub, "eve")


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    """All routes of jane's lab, taken from an application with the same prefix."""
    return all_routes(build_app(make_lab(tmp_path_factory.mktemp("work"), prefix=f"/{path('jane')}")))


@pytest.fixture
def nobody(hub: RunningHub) -> httpx2.Client:
    return httpx2.Client(base_url=hub.url, timeout=60)


def asked(client: httpx2.Client, routes: list[Route], headers: dict[str, str]) -> dict[tuple[str, str], int]:
    """Return the status of every route with every method."""
    questions = [(method, route.path) for route in routes for method in sorted({*METHODS, *route.methods})]
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda question: client.request(*question, headers=headers), questions)
        return {question: answer.status_code for question, answer in zip(questions, answers, strict=True)}


def others(answers: dict[tuple[str, str], int], *expected: int) -> dict[tuple[str, str], int]:
    return {asked: status for asked, status in answers.items() if status not in expected}


def test_the_list_holds_pages_streams_uploads_and_what_gradio_itself_leaves_open(routes: list[Route]) -> None:
    paths = {route.path for route in routes}
    for known in ("", "en/", "fr/", "en/gradio_api/queue/join", "en/gradio_api/queue/data",
                  "en/gradio_api/heartbeat/1", "en/gradio_api/upload", "en/gradio_api/cancel",
                  "en/gradio_api/stream/1", "en/gradio_api/startup-events", "fr/gradio_api/file=1",
                  "class/snapshot"):  # fmt: skip
        assert f"/user/jane/{known}" in paths
    assert len(paths) > 150


def test_nobody_gets_the_login_or_nothing(
    nobody: httpx2.Client, jane: httpx2.Client, routes: list[Route]
) -> None:
    assert others(asked(nobody, routes, {}), 401) == {}
    for route in routes:
        answer = nobody.get(route.path, headers=PAGE)
        assert answer.status_code == 302, route.path
        assert answer.headers["location"].startswith("/hub/api/oauth2/authorize?"), route.path


def test_another_student_is_forbidden(
    hub: RunningHub, jane: httpx2.Client, eve: httpx2.Client, nobody: httpx2.Client, routes: list[Route]
) -> None:
    token = token_of(api(hub, eve))
    assert (
        nobody.get(f"/{path('eve')}en/config", headers=token).status_code == 200
    )  # the token is valid in another lab
    assert others(asked(nobody, routes, token), 403) == {}


def test_another_students_browser_is_forbidden_and_sees_nothing(
    jane: httpx2.Client, eve: httpx2.Client
) -> None:
    for page in ("", "en/", "en/config", "class/snapshot"):
        answer = eve.get(f"{path('jane')}{page}", headers=PAGE)
        assert answer.status_code == 403
        assert answer.url.path.startswith("/hub/")
        assert "gradio" not in answer.text
        assert "logged in as eve" in answer.text
        assert "/user/jane" in answer.text  # names the lab's owner
    session = {
        cookie.name: cookie.value or "" for cookie in eve.cookies.jar if cookie.path == f"/{path('eve')}"
    }
    assert session
    moved = "; ".join(f"jupyterhub-user-jane={value}" for value in session.values())
    answer = httpx2.get(jane.base_url.join(f"/{path('jane')}en/config"), headers={"cookie": moved})
    assert answer.status_code == 401


def test_the_student_and_the_instructor_do_get_in(hub: RunningHub, jane: httpx2.Client) -> None:
    """The owner can use the lab. Otherwise a lab that refuses everybody would pass."""
    assert jane.get(f"{path('jane')}en/config").status_code == 200
    assert "gradio" in jane.get(f"{path('jane')}fr/", headers=PAGE).text
    upload = {"files": ("a.txt", b"words")}
    uploaded = jane.post(f"{path('jane')}en/gradio_api/upload", files=upload, headers=origin(hub))
    assert uploaded.status_code == 200
    prof = instructor(hub)
    assert prof.get(f"{hub.url}{path('jane')}class/progress").status_code == 200


def test_the_door_the_hub_knocks_at_says_nothing_but_that_it_is_there(
    jane: httpx2.Client, nobody: httpx2.Client
) -> None:
    answer = nobody.get(f"/{path('jane')}{OPEN}")
    assert answer.status_code == 200
    assert set(answer.json()) == {"version"}


def test_an_upgrade_to_a_websocket_is_refused(jane: httpx2.Client, nobody: httpx2.Client) -> None:
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for where in ("", "en/gradio_api/queue/join", "socket"):
        assert nobody.get(f"/{path('jane')}{where}", headers=upgrade).status_code in (401, 403)


def test_the_labs_own_port_is_no_way_around_the_proxy(hub: RunningHub, jane: httpx2.Client) -> None:
    said = (hub.state / "logs" / "jane.log").read_text()
    direct = said.split("open at ")[1].split()[0]
    assert direct.endswith("/user/jane/")
    for where in ("en/config", "en/gradio_api/queue/status", "class/snapshot"):
        assert httpx2.get(direct + where).status_code == 401
        assert (
            httpx2.get(direct + where, headers={"x-forwarded-user": "jane", "host": "jane"}).status_code
            == 401
        )


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)


def refused_in_time(ask: Callable[[], httpx2.Response], *statuses: int) -> None:
    until(lambda: ask().status_code in statuses, REVOKED)


def test_a_revoked_token_stops_working(hub: RunningHub, jane: httpx2.Client, nobody: httpx2.Client) -> None:
    mine = api(hub, jane)
    made = mine.post("users/jane/tokens", json={"note": "to be revoked"}).json()
    token = {"authorization": f"token {made['token']}"}
    address = f"/{path('jane')}en/config"
    assert nobody.get(address, headers=token).status_code == 200
    assert mine.delete(f"users/jane/tokens/{made['id']}").status_code == 204
    refused_in_time(lambda: nobody.get(address, headers=token), 401)


def test_a_stream_that_is_open_is_cut_when_the_token_is_revoked(hub: RunningHub, jane: httpx2.Client) -> None:
    mine = api(hub, jane)
    made = mine.post("users/jane/tokens", json={"note": "to be revoked"}).json()
    token = {"authorization": f"token {made['token']}"}
    address = f"{hub.url}{path('jane')}en/gradio_api/heartbeat/watched"
    with httpx2.stream("GET", address, headers=token, timeout=REVOKED) as stream:
        assert stream.status_code == 200
        chunks = stream.iter_raw()
        next(chunks)
        assert mine.delete(f"users/jane/tokens/{made['id']}").status_code == 204
        end = time.monotonic() + REVOKED
        for _ in chunks:
            assert time.monotonic() < end, "the stream goes on"


def test_logging_out_of_the_hub_ends_the_lab_in_that_browser(hub: RunningHub) -> None:
    john = enter(hub, "john")
    address = f"{path('john')}en/config"
    assert john.get(address).status_code == 200
    kept = httpx2.Client(base_url=hub.url, cookies=john.cookies)  # a copy of the cookies
    john.get("hub/logout", headers=PAGE)
    assert john.get(address).status_code == 401
    refused_in_time(lambda: kept.get(address), 401)


def test_a_student_who_is_removed_from_the_class_is_out(hub: RunningHub) -> None:
    mia = enter(hub, "mia")
    prof = instructor(hub)
    address = f"{path('mia')}en/config"
    assert mia.get(address).status_code == 200
    until(lambda: prof.get("users/mia").json()["servers"][""]["ready"])  # the Hub cannot stop it before
    assert prof.delete("users/mia").status_code == 204
    until(lambda: mia.get(address).url.path == "/hub/login", REVOKED)  # her lab was stopped, too
    assert mia.get(f"{path('mia')}", headers=PAGE).url.path == "/hub/login"


def test_the_hub_knows_nothing_of_a_lab_beyond_its_address(hub: RunningHub, eve: httpx2.Client) -> None:
    """The token of a lab's process opens no other lab and reads no other student's data."""
    import psutil

    lab = next(
        process
        for process in psutil.Process(hub.process.pid).children(recursive=True)
        if process.environ().get("JUPYTERHUB_USER") == "eve"
    )
    token = {"authorization": f"token {lab.environ()['JUPYTERHUB_API_TOKEN']}"}
    assert httpx2.get(f"{hub.url}{path('jane')}en/config", headers=token).status_code == 403
    assert httpx2.get(f"{hub.url}hub/api/users/jane", headers=token).status_code in (403, 404)
    assert httpx2.get(f"{hub.url}hub/api/users", headers=token).status_code == 403


def test_each_students_files_are_their_own(hub: RunningHub, jane: httpx2.Client, eve: httpx2.Client) -> None:
    secret = hub.state / "homes" / "jane" / "work" / "tp2" / "outputs" / "secret.png"
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_bytes(b"jane's picture")
    assert jane.get(f"{path('jane')}en/gradio_api/file={secret}").content == b"jane's picture"
    for name in ("jane", "eve"):
        answer = eve.get(f"{path(name)}en/gradio_api/file={secret}")
        assert answer.status_code in (401, 403)
    for inside in (hub.state / "passwords.json", hub.state / "jupyterhub.sqlite", Path("/etc/passwd")):
        assert jane.get(f"{path('jane')}en/gradio_api/file={inside}").status_code == 403
