"""A hub's desk in a real browser: the list of assignments, a wish to look again, publishing to a group."""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from grading.desk.several import Desks, build_desks
from grading.desk.visitor import Visitor, let_in
from grading.feedback.document import LookAgain
from grading.feedback.publishing import GatewayCarrier
from tests.browser.conftest import SIZES
from tests.browser.test_accessibility import AXE, RULES, needs_axe
from tests.browser.test_desk import LOOKS
from tests.grading.desk.serving import make_class

ROOT = "/services/desk"
STUDENTS = ("ann", "bob", "Marie-Claire.Dupont-de-la-Tour")


class Gateway:
    """Has one wish of ann's, until it is answered."""

    def __init__(self) -> None:
        self.answer_of: str | None = None

    def requests(self, assignment: str) -> list[LookAgain]:
        now = datetime.now(UTC)
        answered = {"answer": self.answer_of, "answered": now, "by": "anna"} if self.answer_of else {}
        asked = {"number": 1, "student": "ann", "assignment": assignment, "exercise": "reflection"}
        return [LookAgain.model_validate(asked | {"reason": "I named the seed.", "time": now} | answered)]

    def answer(self, number: int, answer: str, by: str | None) -> None:
        self.answer_of = answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, tp2 = tmp_path_factory.mktemp("desks"), find_assignment("tp2")
    submissions = make_class(folder / "submissions" / "tp2", tp2, list(STUDENTS))
    students = {name: {"student": name, "groups": ["TD1", "TD2"]} for name in STUDENTS}
    collected = {"schema": "genai-lab/collected/1", "assignment": "tp2", "students": students}
    (submissions / "collected.json").write_text(json.dumps(collected))
    grade_class(submissions, tp2, folder / "grades" / "tp2", language="en")
    return folder


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def enter(folder: Path, gateway: Gateway, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the list of assignments as somebody whom a gate let in; no page may complain."""
    desks = Desks(folder, "en", cast(GatewayCarrier, gateway))
    inner = Starlette(routes=[Mount(ROOT, app=build_desks(desks, "en"))])
    visitors = {"prof": Visitor("prof"), "anna": Visitor("anna", frozenset(STUDENTS), ("TD1",))}
    who = "prof"

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        await inner(let_in(scope, visitors[who]), receive, send)

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(gate, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    complaints: list[str] = []
    contexts = []

    def open_one(name: str = "prof", **options: Any) -> Page:
        nonlocal who
        who = name
        given: dict[str, Any] = {"viewport": SIZES["laptop"], "locale": "en"} | options
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{ROOT}/"
        context = browser.new_context(base_url=url, **given)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("")
        return page

    yield open_one
    for context in contexts:
        context.close()
    server.should_exit = True
    thread.join(20)
    assert complaints == []


def test_a_wish_is_answered_by_keyboard_and_the_queue_goes_on(
    enter: Callable[..., Page], gateway: Gateway
) -> None:
    page = enter("anna")
    expect(page.locator("body")).to_contain_text("You see the submissions of: TD1.")
    expect(page.get_by_role("button", name="Grade again")).to_have_count(0)
    page.get_by_role("link", name="Judge").press("Enter")
    page.get_by_role("link", name="Begin – asked to look again, by question").press("Enter")
    expect(page.locator("#again")).to_be_visible()
    page.wait_for_load_state()  # until then nobody listens to keys
    page.keyboard.press("a")
    page.keyboard.type("You did, in line 4.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("What there is to judge")
    assert gateway.answer_of == "You did, in line 4."
    expect(page.get_by_role("link", name=re.compile("asked to look again"))).to_have_count(0)


def test_a_group_is_chosen_by_choosing_its_name(enter: Callable[..., Page]) -> None:
    page = enter()
    page.goto("assignments/tp2/publish")
    page.locator("select[name=group]").select_option("TD2")
    expect(page.locator("input[name=who][value=group]")).to_be_checked()


@needs_axe
@pytest.mark.parametrize("who", ["prof", "anna"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(enter: Callable[..., Page], who: str) -> None:
    found = []
    for scheme, size, language in LOOKS:
        page = enter(who, viewport=SIZES[size], color_scheme=scheme, locale=language)
        overview = page.get_by_role("link", name=re.compile("Judge|Juger"))
        paths = ["", str(overview.get_attribute("href")), "assignments/tp2/publish"]
        paths += ["assignments/tp2/requests", "assignments/none/", "none"]
        page.goto("assignments/tp2/")
        paths.append(str(page.locator("a[href*='show=again']").first.get_attribute("href")))
        for path in paths:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            page.evaluate(AXE.read_text(encoding="utf-8"))
            report = page.evaluate(
                "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
            )
            found += [
                f"{path} {scheme} {size}: {v['id']}: {node['html'][:150]}"
                for v in report["violations"]
                for node in v["nodes"]
            ]
    assert found == []
