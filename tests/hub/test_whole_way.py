"""The whole way of an assignment, once, on a real hub: from a class list to the gradebook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from exercises.loader import find_assignment
from grading.marks.store import MarksStore
from grading.results import Grade
from tests.grading.desk.serving import with_fields
from tests.grading.good import make_work
from tests.grading.gradebook.readers import Canvas
from tests.hub.conftest import INSTRUCTOR, StartHub, free_port, wait_until
from tests.hub.test_desk import ASSIGNMENT, Class, Person

ROSTER = "login;groupe\nann;TD1\nbob;TD1\ncyd;TD2\n"
GRADEBOOK = """\
Student,ID,SIS User ID,SIS Login ID,Section,TP2 (77)
    Points Possible,,,,,20.00
"One, Ann",1001,a,ann,A,
"Two, Bob",1002,b,bob,A,
"Three, Cyd",1003,c,cyd,B,
"""
OPENED = 180_000  # milliseconds; the machine may be busy


@pytest.fixture
def class_(start_hub: StartHub) -> Class:
    port = free_port()
    hub = start_hub(GENAI_HUB_GATEWAY="1", GENAI_HUB_GATEWAY_PORT=str(port))
    return Class(hub, f"http://127.0.0.1:{port}")


def command(*arguments: str, **environment: str) -> str:
    """Run `genai-lab …` as a person does."""
    said = subprocess.run(
        [sys.executable, "-m", "genai_lab", *arguments],
        env={**os.environ, "GENAI_LANGUAGE": "en", **environment},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def grade_of(class_: Class, student: str) -> Grade:
    return Grade.model_validate_json((class_.out / student / "grade.json").read_bytes())


def judge(class_: Class, person: Person, student: str) -> None:
    """Give all that is open of a student, exercise by exercise, and say something of the reflection."""
    key, grade = class_.key(student), grade_of(class_, student)
    still = [check for check in grade.checks if check.needs_person and check.waits_for is None]
    for exercise in dict.fromkeys(check.id.partition("/")[0] for check in still):
        place = f"{ASSIGNMENT}/mark/{exercise}/{key}"
        given = {
            f"points:{check.id}": f"{check.maximum}" for check in still if check.id.startswith(f"{exercise}/")
        }
        comment = "Well observed." if exercise == "reflection" else ""
        fields = with_fields(person.form(place, place), "save", comment=comment, **given)
        saved = person.post(place, fields)
        assert saved.status_code == 200, saved.text


def in_the_lab(browser: Browser, class_: Class, name: str) -> Page:
    """A student's own lab, in their browser."""
    page = browser.new_context(base_url=class_.hub.url, locale="en-GB").new_page()
    page.set_default_timeout(OPENED)
    page.goto("hub/login")
    page.locator("#username_input").fill(name)
    page.locator("#password_input").fill(class_.hub.passwords["students"])
    page.locator("#login_submit").click()
    expect(page.locator("#lab-title")).to_contain_text(name, timeout=OPENED)
    return page


@pytest.mark.browser
def test_from_the_class_list_to_the_gradebook(class_: Class, browser: Browser, tmp_path: Path) -> None:
    hub, tp2 = class_.hub, find_assignment("tp2")
    # The class list, who judges, and when the work is due
    (tmp_path / "roster.csv").write_text(ROSTER)
    class_.cohort("import", str(tmp_path / "roster.csv"))
    class_.cohort("graders", "TD1", "--add", "anna")
    for group in ("TD1", "TD2"):
        class_.cohort("deadline", "tp2", "set", "2036-11-27", "--group", group)
    # Students work, and hand in
    for name in ("ann", "bob"):
        work = hub.state / "homes" / name / "work"
        make_work(work, tp2, name)
        command("hand-in", "tp2", "--work", str(work), GENAI_STUDENT=name)
    # What they handed in is collected to where the desk finds it, and graded there
    assert class_.cohort("collect", "tp2", "--json")
    assert len(list((hub.state / "submissions" / "tp2").glob("*/*.zip"))) == 2
    prof = class_.person(INSTRUCTOR)
    wait_until(lambda: "/mark/" in prof.get(f"{ASSIGNMENT}/").text, "the class is graded")
    assert grade_of(class_, "cyd").missing
    assert grade_of(class_, "ann").status == "to_read"
    assert grade_of(class_, "ann").groups == ("TD1",)
    # A person judges, and publishes to the group
    anna = class_.person("anna")
    for name in ("ann", "bob"):
        judge(class_, anna, name)
    assert {each.author for each in MarksStore(class_.out).everything()} == {"anna"}
    publish = f"{ASSIGNMENT}/publish"
    fields = anna.form(publish, publish) | {"who": ["group"], "group": ["TD1"]}
    assert "Published: 2" in anna.post(publish, fields).text
    # A student reads it in the lab, and asks for another look
    page = in_the_lab(browser, class_, "ann")
    page.locator(".feedback-is-here a").click()
    feedback = page.locator("#feedback")
    expect(feedback).to_contain_text("Well observed.")
    expect(feedback).to_contain_text("20 / 20")
    page.get_by_label("Ask for an exercise").click()
    page.get_by_role("option", name="Reflection").click()
    page.locator("#look-again-reason textarea").fill("You did not see line 3.")
    page.locator("#look-again-ask").click()
    expect(page.locator("#look-again-status")).to_contain_text("was sent")
    # It is in the grader's queue, and the answer goes back
    anna.get(f"{ASSIGNMENT}/requests")
    place = f"{ASSIGNMENT}/mark/reflection/{class_.key('ann')}?by=question&show=again"
    assert place in anna.get(f"{ASSIGNMENT}/").text.replace("&amp;", "&")
    fields = anna.form(place, f"{ASSIGNMENT}/requests") | {"answer": ["I did now."]}
    assert anna.post(f"{ASSIGNMENT}/requests", fields).status_code == 200
    page.wait_for_timeout(21_000)  # for which the lab takes the gateway's last answer
    page.reload()  # opens the tab where they were
    expect(feedback).to_contain_text("I did now.")
    page.context.close()
    # The reports follow, and the gradebook is filled
    before = (class_.out / "index.html").stat().st_mtime_ns
    prof.post("services/desk/grade/tp2", prof.form("services/desk/", "services/desk/grade/tp2"))
    wait_until(lambda: (class_.out / "index.html").stat().st_mtime_ns > before, "the class is graded again")
    (tmp_path / "gradebook.csv").write_text(GRADEBOOK)
    command(
        *("grades", "export", "--format", "canvas", "--grades", str(class_.out)),
        *("--roster", str(tmp_path / "gradebook.csv"), "--column", "TP2", "--out", str(tmp_path / "out.csv")),
    )
    title, read = Canvas({1001: "ann", 1002: "bob", 1003: "cyd"}).read((tmp_path / "out.csv").read_bytes())
    assert (title, read) == ("TP2 (77)", {"ann": 20.0, "bob": 20.0})
