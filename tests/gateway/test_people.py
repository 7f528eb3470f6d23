"""Who asks is whom a token says, by a file or by the Hub; nobody else."""

import json
import stat
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from gateway.people import HOLDS, GatewayError, HubPeople, PeopleFile, Person

HEAD = "student,token,role\n"


def test_the_first_start_makes_one_instructor_for_the_owners_eyes(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    people = PeopleFile(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = file.read_text().splitlines()[1].split(",")[1]
    assert people.who(token) == Person("instructor", "instructor")
    assert people.who("") is None
    assert people.who(token + "x") is None


def test_a_file_that_was_changed_counts_at_once(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    people = PeopleFile(file)
    file.write_text(HEAD + "ada,a token of ada's,student\n", encoding="utf-8-sig")
    assert people.who("a token of ada's") == Person("ada")
    file.write_text(HEAD)
    assert people.who("a token of ada's") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,token\n", "student,token,role"),
        (HEAD + "ada,short,student\n", "line 2"),
        (HEAD + "ada,a token of ada's,student\nben,a token of ben's,king\n", "line 3"),
        (HEAD + ",a token of nobody,student\n", "line 2"),
        (HEAD + "ada,the very same token,student\nben,the very same token,student\n", "line 3"),
        (HEAD + "ada\n", "line 2"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    with pytest.raises(GatewayError) as error:
        PeopleFile(file)
    assert said in error.value.in_language("en")
    assert str(file) in error.value.in_language("fr")


def test_a_file_that_is_no_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(
        (HEAD + "ada,a token of ada's,student\nchloé,a token of chloé's,student\n").encode("cp1252")
    )
    with pytest.raises(GatewayError) as error:
        PeopleFile(file)
    assert "line 3" in error.value.in_language("en")
    assert str(file) in error.value.in_language("fr")


def test_a_bad_line_written_later_costs_that_line_alone_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "people.csv"
    people = PeopleFile(file)
    ada, chloe = "ada,a token of ada's,student\n", "chloe,a token of chloe's,student\n"
    file.write_text(HEAD + ada + "ben,short,student\n" + chloe)
    for _ in range(2):
        assert people.who("a token of ada's") == Person("ada")
        assert people.who("a token of chloe's") == Person("chloe")
        assert people.who("short") is None
    assert [(str(file) in record.message, "line 3" in record.message) for record in caplog.records] == [
        (True, True)
    ]


def _in_cp1252(file: Path) -> None:
    file.write_bytes((HEAD + "chloé,a token of chloé's,student\n").encode("cp1252"))


def _without_columns(file: Path) -> None:
    file.write_text("")


def _gone(file: Path) -> None:
    file.unlink()


def _one_endless_field(file: Path) -> None:
    file.write_text(HEAD + 'ben,"' + "x" * 200_000 + "\n")


@pytest.mark.parametrize("spoil", [_in_cp1252, _without_columns, _gone, _one_endless_field])
def test_while_the_file_cannot_be_read_those_known_before_go_on(
    tmp_path: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(HEAD + "ada,a token of ada's,student\n")
    people = PeopleFile(file)
    spoil(file)
    for _ in range(2):
        assert people.who("a token of ada's") == Person("ada")
    assert [str(file) in record.message for record in caplog.records] == [True]
    file.write_text(HEAD + "ben,a token of ben's,student\n")
    assert people.who("a token of ben's") == Person("ben")
    assert people.who("a token of ada's") is None


class FakeHub(BaseHTTPRequestHandler):
    """The Hub's `GET /hub/api/user`, as JupyterHub 5 answers it."""

    answers: ClassVar[dict[str, tuple[int, object]]]
    asked: ClassVar[list[str]]

    def do_GET(self) -> None:
        token = self.headers["Authorization"].removeprefix("token ")
        self.asked.append(token)
        status, body = self.answers.get(token, (403, {"status": 403}))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


ADA = {"kind": "user", "name": "ada", "admin": False, "groups": ["tp2"]}
TEACHER = {"kind": "user", "name": "teacher", "admin": True, "groups": []}


@pytest.fixture
def hub() -> Iterator[tuple[str, type[FakeHub]]]:
    class Handler(FakeHub):
        answers: ClassVar = {
            "ada-token": (200, ADA | {"scopes": ["access:servers!server=ada/"]}),
            "ada-script": (200, ADA | {"scopes": ["access:servers!user=ada"]}),
            "teacher-token": (200, TEACHER | {"scopes": ["access:servers", "admin:users"]}),
            "teacher-at-ada": (200, TEACHER | {"scopes": ["access:servers!server=ada/"]}),
            "teacher-at-longer": (200, TEACHER | {"scopes": ["access:servers!server=teacher2/"]}),
            "teacher-name": (200, TEACHER | {"scopes": ["read:users:name!user=teacher"]}),
            "service-token": (200, {"kind": "service", "name": "cohort", "admin": True}),
            "broken": (500, {}),
            "page": (200, b"<p>The proxy's own page</p>"),
            "list": (200, []),
            "nameless": (200, {"kind": "user", "scopes": ["access:servers"]}),
        }
        asked: ClassVar = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hub/api", Handler
    server.shutdown()
    server.server_close()


def test_the_hub_says_who_a_token_belongs_to(hub: tuple[str, type[FakeHub]]) -> None:
    people = HubPeople(hub[0])
    assert people.who("ada-token") == Person("ada", "student", frozenset({"tp2"}))
    assert people.who("ada-script") == Person("ada", "student", frozenset({"tp2"}))
    assert people.who("teacher-token") == Person("teacher", "instructor")
    assert people.who("service-token") is None
    assert people.who("unknown") is None
    assert people.who("a\nheader: of another") is None


@pytest.mark.parametrize("token", ["teacher-at-ada", "teacher-at-longer", "teacher-name"])
def test_a_token_that_does_not_open_its_owners_own_lab_is_nobodys(
    hub: tuple[str, type[FakeHub]], token: str
) -> None:
    """Such as the one that an instructor's visit leaves in a student's lab."""
    assert HubPeople(hub[0]).who(token) is None


def test_the_hubs_word_holds_for_a_while(hub: tuple[str, type[FakeHub]]) -> None:
    now = [0.0]
    people = HubPeople(hub[0], clock=lambda: now[0])
    for _ in range(3):
        people.who("ada-token")
    assert hub[1].asked == ["ada-token"]
    hub[1].answers = {}  # the token was taken back
    now[0] = HOLDS + 1
    assert people.who("ada-token") is None


def test_a_hub_that_does_not_answer_makes_nobody_somebody(hub: tuple[str, type[FakeHub]]) -> None:
    for people, token in (
        (HubPeople(hub[0]), "broken"),
        (HubPeople(hub[0]), "page"),
        (HubPeople(hub[0]), "list"),
        (HubPeople(hub[0]), "nameless"),
        (HubPeople("http://127.0.0.1:1/hub/api"), "ada-token"),
    ):
        with pytest.raises(GatewayError):
            people.who(token)
