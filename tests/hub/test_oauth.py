"""Tests of logging in to a lab on a real hub: state, PKCE, redirects, and that no token leaks."""

import re
import sqlite3
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import psutil
import pytest
from jupyterhub.utils import compare_token  # type: ignore[import-untyped]

from tests.hub.conftest import RunningHub
from tests.hub.labs import PAGE, api, enter, origin, path

TOKEN = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")  # the format of the Hub's tokens
LAB = f"/{path('jane')}"
EVIL = "evil.example"


class Person:
    """A client that follows no redirects and records all answers."""

    def __init__(self, hub: RunningHub, name: str) -> None:
        self.hub, self.said = hub, [""]
        self.client = hub.login(name)
        self.client.follow_redirects = False
        self.client.event_hooks["response"] = [self._keep]

    def _keep(self, answer: httpx2.Response) -> None:
        answer.read()
        kept = [str(answer.url), str(answer.headers.raw), answer.text if len(answer.content) < 2**21 else ""]
        self.said.append("\n".join(kept))

    def get(self, address: str, **headers: str) -> httpx2.Response:
        return self.client.get(address, headers=PAGE | headers)

    def redirect_from_lab(self, address: str = LAB) -> str:
        """Return where the lab redirects a browser without a session."""
        answer = self.get(address)
        assert answer.status_code == 302
        return answer.headers["location"]

    def redirect_from_hub(self, question: str) -> str:
        """Return where the Hub redirects after it has confirmed the person."""
        answer = self.get(question)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def is_in(self) -> bool:
        return self.client.get(f"{LAB}en/config").status_code == 200


@pytest.fixture(scope="module")
def lab(hub: RunningHub) -> httpx2.Client:
    """Start jane's lab."""
    return enter(hub, "jane")


@pytest.fixture
def jane(hub: RunningHub, lab: httpx2.Client) -> Person:
    """Jane in a new browser, logged in at the hub but not in her lab."""
    return Person(hub, "jane")


def changed(address: str, **changes: str | None) -> str:
    """Return the address with some parameters changed or removed."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return parts._replace(query=urlencode({n: v for n, v in query.items() if v is not None})).geturl()


def test_the_login_goes_to_the_hub_and_back_and_nowhere_else(jane: Person) -> None:
    question = jane.redirect_from_lab(f"{LAB}en/?from=here")
    assert urlsplit(question)[:3] == ("", "", "/hub/api/oauth2/authorize")
    back = jane.redirect_from_hub(question)
    assert urlsplit(back)[:3] == ("", "", f"{LAB}oauth_callback")
    assert jane.get(back).headers["location"] == f"{LAB}en/?from=here"
    assert jane.is_in()


def test_a_login_that_was_completed_cannot_be_replayed(jane: Person) -> None:
    back = jane.redirect_from_hub(jane.redirect_from_lab())
    cookies = dict(jane.client.cookies)
    assert jane.get(back).status_code == 302
    replayed = jane.get(back, cookie="; ".join(f"{name}={value}" for name, value in cookies.items()))
    assert replayed.status_code == 403
    assert "set-cookie" not in replayed.headers


@pytest.mark.parametrize("state", [None, "", "made-up"])
def test_a_login_without_its_state_is_refused(jane: Person, state: str | None) -> None:
    back = jane.redirect_from_hub(jane.redirect_from_lab())
    assert jane.get(changed(back, state=state)).status_code == 403
    assert not jane.is_in()


def test_a_login_begun_in_another_browser_is_refused(hub: RunningHub, jane: Person) -> None:
    other = Person(hub, "jane")
    back = other.redirect_from_hub(other.redirect_from_lab())
    jane.redirect_from_lab()  # so that this browser has begun a login, too
    assert jane.get(back).status_code == 403
    assert not jane.is_in()
    assert other.get(back).status_code == 403  # each login allows one attempt


def test_states_of_two_browsers_cannot_be_swapped(hub: RunningHub, jane: Person) -> None:
    other = Person(hub, "jane")
    mine, theirs = (
        jane.redirect_from_hub(jane.redirect_from_lab()),
        other.redirect_from_hub(other.redirect_from_lab()),
    )
    (state,) = parse_qs(urlsplit(mine).query)["state"]
    assert jane.get(changed(theirs, state=state)).status_code == 403  # another person's code in this login
    assert not jane.is_in()


def test_the_hub_checks_the_verifier(jane: Person) -> None:
    question = jane.redirect_from_lab()
    back = jane.redirect_from_hub(changed(question, code_challenge="x" * 43))
    assert jane.get(back).status_code == 403
    assert not jane.is_in()


def test_without_a_challenge_the_hub_gives_no_code(jane: Person) -> None:
    answer = jane.get(changed(jane.redirect_from_lab(), code_challenge=None, code_challenge_method=None))
    assert answer.status_code == 400 or "error=" in answer.headers.get("location", "")
    assert "code=" not in answer.headers.get("location", "")


def test_the_hub_leads_nowhere_but_to_the_lab(jane: Person) -> None:
    question = jane.redirect_from_lab()
    for address in (f"https://{EVIL}/", f"//{EVIL}/", "/user/eve/oauth_callback", f"{LAB}en/"):
        answer = jane.get(changed(question, redirect_uri=address))
        assert answer.status_code >= 400
        assert "location" not in answer.headers


def test_another_student_gets_no_code(hub: RunningHub, lab: httpx2.Client) -> None:
    eve = Person(hub, "eve")
    answer = eve.get(eve.redirect_from_lab())
    assert answer.status_code == 403
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "asked",
    [
        f"{LAB}/{EVIL}/",
        f"{LAB}//{EVIL}",
        f"{LAB}%2F%2F{EVIL}",
        f"{LAB}\\\\{EVIL}",
        f"{LAB}%5C%5C{EVIL}",
        f"{LAB}%0d%0aLocation:%20https://{EVIL}/",
        f"{LAB}../../{EVIL}",
        f"{LAB}%2e%2e/%2e%2e//{EVIL}",
        f"{LAB}?next=https://{EVIL}/&redirect=//{EVIL}",
        f"{LAB}en/?__theme=dark&url=https://{EVIL}",
        f"{LAB}oauth_callback/?next=https://{EVIL}/",
    ],
)
def test_no_address_of_the_lab_leads_to_another_site(hub: RunningHub, jane: Person, asked: str) -> None:
    here = urlsplit(hub.url).netloc
    address = asked
    for _ in range(8):
        answer = jane.get(address)
        if "location" not in answer.headers:
            return
        address = str(answer.url.join(answer.headers["location"]))
        assert urlsplit(address).netloc == here
        assert "\\" not in address
    pytest.fail(f"an endless way: {address}")


def test_cookies_are_for_the_labs_path_and_for_no_script(jane: Person) -> None:
    asked = jane.get(LAB)
    back = jane.get(jane.redirect_from_hub(asked.headers["location"]))
    set_here = [
        SimpleCookie(text) for answer in (asked, back) for text in answer.headers.get_list("set-cookie")
    ]
    cookies = [cookie for jar in set_here for cookie in jar.values()]
    assert len(cookies) == 3  # the login's, which is deleted again, and the session's
    for cookie in cookies:
        assert cookie["httponly"]
        assert cookie["samesite"] == "lax"
        assert cookie["path"].startswith(LAB)
        assert not cookie["domain"]
    session = cookies[-1]
    assert session["path"] == LAB
    assert len(session.value) >= 32


def test_another_site_can_make_the_browser_do_nothing(hub: RunningHub, lab: httpx2.Client) -> None:
    event = f"{LAB}en/gradio_api/queue/join"
    body = {"data": [], "fn_index": 0, "session_hash": "x"}
    for headers in (
        {"origin": f"http://{EVIL}"},
        {"origin": "null"},
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"} | origin(hub),
        {"origin": f"http://{EVIL}", "x-forwarded-host": EVIL},
        {"origin": f"http://{EVIL}", "x-forwarded-proto": "http", "forwarded": f"host={EVIL}"},
    ):
        for method in ("POST", "PUT", "DELETE"):
            assert lab.request(method, event, json=body, headers=headers).status_code == 403, headers
        upload = lab.post(
            f"{LAB}en/gradio_api/upload", files={"files": ("a", b"a")}, headers={"origin": "null"} | headers
        )
        assert upload.status_code == 403, headers
    assert lab.post(event, json=body, headers=origin(hub)).status_code != 403


def test_another_site_can_read_and_embed_nothing(lab: httpx2.Client) -> None:
    asked = {"sec-fetch-site": "cross-site"}
    for where in ("en/config", "en/gradio_api/startup-events", "en/gradio_api/queue/data?session_hash=x",
                  "class/snapshot", "en/logout", "language/fr"):  # fmt: skip
        for mode, destination in (("cors", "empty"), ("no-cors", "image"), ("navigate", "document")):
            headers = asked | {"sec-fetch-mode": mode, "sec-fetch-dest": destination}
            assert lab.get(f"{LAB}{where}", headers=headers).status_code == 403, (where, mode)
    opened = asked | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"} | PAGE
    assert lab.get(f"{LAB}en/", headers=opened).status_code == 200  # a link from the course's pages
    framed = opened | {"sec-fetch-dest": "iframe"}
    assert lab.get(f"{LAB}en/", headers=framed).status_code == 403


def tokens(hub: RunningHub) -> list[tuple[str, str]]:
    """Return the first characters and the hash of every token the Hub knows."""
    with sqlite3.connect(f"file:{hub.state / 'jupyterhub.sqlite'}?mode=ro", uri=True) as database:
        return database.execute("SELECT prefix, hashed FROM api_tokens").fetchall()


def found(text: str, known: list[tuple[str, str]]) -> set[str]:
    """Return the tokens that the text contains."""
    words = set(TOKEN.findall(text))
    return {
        word
        for word in words
        if any(word.startswith(prefix) and compare_token(hashed, word) for prefix, hashed in known)
    }


def test_no_token_is_in_an_address_a_page_an_error_or_a_log(hub: RunningHub, jane: Person) -> None:
    wrong = {"authorization": f"token {'0' * 32}"}
    jane.get(changed(jane.redirect_from_hub(jane.redirect_from_lab()), state="made-up"))
    jane.get(jane.redirect_from_hub(jane.redirect_from_lab()))
    assert jane.is_in()
    for where in ("", "en/", "en/config", "en/gradio_api/info", "en/gradio_api/nothing", "en/monitoring"):
        jane.get(f"{LAB}{where}")
        jane.client.get(f"{LAB}{where}", headers=wrong)
        jane.client.post(f"{LAB}{where}", json={"data": 1}, headers=origin(hub))
    mine = api(hub, jane.client).headers["authorization"].split()[1]
    labs = psutil.Process(hub.process.pid).children(recursive=True)
    own = {process.environ()["JUPYTERHUB_API_TOKEN"] for process in labs if _is_lab(process)}
    known = tokens(hub)
    assert len(known) >= 4
    assert found(f"({mine}) {own}", known) == {mine, *own}  # proves that the search finds tokens
    pages = "\n".join(said for said in jane.said if mine not in said)  # without the answer that contained it
    logs = [file for file in hub.state.rglob("*") if file.suffix in (".log", ".txt") and file.is_file()]
    assert {"hub.log", "jane.log"} <= {file.name for file in logs}
    written = "\n".join(file.read_text(errors="replace") for file in logs) + _command_lines(labs)
    assert found(pages, known) == set()
    assert found(written, known) == set()
    session = jane.client.cookies["jupyterhub-user-jane"]
    assert session not in written
    services = {process.environ()["JUPYTERHUB_API_TOKEN"] for process in labs if _is_service(process)}
    assert services
    assert not any(token in pages or token in written for token in services)


def _is_lab(process: psutil.Process) -> bool:
    return "JUPYTERHUB_API_TOKEN" in process.environ() and not _is_service(process)


def _is_service(process: psutil.Process) -> bool:
    return "JUPYTERHUB_SERVICE_NAME" in process.environ()


def _command_lines(processes: list[psutil.Process]) -> str:
    """Return everything that all accounts of this machine may read."""
    return "\n".join(" ".join(process.cmdline()) for process in processes)
