"""Tests of a hub with the settings of `make hub`: logins, labs, access rights, and its end."""

import json
import re
import stat
from pathlib import Path
from urllib.parse import quote

import httpx2
import psutil
import pytest

from hub.roles import METRICS_TOKEN_FILE
from hub.secret_files import COHORT_TOKEN_FILE
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub, wait_until
from tests.hub.labs import PAGE, enter, path


def with_token(hub: RunningHub, file: str) -> httpx2.Client:
    """Return a client of the Hub's REST API with the token from that file of the state folder."""
    token = (hub.state / file).read_text().strip()
    return httpx2.Client(base_url=f"{hub.url}hub/", headers={"Authorization": f"token {token}"}, timeout=60)


def labs_of(hub: RunningHub) -> list[psutil.Process]:
    """Return the processes of that hub's labs."""
    homes = hub.state / "homes"
    return [process for process, cwd, _ in processes() if homes in Path(cwd).parents]


def helpers_of(hub: RunningHub) -> list[psutil.Process]:
    """Return the processes of that hub's proxy and services."""
    state = hub.state
    return [
        process
        for process, cwd, command in processes()
        if str(state / "traefik.toml") in command
        or (cwd == str(state) and "jupyterhub_idle_culler" in command)
    ]


def processes() -> list[tuple[psutil.Process, str, list[str]]]:
    """Return every process with its folder and command."""
    every = psutil.process_iter(["cwd", "cmdline"])
    return [(process, process.info["cwd"] or "/", process.info["cmdline"] or []) for process in every]


def test_the_first_start_shows_the_passwords_and_where_they_are_kept(hub: RunningHub) -> None:
    said = wait_until(hub.console.read_text, "the hub said something")
    for needed in (hub.url, INSTRUCTOR, *hub.passwords.values(), str(hub.state / "passwords.json")):
        assert needed in said
    assert "trying out" in said


def test_the_passwords_are_in_no_log(hub: RunningHub) -> None:
    hub.login("jane.doe")
    log = hub.log.read_text()
    assert "jane.doe" in log
    for password in hub.passwords.values():
        assert password not in log


def test_what_the_hub_keeps_is_for_its_owner_alone(hub: RunningHub) -> None:
    ours = [file for file in hub.state.rglob("*") if file.name != "console.txt"]
    assert {"passwords.json", "cookie_secret", COHORT_TOKEN_FILE, METRICS_TOKEN_FILE} <= {
        file.name for file in ours
    }
    for file in (hub.state, *ours):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_a_student_lands_in_a_lab_of_their_own_with_accents_in_the_name(hub: RunningHub) -> None:
    client = enter(hub, "hélène.petit")
    assert "gradio" in client.get(path("hélène.petit") + "fr", headers=PAGE).text
    home = hub.state / "homes" / "hélène.petit"
    assert home.is_dir()
    (lab,) = [process for process in labs_of(hub) if process.cwd() == str(home)]
    environment = lab.environ()
    assert environment["GENAI_WORK"] == str(home / "work")
    assert environment["HOME"] == str(home)
    assert [name for name in environment if name.startswith("GENAI_HUB_")] == []
    for secret in (*hub.passwords.values(), (hub.state / COHORT_TOKEN_FILE).read_text().strip()):
        assert secret not in environment.values()
    assert (hub.state / "logs" / "hélène.petit.log").is_file()


def test_a_lab_that_does_not_start_says_why_where_the_student_stands(hub: RunningHub) -> None:
    home = hub.state / "homes" / "broken"
    home.mkdir(parents=True)
    (home / ".env").write_text("GENAI_MODEL=no-such-model\n")
    client = hub.login("broken")  # the login starts the lab

    def failed() -> str | bool:
        answer = client.get("hub/spawn-pending/broken")
        return answer.status_code == 500 and answer.text

    page = wait_until(failed, "it failed")
    assert "could not start" in page
    assert "no-such-model" in page
    assert "SpawnException" not in page

    client.headers["Accept-Language"] = "fr-FR,fr;q=0.9"
    client.get("hub/spawn/broken")
    assert "n’a pas pu démarrer" in wait_until(failed, "it failed again")
    told = client.get("hub/api/users/broken/server/progress", headers={"Referer": f"{hub.url}hub/"}).text
    event = json.loads(told.strip().splitlines()[-1].removeprefix("data: "))
    assert event["failed"]
    assert "n’a pas pu démarrer" in event["message"]
    assert "SpawnException" not in event["message"]


@pytest.mark.parametrize("name", ["x`) || PathPrefix(`/hub", "../../etc", "a/b", "a b", ".hidden", ""])
def test_a_name_that_is_no_user_name_is_not_let_in(hub: RunningHub, name: str) -> None:
    with pytest.raises(AssertionError):
        hub.login(name)


def test_who_may_read_the_metrics(hub: RunningHub) -> None:
    assert httpx2.get(f"{hub.url}hub/metrics").status_code == 403
    referer = {"Referer": f"{hub.url}hub/"}
    assert hub.login("jane.doe").get("hub/metrics", headers=referer).status_code == 403
    assert hub.login(INSTRUCTOR).get("hub/metrics", headers=referer).status_code == 200
    answer = with_token(hub, METRICS_TOKEN_FILE).get("metrics")
    assert "jupyterhub_running_servers" in answer.text
    assert with_token(hub, METRICS_TOKEN_FILE).get("api/users").status_code == 403


def test_the_cohort_token_does_what_a_cohort_needs_and_no_more(hub: RunningHub) -> None:
    api = with_token(hub, COHORT_TOKEN_FILE)
    assert api.post("api/users", json={"usernames": ["roster.one"]}).status_code == 201
    assert api.post("api/groups/td1", json={"users": ["roster.one"]}).status_code == 201
    assert api.put("api/groups/td1/properties", json={"deadline": "2026-12-01"}).status_code == 200
    assert [user["name"] for user in api.get("api/users").json() if "td1" in user["groups"]] == ["roster.one"]
    assert api.delete("api/users/roster.one/server").status_code in (204, 400, 404)
    for refused in (
        api.post("api/shutdown", json={}),
        api.get("api/proxy"),
        api.post("api/users/roster.one/tokens", json={}),
        api.patch("api/users/roster.one", json={"admin": True}),
        api.get("metrics"),
    ):
        assert refused.status_code in (403, 404), refused.url


def test_pages_speak_the_browser_s_language_and_are_framed_by_nobody(hub: RunningHub) -> None:
    english, french = (
        httpx2.get(f"{hub.url}hub/login", headers={"Accept-Language": name}) for name in ("en", "fr")
    )
    assert "Log in" in english.text
    assert "Se connecter" in french.text
    assert "frame-ancestors 'none'" in english.headers["Content-Security-Policy"]
    assert english.headers["X-Content-Type-Options"] == "nosniff"
    assert "SameSite=Lax" in english.headers["Set-Cookie"]


def test_the_pages_name_nothing_outside(hub: RunningHub) -> None:
    client = hub.login(INSTRUCTOR)
    for page in ("hub/login", "hub/home", "hub/admin", "hub/no-such-page", "hub/logout"):
        text = client.get(page).text
        assert re.findall(r"(?:src|action|<link[^>]*href)=[\"'](?:https?:)?//[^\"']+", text) == []


def test_an_address_to_go_to_after_the_login_stays_on_the_hub(hub: RunningHub) -> None:
    for target in ("https://example.org/", "//example.org/", "/\\example.org/"):
        client = hub.login("jane.doe")
        client.follow_redirects = False
        answer = client.get(f"hub/login?next={quote(target)}")
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith(("//", "/\\"))


def test_a_killed_hub_finds_its_labs_again_and_ctrl_c_ends_everything(start_hub: StartHub) -> None:
    culled = {"GENAI_HUB_IDLE_SECONDS": "3600"}  # with a service beside the proxy
    hub = start_hub(**culled)
    client = enter(hub, "jane.doe")
    (lab,) = labs_of(hub)
    left = helpers_of(hub)
    assert len(left) == 2, left
    hub.process.kill()
    hub.process.wait()
    assert lab.is_running()

    ports = culled | {
        "GENAI_HUB_PORT": hub.url.split(":")[-1].strip("/"),
        "GENAI_HUB_API_PORT": re.search(r"Hub API listening on http://127.0.0.1:(\d+)", hub.log.read_text())[
            1
        ],  # type: ignore[index]
    }
    again = start_hub(hub.state, **ports)
    wait_until(lambda: not any(process.is_running() for process in left), "the old proxy and services ended")
    assert lab.is_running()
    answer = wait_until(
        lambda: (found := client.get(path("jane.doe"), headers=PAGE)).status_code == 200 and found,
        "the lab is back",
    )
    assert answer.url.path.startswith("/user/jane.doe/")
    assert [process.pid for process in labs_of(again)] == [lab.pid]
    said = wait_until(
        lambda: (found := again.console.read_text()).count("open at") == 2 and found, "it said so"
    )
    assert said.count(again.passwords["students"]) == 1  # only the first start shows them

    again.stop()
    assert again.process.returncode == 0
    wait_until(lambda: not labs_of(again) and not helpers_of(again), "labs, proxy and services ended")
    assert "closed" in again.console.read_text()
