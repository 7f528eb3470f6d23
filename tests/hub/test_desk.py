"""The desk of a real Hub, behind its real proxy: who is let in, what each reaches, and whose marks are whose.

Of the class, ann and bob are in TD1, which anna judges; cyd is in TD2, which nobody but an instructor judges.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from exercises.loader import find_assignment
from grading.desk.several import Desks, build_desks
from grading.marks.store import MarksStore
from tests.grading.desk.serving import Fields, make_class, with_fields
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub, free_port, wait_until
from tests.hub.labs import PAGE, api, token_of
from tests.hub.routes import METHODS, all_routes

ROSTER = "login;group\nann;TD1\nbob;TD1\ncyd;TD2\n"
ASSIGNMENT = "services/desk/assignments/tp2"
TOPIC = "reflection/reproducibility/topic"


@dataclass(frozen=True)
class Class:
    hub: RunningHub
    gateway: str

    @property
    def out(self) -> Path:
        return self.hub.state / "grades" / "tp2"

    def cohort(self, *arguments: str) -> str:
        """Run `genai-lab cohort …`."""
        said = subprocess.run(
            [sys.executable, "-m", "genai_lab", "cohort", *arguments],
            env={**os.environ, "GENAI_HUB_URL": self.hub.url, "GENAI_HUB_STATE": str(self.hub.state)},
            capture_output=True,
            text=True,
        )
        assert said.returncode == 0, said.stdout + said.stderr
        return said.stdout

    def person(self, name: str) -> "Person":
        return Person(self, name)

    def key(self, student: str) -> str:
        """The submission's key, as an instructor's page has it."""
        page = self.person(INSTRUCTOR).get(f"{ASSIGNMENT}/").text
        found = re.search(rf'/mark/\w+/([0-9a-f]+)\?by=student[^"]*">{student}</a>', page)
        assert found, page
        return found.group(1)


class Person:
    """Somebody's browser, logged in at the Hub, with no lab."""

    def __init__(self, of: Class, name: str) -> None:
        hub = of.hub
        self.client = httpx2.Client(base_url=hub.url, follow_redirects=True, timeout=60, headers=PAGE)
        form = self.client.get("hub/login", params={"next": "/hub/home"}).text
        word = re.search(r'name="_xsrf" value="([^"]+)"', form)
        assert word
        password = hub.passwords["instructors" if name == INSTRUCTOR else "students"]
        given = {"_xsrf": word.group(1), "username": name, "password": password}
        answer = self.client.post("hub/login", params={"next": "/hub/home"}, data=given)
        assert answer.status_code == 200, answer.text
        self.entered = self.client.get("services/desk/")

    def get(self, path: str) -> httpx2.Response:
        return self.client.get(path)

    def post(self, path: str, data: dict[str, list[str]]) -> httpx2.Response:
        origin = {"origin": str(self.client.base_url).rstrip("/")}
        return self.client.post(path, data=data, headers=origin)

    def form(self, page: str, action: str) -> dict[str, list[str]]:
        """The fields of a form of a page that sends to this path."""
        return Fields.of(self.get(page).text, f"/{action}").data


@pytest.fixture(scope="module")
def class_(start_hub: StartHub, tmp_path_factory: pytest.TempPathFactory) -> Class:
    port = free_port()
    hub = start_hub(GENAI_HUB_GATEWAY="1", GENAI_HUB_GATEWAY_PORT=str(port))
    found = Class(hub, f"http://127.0.0.1:{port}")
    folder = tmp_path_factory.mktemp("class")
    (folder / "roster.csv").write_text(ROSTER)
    found.cohort("import", str(folder / "roster.csv"))
    assert "anna" in found.cohort("graders", "TD1", "--add", "anna")
    names = ["ann", "bob", "cyd"]
    submissions = make_class(folder / "tp2", find_assignment("tp2"), names)
    collected = {
        "schema": "genai-lab/collected/1",
        "assignment": "tp2",
        "students": {
            name: {"student": name, "groups": ["TD2" if name == "cyd" else "TD1"]} for name in names
        },
    }
    (submissions / "collected.json").write_text(json.dumps(collected))
    shutil.copytree(submissions, hub.state / "submissions" / "tp2")
    prof = found.person(INSTRUCTOR)
    assert prof.entered.status_code == 200
    prof.get(f"{ASSIGNMENT}/")  # grades what has no grade yet
    wait_until(lambda: "/mark/" in prof.get(f"{ASSIGNMENT}/").text, "the class is graded")
    return found


@pytest.fixture(scope="module")
def anna(class_: Class) -> Person:
    return class_.person("anna")


@pytest.fixture(scope="module")
def prof(class_: Class) -> Person:
    return class_.person(INSTRUCTOR)


def every_route(class_: Class) -> Iterator[tuple[str, str]]:
    """Each path of the desk with each method, by what its applications list of themselves."""
    desks = Desks(class_.hub.state, "en", None)
    app = build_desks(desks, "en")
    work = desks.work("tp2")
    assert work is not None
    app.router.routes.pop()  # the desks below: as one of them lists itself
    routes = [*all_routes(app), *all_routes(work.app, "/assignments/tp2")]
    assert len(routes) >= 18
    for path in {route.path for route in routes} | {"/api", "/oauth", "/nothing"}:
        for method in METHODS:
            yield method, f"services/desk{path}"


def test_students_and_strangers_are_refused_at_every_address(class_: Class) -> None:
    student = class_.person("ann")
    assert student.entered.status_code == 403
    assert "You are logged in as ann" in student.entered.text
    other = class_.person("nobody")
    addresses = [
        *every_route(class_),
        ("GET", f"{ASSIGNMENT}/mark/reflection/{class_.key('ann')}"),
        ("GET", "services/desk/assignments/tp3/"),
    ]
    origin = {"origin": class_.hub.url.rstrip("/")}
    with httpx2.Client(base_url=class_.hub.url, timeout=60) as stranger:
        for method, path in addresses:
            for client in (student.client, other.client):
                answer = client.request(method, path, headers=origin)
                assert answer.status_code == 403, (method, path, answer.status_code, answer.text[:300])
            answer = stranger.request(method, path, headers=origin)
            assert answer.status_code == 401, (method, path)


def test_who_has_the_hubs_token_of_a_student_is_refused_too(class_: Class, anna: Person) -> None:
    for person, status in ((class_.person("bob"), 403), (anna, 200)):
        token = token_of(api(class_.hub, person.client))
        assert httpx2.get(f"{class_.hub.url}{ASSIGNMENT}/", headers=token).status_code == status


def test_a_grader_sees_the_submissions_of_the_given_group_and_no_others(
    class_: Class, anna: Person, prof: Person
) -> None:
    assert "TD1" in anna.entered.text
    for path in ("", "publish", "requests", "groups/reflection", f"mark/reflection/{class_.key('ann')}"):
        answer = anna.get(f"{ASSIGNMENT}/{path}")
        assert answer.status_code == 200, path
        assert "cyd" not in answer.text, path
        assert class_.key("cyd") not in answer.text, path
        assert "anna" in answer.text
    assert "bob" in anna.get(f"{ASSIGNMENT}/").text
    for exercise in ("smoke", "reflection", "code"):
        path = f"{ASSIGNMENT}/mark/{exercise}/{class_.key('cyd')}"
        assert prof.get(path).status_code == 200
        assert anna.get(path).status_code == 404
    assert "cyd" in prof.get(f"{ASSIGNMENT}/").text


def test_a_grader_reaches_no_picture_of_another_group(class_: Class, anna: Person, prof: Person) -> None:
    place = prof.get(f"{ASSIGNMENT}/mark/sweep/{class_.key('cyd')}").text
    cyds = re.findall(r'src="/(services/desk/\S+/picture/\S+)"', place)
    assert cyds
    for path in cyds:
        assert prof.get(path).headers["content-type"] == "image/png"
        assert anna.get(path).status_code == 404
        assert anna.get(path.replace(class_.key("cyd"), class_.key("ann"))).status_code in (200, 404)
    own = anna.get(f"{ASSIGNMENT}/mark/sweep/{class_.key('ann')}").text
    anns = re.findall(r'src="/(services/desk/\S+/picture/\S+)"', own)
    assert anna.get(anns[0]).status_code == 200


def test_the_author_of_a_mark_is_the_hubs_user(class_: Class, anna: Person) -> None:
    place = f"{ASSIGNMENT}/mark/reflection/{class_.key('ann')}"
    anna.client.cookies.set("genai_grader", "prof")
    data = anna.form(place, place)
    saved = anna.post(
        place, with_fields(data, "save", **{f"points:{TOPIC}": "0.5", f"reason:{TOPIC}": "Yes."})
    )
    assert saved.status_code == 200, saved.text
    (decision,) = MarksStore(class_.out).history("ann", TOPIC)
    assert decision.author == "anna"
    word = anna.form(f"{ASSIGNMENT}/", f"{ASSIGNMENT}/names")
    assert anna.post(f"{ASSIGNMENT}/me", word | {"name": ["prof"]}).status_code == 400
    assert "<strong>anna</strong>" in anna.get(f"{ASSIGNMENT}/").text


def test_a_grader_marks_nothing_of_another_group(class_: Class, anna: Person, prof: Person) -> None:
    theirs = f"{ASSIGNMENT}/mark/reflection/{class_.key('cyd')}"
    data = with_fields(prof.form(theirs, theirs), "save", **{f"points:{TOPIC}": "0"})
    own = f"{ASSIGNMENT}/mark/reflection/{class_.key('bob')}"
    word = anna.form(own, own)["word"]
    assert word != data["word"]
    assert anna.post(theirs, data).status_code == 400  # the word of somebody else's forms
    assert anna.post(theirs, data | {"word": word}).status_code == 404
    group = f"{ASSIGNMENT}/groups/reflection"
    given = {"word": word, "check": [TOPIC], "points": ["0"], "confirmed": ["yes"]}
    chosen = [class_.key("cyd"), class_.key("bob")]
    versions = {f"version:{key}": ["0"] for key in chosen}
    assert anna.post(group, given | versions | {"member": chosen}).status_code == 409
    assert MarksStore(class_.out).history("cyd", TOPIC) == []
    assert MarksStore(class_.out).history("bob", TOPIC) == []


def test_the_export_holds_the_decisions_about_ones_own_group(
    class_: Class, anna: Person, prof: Person
) -> None:
    theirs = f"{ASSIGNMENT}/mark/studio/{class_.key('cyd')}"
    prof.post(theirs, with_fields(prof.form(theirs, theirs), "save", comment="Of cyd alone."))
    own = f"{ASSIGNMENT}/mark/studio/{class_.key('bob')}"
    anna.post(own, with_fields(anna.form(own, own), "save", comment="Of bob."))
    everything = prof.get(f"{ASSIGNMENT}/marks.jsonl").text
    assert "Of cyd alone." in everything
    assert "Of bob." in everything
    export = anna.get(f"{ASSIGNMENT}/marks.jsonl").text
    assert "Of bob." in export
    assert "cyd" not in export


def test_instructors_find_it_in_the_bar_of_every_page(class_: Class, prof: Person) -> None:
    link = 'href="/services/desk/"'
    assert link in prof.get("hub/home").text
    assert link not in class_.person("ann").get("hub/home").text


def test_what_concerns_the_whole_class_is_an_instructors(class_: Class, anna: Person, prof: Person) -> None:
    word = anna.form(f"{ASSIGNMENT}/", f"{ASSIGNMENT}/names")["word"]
    assert anna.post(f"{ASSIGNMENT}/names", {"word": word, "hide": ["yes"]}).status_code == 400
    assert "Names are shown" in prof.get(f"{ASSIGNMENT}/").text
    assert anna.post("services/desk/grade/tp2", {"word": word}).status_code == 403
    before = (class_.out / "index.html").stat().st_mtime_ns
    data = prof.form("services/desk/", "services/desk/grade/tp2")
    assert prof.post("services/desk/grade/tp2", data).status_code == 200
    wait_until(lambda: (class_.out / "index.html").stat().st_mtime_ns > before, "the class is graded again")
    wait_until(lambda: "/mark/" in prof.get(f"{ASSIGNMENT}/").text, "the desk is open again")


def test_feedback_and_wishes_stay_in_the_group(class_: Class, anna: Person, prof: Person) -> None:
    publish = f"{ASSIGNMENT}/publish"
    word = anna.form(publish, publish)["word"]
    chosen = {"word": word, "who": ["chosen"], "student": [class_.key("cyd")]}
    assert anna.post(publish, chosen).status_code == 400
    assert anna.post(publish, {"word": word, "who": ["group"], "group": ["TD2"]}).status_code == 400
    assert "Published: 2" in anna.post(publish, {"word": word, "who": ["all"]}).text
    assert not (class_.out / "cyd" / "feedback.json").exists()
    data = prof.form(publish, publish)
    done = prof.post(publish, data | {"who": ["group"], "group": ["TD2"]})
    assert "Published: 1" in done.text
    headers = {}
    for name in ("ann", "cyd"):
        token = token_of(api(class_.hub, class_.person(name).client))["authorization"].partition(" ")[2]
        headers[name] = {"authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=class_.gateway, timeout=60, trust_env=False) as gateway:
        for name, own in headers.items():
            asked = {"exercise": "reflection", "reason": f"because of {name}"}
            assert gateway.post("/v1/feedback/tp2/requests", json=asked, headers=own).status_code == 204
        page = anna.get(f"{ASSIGNMENT}/requests").text
        assert "cyd" not in page
        ann, cyd = (f"{ASSIGNMENT}/mark/reflection/{class_.key(name)}" for name in ("ann", "cyd"))
        prof.get(f"{ASSIGNMENT}/requests")
        theirs = prof.form(cyd, f"{ASSIGNMENT}/requests")
        refused = anna.post(f"{ASSIGNMENT}/requests", theirs | {"word": word, "answer": ["No."]})
        assert refused.status_code == 400
        own_form = anna.form(f"{ann}?by=question&show=again", f"{ASSIGNMENT}/requests")
        assert anna.post(f"{ASSIGNMENT}/requests", own_form | {"answer": ["Yes."]}).status_code == 200
        told = gateway.get("/v1/feedback/tp2", headers=headers["ann"]).json()["requests"]
        assert [(each["answer"], each["by"]) for each in told] == [("Yes.", "anna")]
        (cyds,) = gateway.get("/v1/feedback/tp2", headers=headers["cyd"]).json()["requests"]
        assert cyds["answer"] is None


def test_no_page_of_another_origin_acts_at_the_desk(class_: Class, prof: Person) -> None:
    data = prof.form(f"{ASSIGNMENT}/", f"{ASSIGNMENT}/names") | {"hide": ["yes"]}
    for headers in (
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": class_.hub.url.rstrip("/")},
        {},
    ):
        answer = prof.client.post(f"{ASSIGNMENT}/names", data=data, headers=headers)
        assert answer.status_code == 403, headers
    assert "Names are shown" in prof.get(f"{ASSIGNMENT}/").text


def test_no_secret_of_the_desk_or_the_hub_is_in_a_page_or_the_log(class_: Class, prof: Person) -> None:
    secrets = [(class_.hub.state / name).read_text().strip() for name in ("desk-token", "gateway-token")]
    pages = [prof.get(path).text for path in ("services/desk/", f"{ASSIGNMENT}/", f"{ASSIGNMENT}/publish")]
    for secret in secrets:
        assert not any(secret in page for page in pages)
        assert secret not in class_.hub.log.read_text()


def test_whose_right_is_taken_away_is_out(class_: Class) -> None:
    class_.cohort("graders", "TD2", "--add", "omar")
    omar = class_.person("omar")
    wait_until(lambda: omar.get(f"{ASSIGNMENT}/").status_code == 200, "the new grader is let in")
    assert "cyd" in omar.get(f"{ASSIGNMENT}/").text
    class_.cohort("graders", "TD2", "--remove", "omar")
    until = time.monotonic() + 60
    while omar.get(f"{ASSIGNMENT}/").status_code != 403:
        assert time.monotonic() < until
        time.sleep(1)


def test_nobody_judges_their_own_work(class_: Class) -> None:
    class_.cohort("graders", "TD1", "--add", "bob")
    try:
        bob = class_.person("bob")
        wait_until(lambda: bob.get(f"{ASSIGNMENT}/").status_code == 200, "the new grader is let in")
        page = bob.get(f"{ASSIGNMENT}/").text
        assert class_.key("ann") in page
        assert class_.key("bob") not in page
    finally:
        class_.cohort("graders", "TD1", "--remove", "bob")
