"""Tests of all cohort commands with a class of four students on a real hub.

A fifth student is in a group of her own, and her lab runs only if a test starts it.
"""

import io
import json
import re
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from exercises.loader import find_assignment
from genai_lab import main
from grading.submission.hand_in import hand_in
from hub.cohort import client
from hub.roles import COHORT
from manifests.store import Store
from tests.grading.good import EARNED, make_work
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub
from tests.hub.labs import api

STUDENTS = ("ann", "bob", "cyd", "dan")  # finished, working, nothing done, finished
EVERYONE = (*STUDENTS, "eve")
ROSTER = "Identifiant;Nom;Groupe\nann;Ann;TD1\nbob;Bob;TD1\ncyd;Cyd;TD1\nDan;Dan;TD1\neve;Eve;TD2\n"
ACTIVITY = 5  # seconds; the Hub records activity this often
PATIENCE = 120  # seconds; the machine may be busy


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Class:
    """Runs `genai-lab cohort …` for one hub, with the service's own token."""

    hub: RunningHub
    folder: Path

    def __call__(self, *arguments: str, token: str | None = None) -> Said:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GENAI_HUB_URL", self.hub.url)
            patch.setenv("GENAI_HUB_STATE", str(self.hub.state))
            if token is not None:
                patch.setenv("GENAI_HUB_TOKEN", token)
            return run("cohort", *arguments)

    def roster(self, text: str = ROSTER) -> str:
        file = self.folder / "roster.csv"
        file.write_text(text)
        return str(file)

    def start(self) -> None:
        """Start all labs of TD1."""
        said = self("start", "--group", "TD1", "--json")
        assert said.code == 0, said

    def row(self, user: str) -> dict[str, Any]:
        """Return the student's row of `status`."""
        students: list[dict[str, Any]] = self("status", "--json").json["students"]
        return next(each for each in students if each["user"] == user)


def run(*arguments: str) -> Said:
    """Run `genai-lab …` in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["genai-lab", *arguments])
        patch.setenv("GENAI_LANGUAGE", "en")
        try:
            main()
        except SystemExit as end:
            code = end.code
    return Said(int(str(code or 0)), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def cohort(start_hub: StartHub, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """A class that has been imported and has some work in its homes. No lab runs yet."""
    # Activity is recorded often, and no lab becomes idle during the tests.
    hub = start_hub(GENAI_HUB_IDLE_SECONDS=str(4 * ACTIVITY), GENAI_HUB_IDLE_CHECK_SECONDS="86400")
    found = Class(hub, tmp_path_factory.mktemp("class"))
    tp2 = find_assignment("tp2")
    for name in ("ann", "bob", "dan", "eve"):
        make_work(found.hub.state / "homes" / name / "work", tp2, name)
    said = found("import", found.roster(), "--json")
    assert said.code == 0, said
    assert said.json["new"] == list(EVERYONE)
    return found


def lab_of(cohort: Class, name: str) -> httpx2.Client:
    """Return a client of the student's own lab, with the student's token."""
    token = api(cohort.hub, cohort.hub.login(name)).headers["authorization"]
    return httpx2.Client(
        base_url=f"{cohort.hub.url}user/{name}/", headers={"authorization": token}, timeout=60
    )


def bob_begins_to_generate(cohort: Class) -> None:
    """Let bob's lab generate pictures for longer than a test takes."""
    with lab_of(cohort, "bob") as lab:
        wish = {"prompt": "a red apple", "steps": 150}
        answers = [lab.post("api/v1/generations", json=wish) for _ in range(4)]
        assert {each.status_code for each in answers} == {202}, answers[0].text
    until = time.monotonic() + PATIENCE
    while not cohort.row("bob")["progress"]["running"]:
        assert time.monotonic() < until, "nothing is generated"


def test_importing_again_changes_nothing_and_says_who_left(cohort: Class) -> None:
    again = cohort("import", cohort.roster())
    assert again.code == 0
    assert "5 known, 0 new." in again.out
    assert "Nothing to change." in again.out
    fewer = cohort("import", cohort.roster(ROSTER.replace("bob;Bob;TD1\n", "")))
    assert "not in the roster (kept): bob" in fewer.out
    assert cohort.row("bob")["groups"] == ["TD1"]


def test_a_wrong_roster_is_said_by_line_and_changes_nothing(cohort: Class) -> None:
    said = cohort("import", cohort.roster("login;note\nzoe;1\n;2\na/b;3\n"))
    assert said.code == 2
    assert re.search(r"^3 .*no user name", said.out, re.MULTILINE)
    assert re.search(r"^4 .*cannot be a user name", said.out, re.MULTILINE)
    assert "Columns not used: note" in said.out
    assert said.err.count("\n") == 1
    assert "Lines of roster.csv that are wrong: 2" in said.err
    assert "zoe" not in cohort("status").out


def test_names_that_are_markup_to_a_terminal_are_shown_as_they_are(cohort: Class) -> None:
    said = cohort("import", cohort.roster("login;[red]note[/red]\n[bold]x;\x1b[2J\n"))
    assert "[bold]x" in said.out
    assert "[red]note[/red]" in said.out
    assert "\x1b" not in said.out


def test_the_whole_class_is_started_and_seen(cohort: Class) -> None:
    said = cohort("start", "--group", "TD1", "--limit", "2", "--json")
    assert said.code == 0, said
    assert said.json["ready"] == 4
    rows = {each["user"]: each for each in cohort("status", "--json").json["students"]}
    assert set(rows) == set(EVERYONE)  # without the instructor
    assert {rows[name]["lab"] for name in STUDENTS} == {"ready"}
    assert rows["ann"]["progress"]["points"] == EARNED - 1  # nothing handed in yet
    assert rows["ann"]["progress"]["pictures"] > 10
    nothing: dict[str, object] = {
        "points": 0,
        "maximum": 20,
        "pictures": 0,
        "running": 0,
        "changed": None,
        "failing": [],
    }
    assert nothing.items() <= rows["cyd"]["progress"].items()
    assert {exercise["points"] for exercise in rows["cyd"]["progress"]["exercises"]} == {0}


def test_what_does_not_run_has_no_points_at_all(cohort: Class) -> None:
    row = cohort.row("eve")
    assert (row["lab"], row["progress"]) == ("stopped", None)
    table = cohort("status", "--group", "TD2").out
    assert re.search("eve +TD2 +not running .*unknown", table)
    assert "ann" not in table


def test_all_pages_are_read(cohort: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 1)
    assert {each["user"] for each in cohort("status", "--json").json["students"]} == set(EVERYONE)
    groups = {each["group"] for each in cohort("deadline", "tp2", "show", "--json").json["groups"]}
    assert groups == {"TD1", "TD2"}


def test_a_deadline_is_set_for_a_group_and_extended_for_one(cohort: Class) -> None:
    assert cohort("deadline", "tp2", "set", "2018-01-01 12:00+00:00", "--group", "TD1").code == 0
    assert cohort("deadline", "tp2", "extend", "bob", "+2d").code == 0
    assert cohort.row("ann")["deadline"] == "2018-01-01T12:00:00+00:00"
    assert cohort.row("bob")["deadline"] == "2018-01-03T12:00:00+00:00"
    shown = cohort("deadline", "tp2", "show", "--group", "TD1", "--json").json
    assert list(shown["groups"][0]["extensions"]) == ["bob"]


def test_an_opening_is_set_with_the_deadline_said_shown_and_kept(cohort: Class) -> None:
    dates = ("set", "2018-01-09 12:00+00:00", "--group", "TD1")
    done = cohort("deadline", "seeds", *dates, "--opens", "2018-01-02 08:00+00:00")
    assert (done.code, "opens 2018-01-02" in done.out) == (0, True)
    for _ in range(2):
        shown = cohort("deadline", "seeds", "show", "--group", "TD1", "--json").json["groups"][0]
        assert (shown["opens"], shown["due"]) == ("2018-01-02T08:00:00Z", "2018-01-09T12:00:00Z")
        assert "2018-01-02" in cohort("deadline", "seeds", "show").out
        assert "opens 2018-01-02" in cohort("deadline", "seeds", *dates).out  # as before
    assert "open at once" in cohort("deadline", "seeds", *dates, "--opens", "now").out
    assert cohort("deadline", "seeds", "show", "--group", "TD1", "--json").json["groups"][0]["opens"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("deadline", "tp2", "set", "2030-01-01"), "Say which group"),
        (("deadline", "tp2", "set", "soon", "--group", "TD1"), "no date"),
        (("deadline", "tp2", "set", "2030-01-01", "--group", "TD1", "--opens", "soon"), "or now"),
        (("deadline", "tp2", "set", "2030-01-01", "--group", "TD1", "--opens", "2030-01-02"), "--opens"),
        (("deadline", "tp9", "show"), "tp9"),
        (("deadline", "tp2", "extend", "zoe", "+2d"), "zoe"),
        (("status", "--group", "TD9"), "TD1, TD2"),
        (("start", "--at", "25:00"), "no time of day"),
        (("collect", "tp2", "--out", "x", "--student", "zoe"), "zoe"),
        (("import", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_2(cohort: Class, arguments: tuple[str, ...], words: str) -> None:
    said = cohort(*arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert said.err.count("\n") == 1


def test_stopped_labs_are_collected_too_and_stopped_again(cohort: Class, tmp_path: Path) -> None:
    of_eve = ("collect", "tp2", "--out", str(tmp_path), "--group", "TD2", "--json")
    said = cohort(*of_eve, "--running-only")
    assert (said.code, {each["why"] for each in said.json["missed"]}) == (1, {"stopped"})
    said = cohort(*of_eve)
    assert said.code == 0, said
    assert [each["student"] for each in said.json["snapshots"]] == ["eve"]
    assert cohort.row("eve")["lab"] == "stopped"


def test_a_lab_that_cannot_start_is_said_with_its_reason(cohort: Class) -> None:
    settings = cohort.hub.state / "homes" / "eve" / ".env"
    settings.write_text("GENAI_MODEL=no-such-model\n")
    try:
        said = cohort("start", "--group", "TD2")
    finally:
        settings.unlink()
    assert said.code == 1
    assert re.search(r"eve +failed +.*no-such-model", " ".join(said.out.split())), said.out


def mint(cohort: Class, scopes: list[str]) -> str:
    """Make a token with exactly those scopes."""
    instructor = cohort.hub.login(INSTRUCTOR)
    xsrf = next(cookie.value for cookie in instructor.cookies.jar if cookie.name == "_xsrf")
    made = instructor.post(
        f"hub/api/users/{INSTRUCTOR}/tokens",
        json={"note": "test", "scopes": scopes},
        headers={"referer": f"{cohort.hub.url}hub/", "x-xsrftoken": xsrf or ""},
    )
    return str(made.json()["token"])


def no_progress(cohort: Class, token: str) -> bool:
    rows = cohort("status", "--json", token=token).json["students"]
    return all(row["progress"] is None and row["no_progress"] for row in rows if row["lab"] == "ready")


def fails(*arguments: str, code: int = 2, saying: str = "") -> Callable[[Class, str], None]:
    def check(cohort: Class, token: str) -> None:
        said = cohort(*arguments, token=token)
        assert (said.code, saying in said.out + said.err) == (code, True), said

    return check


def cannot_import(line: str, saying: str) -> Callable[[Class, str], None]:
    def check(cohort: Class, token: str) -> None:
        fails("import", cohort.roster(f"user;group\n{line}\n"), saying=saying)(cohort, token)

    return check


def sees_no_state(cohort: Class, token: str) -> None:
    """Check that the token does not see a lab's state, which names the GPU that the lab holds."""
    own = (cohort.hub.state / "cohort-token").read_text().strip()
    with httpx2.Client(base_url=f"{cohort.hub.url}hub/api/") as hub:
        seen = [
            hub.get("users/ann/server", headers={"authorization": f"token {each}"}).json()
            for each in (own, token)
        ]
    assert ["state" in server for server in seen] == [True, False]


# For each scope: the largest smaller scopes, and a check that a command fails with only those.
NEEDED: dict[str, tuple[list[str], Callable[[Class, str], None]]] = {
    "admin:users": (["users"], cannot_import("zoe;TD1", "admin:users")),
    "admin:groups": (["groups"], cannot_import("eve;TD3", "admin:groups")),
    "read:servers": ([], fails("status", saying="read:servers")),
    "admin:server_state": ([], sees_no_state),
    "start:servers": ([], fails("start", "--group", "TD2", code=1, saying="start:servers")),
    "delete:servers": ([], fails("stop", "--yes", "--group", "TD1", code=1, saying="delete:servers")),
    "access:servers": ([], fails("status", code=0, saying="access:servers")),
}


@pytest.mark.parametrize("scope", COHORT)
def test_each_scope_is_needed(cohort: Class, scope: str) -> None:
    cohort.start()
    smaller, check = NEEDED[scope]
    check(cohort, mint(cohort, [*(each for each in COHORT if each != scope), *smaller]))


def test_the_token_can_do_no_more_than_that(cohort: Class) -> None:
    token = (cohort.hub.state / "cohort-token").read_text().strip()
    with httpx2.Client(
        base_url=f"{cohort.hub.url}hub/api/", headers={"authorization": f"token {token}"}
    ) as hub:
        for method, path in [
            ("GET", "proxy"), ("GET", "info"), ("POST", "shutdown"), ("GET", "services"),
            ("POST", "users/ann/tokens"), ("GET", "users/ann/tokens"), ("GET", "users/ann/shared"),
        ]:  # fmt: skip
            assert hub.request(method, path, json={}).status_code == 403, path


def test_a_pass_opens_one_lab_and_nothing_else(cohort: Class) -> None:
    cohort.start()
    token = (cohort.hub.state / "cohort-token").read_text().strip()
    with httpx2.Client(base_url=cohort.hub.url, timeout=60) as browser:
        own = {"authorization": f"token {token}"}
        given = browser.post("hub/api/users/ann/lab-pass", headers=own)
        assert given.status_code == 201
        with_pass = {"authorization": f"token {given.json()['token']}"}
        assert browser.get("user/ann/class/progress", headers=with_pass).status_code == 200
        assert browser.get("user/bob/class/progress", headers=with_pass).status_code == 403
        assert browser.get("hub/api/users", headers=with_pass).status_code == 403
        assert browser.post("hub/api/users/bob/lab-pass", headers=with_pass).status_code in (403, 404)
        assert browser.get("user/ann/class/snapshot").status_code in (401, 403)
        anyone = api(cohort.hub, cohort.hub.login("bob")).headers["authorization"]
        refused = browser.post("hub/api/users/ann/lab-pass", headers={"authorization": anyone})
        assert refused.status_code in (403, 404)
        assert browser.post("hub/api/users/nobody/lab-pass", headers=own).status_code == 404


def test_looking_at_the_class_is_nobodys_activity(cohort: Class) -> None:
    cohort.start()
    own = {"authorization": f"token {(cohort.hub.state / 'cohort-token').read_text().strip()}"}

    def activity() -> list[str]:
        ann = httpx2.get(f"{cohort.hub.url}hub/api/users/ann", headers=own).json()
        return [ann["last_activity"], ann["servers"][""]["last_activity"]]

    assert cohort("status").code == 0
    before = activity()
    time.sleep(ACTIVITY + 1)
    assert cohort.row("ann")["progress"]
    assert activity() == before


def test_the_token_is_in_no_log(cohort: Class) -> None:
    cohort.start()
    cohort("status")
    token = (cohort.hub.state / "cohort-token").read_text().strip()
    logs = [cohort.hub.log, cohort.hub.console, *(cohort.hub.state / "logs").glob("*.log")]
    assert len(logs) >= 2 + len(STUDENTS)
    for log in logs:
        assert token not in log.read_text(errors="replace"), log


def test_work_is_collected_while_it_goes_on_and_nobody_loses_a_picture_unasked(
    cohort: Class, tmp_path: Path
) -> None:
    cohort.start()
    began = datetime.now(UTC)
    own = sorted((cohort.hub.state / "homes").rglob("*.zip"))
    assert cohort("deadline", "tp2", "set", "2020-01-01", "--group", "TD1").code == 0
    assert cohort("deadline", "tp2", "extend", "dan", "2099-01-01").code == 0
    bob_begins_to_generate(cohort)

    out = tmp_path / "collected"
    said = cohort("collect", "tp2", "--out", str(out), "--group", "TD1", "--json")
    assert said.code == 0, said
    assert cohort.row("bob")["progress"]["running"], "it did not go on"
    taken = {each["student"]: each for each in said.json["snapshots"]}
    assert {name: each["late"] for name, each in taken.items()} == {"ann": True, "bob": True, "dan": False}
    assert [(each["student"], each["why"]) for each in said.json["missed"]] == [("cyd", "nothing")]
    assert all(datetime.fromisoformat(each["collected"]) > began for each in taken.values())
    assert datetime.fromisoformat(taken["ann"]["changed"]) < began
    assert sorted((cohort.hub.state / "homes").rglob("*.zip")) == own

    kept = {path: path.read_bytes() for path in out.rglob("*.zip")}
    assert cohort("collect", "tp2", "--out", str(out), "--student", "ann").code == 0
    assert kept.items() <= {path: path.read_bytes() for path in out.rglob("*.zip")}.items()
    assert len(list((out / "ann").glob("*.zip"))) == 2

    said = cohort("stop")
    assert said.code == 2
    assert "bob" in said.err
    assert "--yes" in said.err
    assert cohort("stop", "--idle", "600", "--json").json["stopped"] == []
    assert cohort.row("ann")["lab"] == "ready"
    said = cohort("stop", "--yes", "--json")
    assert (said.code, said.json["generating"], said.json["stopped"]) == (0, ["bob"], list(STUDENTS))
    assert {each["lab"] for each in cohort("status", "--json").json["students"]} == {"stopped"}

    graded = run("grade", str(out), "--assignment", "tp2", "--out", str(tmp_path / "grades"), "--json")
    grades = {each["student"]: each for each in graded.json["grades"]}
    assert set(grades) == set(STUDENTS)
    assert grades["ann"]["points"] == grades["dan"]["points"] == EARNED
    assert grades["bob"]["gradable"]
    assert not grades["cyd"]["gradable"]


def test_a_hand_in_is_collected_and_graded_as_in_time_though_its_student_plays_on(
    cohort: Class, tmp_path: Path
) -> None:
    store = Store(cohort.hub.state / "homes" / "eve" / "work", "tp2", "eve")
    handed_in = hand_in(find_assignment("tp2"), store, "en")
    due = datetime.now(UTC) + timedelta(seconds=1)
    assert cohort("deadline", "tp2", "set", due.isoformat(), "--group", "TD2").code == 0
    time.sleep(2)
    (store.folder / "answers.json").touch()

    out = tmp_path / "collected"
    said = cohort("collect", "tp2", "--out", str(out), "--group", "TD2", "--json")
    assert said.code == 0, said
    [taken] = said.json["snapshots"]
    assert (out / taken["file"]).read_bytes() == handed_in.read_bytes()
    assert taken["late_seconds"] == 0
    assert datetime.fromisoformat(taken["handed_in"]) < due < datetime.fromisoformat(taken["changed"])

    graded = run("grade", str(out), "--assignment", "tp2", "--out", str(tmp_path / "grades"), "--json")
    [grade] = graded.json["grades"]
    assert grade["lateness"]["late_seconds"] == 0
    assert grade["lateness"]["handed_in"] == taken["handed_in"]
