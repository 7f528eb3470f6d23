"""A real desk on a real port, and forms filled in as a browser without scripts does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from exercises.assignment import Assignment
from grading.class_.grade import grade_class
from grading.desk.app import build_desk, open_desk
from grading.desk.visit import Desk
from grading.feedback.publishing import GatewayCarrier
from manifests.answers import Answers, load_answers, save_answers
from tests.grading.good import make_work

TOKEN = "a-secret-of-the-tests"


@dataclass
class Served:
    """`client` is the browser of one person who has entered."""

    url: str
    desk: Desk
    out: Path

    def client(self, name: str = "ann", language: str = "en") -> httpx2.Client:
        headers = {"Accept-Language": language}
        client = httpx2.Client(
            base_url=self.url, headers=headers, follow_redirects=True, trust_env=False, timeout=30
        )
        assert client.get("/", params={"token": TOKEN}).status_code == 200
        form = Fields.of(client.get("/").text, "/me")
        client.post("/me", data=form.data | {"name": [name]})
        return client

    def key(self, student: str) -> str:
        return next(seat.key for seat in self.desk.seats.current() if seat.entry.name == student)

    def place(self, exercise: str, student: str) -> str:
        return f"/mark/{exercise}/{self.key(student)}"


@contextmanager
def serving(
    submissions: Path,
    assignment: Assignment,
    out: Path,
    *,
    root_path: str = "",
    carrier: GatewayCarrier | None = None,
) -> Iterator[Served]:
    """Open the desk on a class, graded if it is not yet."""
    if not (out / "grades.csv").exists():
        grade_class(submissions, assignment, out, language="en")
    desk = open_desk(submissions, assignment, out, TOKEN, "en", carrier)
    listener = socket.create_server(("127.0.0.1", 0))
    app = build_desk(desk)
    below = Starlette(routes=[Mount(root_path, app)]) if root_path else app
    config = uvicorn.Config(below, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    try:
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", desk, out)
    finally:
        server.should_exit = True
        thread.join(20)


def make_class(
    folder: Path, assignment: Assignment, names: list[str], answers: dict[str, Answers] | None = None
) -> Path:
    """Good work of each of them; where there are answers of somebody's own, with these."""
    for name in names:
        store = make_work(folder / name, assignment, name)
        if answers and name in answers:
            save_answers(store.folder, answers[name])
    return folder


def answers_of(folder: Path, name: str, assignment: str = "tp2") -> Answers:
    return load_answers(folder / name / assignment)


@dataclass
class Fields(HTMLParser):
    """The fields of the form that sends to `action`, as they stand on the page."""

    action: str = ""
    data: dict[str, list[str]] = field(default_factory=dict)
    inside: bool = False
    area: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def of(cls, html: str, action: str) -> "Fields":
        fields = cls(action)
        fields.feed(html)
        assert fields.data, f"no form {action}"
        return fields

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = (given.get("action") or "").startswith(self.action)
        if not self.inside or not given.get("name"):
            return
        name = given["name"] or ""
        if tag == "textarea":
            self.area = name
            self.data.setdefault(name, [""])
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.data.setdefault(name, []).append(given.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.data[self.area] = [data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        if tag == "form":
            self.inside = False


def fill(client: httpx2.Client, place: str, action: str = "save", /, **given: Any) -> httpx2.Response:
    """Open a place and send its form with these fields changed."""
    data = Fields.of(client.get(place).text, place.partition("?")[0]).data
    return client.post(place, data=with_fields(data, action, **given))


def with_fields(data: dict[str, list[str]], action: str, /, **given: Any) -> dict[str, list[str]]:
    """A form's fields with these changed; a field has one value, or a list of them."""
    own = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    return data | {"action": [action]} | own
