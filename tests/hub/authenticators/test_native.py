"""Tests of the hub's own accounts: sign-up, approval, and what strangers and students cannot do."""

import asyncio
import json
import re
import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path

import bcrypt
import httpx2
import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from traitlets.config import Config

from hub.authenticators.native.authenticator import AccountAuthenticator
from hub.authenticators.native.passwords import (
    FILE_NAME,
    LOCK_SECONDS,
    MAX_FAILED_LOGINS,
    MIN_LENGTH,
    ensure_first_passwords,
)
from hub.settings import HubSettings
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub, wait_until

GOOD = "swan-lake-77"


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> RunningHub:
    return start_hub(GENAI_HUB_AUTHENTICATOR="native")


class Person:
    """A person who fills in the hub's forms in a browser."""

    def __init__(self, hub: RunningHub) -> None:
        self.client = httpx2.Client(base_url=hub.url, follow_redirects=True, timeout=60)

    def send(self, page: str, **fields: str) -> httpx2.Response:
        form = self.client.get(page).text
        token = re.search(r'name="_xsrf" value="([^"]+)"', form)
        assert token, form
        return self.client.post(page, data={"_xsrf": token.group(1), **fields})

    def sign_up(self, name: str, password: str = GOOD, again: str | None = None) -> str:
        return self.send("hub/signup", username=name, password=password, again=again or password).text

    def log_in(self, name: str, password: str = GOOD) -> "Person":
        self.answer = self.send("hub/login?next=/hub/home", username=name, password=password)
        return self

    @property
    def name(self) -> str | None:
        headers = {"Referer": f"{self.client.base_url}hub/"}
        name: str | None = self.client.get("hub/api/user", headers=headers).json().get("name")
        return name


@pytest.fixture
def person(hub: RunningHub) -> Person:
    return Person(hub)


@pytest.fixture(scope="module")
def instructor(hub: RunningHub) -> Person:
    password = json.loads((hub.state / "instructors.json").read_text())[INSTRUCTOR]["password"]
    person = Person(hub).log_in(INSTRUCTOR, password)
    assert person.name == INSTRUCTOR
    return person


def test_the_instructor_s_first_password_is_shown_and_kept_for_the_owner_alone(hub: RunningHub) -> None:
    file = hub.state / "instructors.json"
    password = json.loads(file.read_text())[INSTRUCTOR]["password"]
    assert password in wait_until(hub.console.read_text, "the hub said something")
    assert password not in hub.log.read_text()
    assert json.loads(file.read_text())[INSTRUCTOR]["given"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_student_signs_up_waits_is_approved_and_gets_in(
    hub: RunningHub, person: Person, instructor: Person
) -> None:
    assert "has to approve" in person.sign_up("jane.doe")
    assert "waits for an instructor" in person.log_in("jane.doe").answer.text
    assert person.name is None
    assert "jane.doe" in instructor.client.get("hub/authorize").text
    assert instructor.send("hub/authorize", username="jane.doe", action="approve").status_code == 200
    assert person.log_in("jane.doe").name == "jane.doe"


def test_nobody_signs_up_as_an_instructor(person: Person) -> None:
    for name in (INSTRUCTOR, INSTRUCTOR.upper()):
        assert "taken" in person.sign_up(name)
    assert person.log_in(INSTRUCTOR).name is None


@pytest.mark.parametrize("password", ["short-1", "qwertyuiop", "QWERTYUIOP", "1234567890", "é" * 40])
def test_a_password_that_is_short_common_or_too_long_is_refused(person: Person, password: str) -> None:
    assert "not accepted" in person.sign_up("weak", password)
    assert person.log_in("weak", password).name is None


def test_two_different_passwords_are_no_sign_up(person: Person) -> None:
    assert "not the same" in person.sign_up("typo", again=GOOD + "!")


@pytest.mark.parametrize("name", ["a/b", "..", "x`) || PathPrefix(`/hub", "", "a b"])
def test_a_name_that_is_no_user_name_is_refused(person: Person, name: str) -> None:
    assert "not accepted" in person.sign_up(name)


@pytest.mark.parametrize("name", ["d'ann", "ann lee", "_ann"])
def test_the_login_explains_what_a_user_name_may_be(person: Person, name: str) -> None:
    said = person.log_in(name).answer.text
    assert "user name" in said
    assert "For example: " in said
    assert "Wrong user name or password" not in said


def test_an_accent_that_is_typed_apart_is_the_same_name(person: Person, instructor: Person) -> None:
    person.sign_up("zoé")
    instructor.send("hub/authorize", username="zoé", action="approve")
    assert person.log_in("zoe\u0301").name == "zoé"


def test_an_account_is_closed_for_a_while_after_wrong_attempts(
    hub: RunningHub, person: Person, instructor: Person
) -> None:
    person.sign_up("locked")
    instructor.send("hub/authorize", username="locked", action="approve")
    for _ in range(MAX_FAILED_LOGINS):
        assert person.log_in("locked", "wrong-password").name is None
    assert person.log_in("locked").name is None  # the account is locked, so the right password fails


def test_whether_a_password_is_right_cannot_be_tried_on_an_account_that_waits(person: Person) -> None:
    person.sign_up("waiting")
    for _ in range(MAX_FAILED_LOGINS):
        person.log_in("waiting", "wrong-password")
    assert "waits" not in person.log_in("waiting").answer.text


def test_a_very_long_password_is_just_wrong(person: Person) -> None:
    answer = person.log_in("jane.doe", "x" * 1000).answer
    assert answer.status_code == 200
    assert "Wrong user name or password" in answer.text


def test_approving_needs_an_instructor_a_post_and_the_page_s_own_token(
    hub: RunningHub, person: Person, instructor: Person
) -> None:
    person.sign_up("mallory")
    for address in (
        "hub/authorize/mallory",
        "hub/discard/mallory",
        "hub/authorize?username=mallory&action=approve",
    ):
        instructor.client.get(address)
    forged = instructor.client.post(
        "hub/authorize",
        data={"username": "mallory", "action": "approve"},
        headers={"Origin": "http://evil.example", "Referer": "http://evil.example/"},
    )
    assert forged.status_code == 403
    assert person.log_in("mallory").name is None

    person.sign_up("eve")
    instructor.send("hub/authorize", username="eve", action="approve")
    student = Person(hub).log_in("eve")
    assert student.name == "eve"
    assert student.client.get("hub/authorize").status_code == 403
    xsrf = student.client.cookies.get("_xsrf", path="/hub/")
    fields = {"username": "mallory", "action": "approve", "_xsrf": xsrf or ""}
    assert student.client.post("hub/authorize", data=fields).status_code == 403


def test_withdrawing_ends_the_session_and_a_new_password_replaces_the_old(
    hub: RunningHub, person: Person, instructor: Person
) -> None:
    person.sign_up("leaver")
    instructor.send("hub/authorize", username="leaver", action="approve")
    assert person.log_in("leaver").name == "leaver"
    instructor.send("hub/authorize", username="leaver", action="withdraw")
    assert person.name is None
    assert Person(hub).log_in("leaver").name is None
    instructor.send("hub/authorize", username="leaver", action="approve")
    told = instructor.send("hub/authorize", username="leaver", action="reset").text
    new = re.search(r"new password of leaver is (\S+)", told)
    assert new
    assert Person(hub).log_in("leaver").name is None
    assert Person(hub).log_in("leaver", new.group(1)).name == "leaver"


@pytest.mark.parametrize("action", ["withdraw", "reset"])
def test_a_token_that_the_person_asked_for_ends_with_the_session_and_the_lab_keeps_its_own(
    hub: RunningHub, person: Person, instructor: Person, action: str
) -> None:
    name = f"scripter-{action}"
    person.sign_up(name)
    instructor.send("hub/authorize", username=name, action="approve")
    assert person.log_in(name).name == name
    xsrf = person.client.cookies.get("_xsrf", path="/hub/") or ""
    headers = {"Referer": f"{hub.url}hub/", "X-XSRFToken": xsrf}
    token = person.client.post(f"hub/api/users/{name}/tokens", json={}, headers=headers).json()["token"]
    script = {"Authorization": f"token {token}"}
    assert httpx2.get(f"{hub.url}hub/api/user", headers=script).status_code == 200
    started = person.client.post(f"hub/api/users/{name}/server", headers=headers)
    assert started.status_code in (201, 202), started.text
    wait_until(lambda: person.client.get(f"hub/api/users/{name}", headers=headers).json()["server"], "a lab")

    instructor.send("hub/authorize", username=name, action=action)
    assert httpx2.get(f"{hub.url}hub/api/user", headers=script).status_code == 403
    with sqlite3.connect(hub.state / "jupyterhub.sqlite") as db:
        left = db.execute(
            "SELECT note FROM api_tokens JOIN users ON users.id = user_id WHERE name = ?", (name,)
        ).fetchall()
    assert [note for (note,) in left] == [f"Server at /user/{name}/"]


def test_one_changes_one_s_own_password(hub: RunningHub, person: Person, instructor: Person) -> None:
    person.sign_up("changer")
    instructor.send("hub/authorize", username="changer", action="approve")
    person.log_in("changer")
    new = "goose-pond-78"
    page = "hub/change-password"
    assert "Wrong" in person.send(page, old="not it", password=new, again=new).text
    assert "not accepted" in person.send(page, old=GOOD, password="short", again="short").text
    assert "changed" in person.send(page, old=GOOD, password=new, again=new).text
    assert Person(hub).log_in("changer").name is None
    assert Person(hub).log_in("changer", new).name == "changer"


def test_a_changed_password_ends_all_sessions_but_the_one_it_was_changed_in(
    hub: RunningHub, person: Person, instructor: Person
) -> None:
    person.sign_up("robbed")
    instructor.send("hub/authorize", username="robbed", action="approve")
    thief, new, newer = Person(hub).log_in("robbed"), "goose-pond-78", "heron-pond-79"
    assert thief.name == person.log_in("robbed").name == "robbed"
    page = "hub/change-password"
    changed = person.send(page, old=GOOD, password=new, again=new)
    assert "changed" in changed.text
    assert thief.name is None
    assert person.name == "robbed"
    shown = re.search(r'name="_xsrf" value="([^"]+)"', changed.text)
    assert shown
    fields = {"_xsrf": shown.group(1), "old": new, "password": newer, "again": newer}
    assert "changed" in person.client.post(page, data=fields).text  # the page that says so goes on working


def test_an_account_that_was_there_before_its_name_became_an_instructor_s_changes_hands(
    tmp_path: Path,
) -> None:
    """A student who signed up early with a future instructor's name must not become an instructor."""
    db = orm.new_session_factory("sqlite:///:memory:")()
    settings = HubSettings(state=tmp_path, instructors=frozenset({"prof.two"}))
    file = tmp_path / FILE_NAME
    options = {"admin_users": {"prof.two"}, "first_passwords_file": str(file)}
    config = Config({"AccountAuthenticator": options})
    db.add(UserInfo(username="prof.two", password=bcrypt.hashpw(GOOD.encode(), bcrypt.gensalt(4))))
    db.commit()
    first = ensure_first_passwords(settings)["prof.two"]["password"]
    AccountAuthenticator(db=db, config=config)
    account = UserInfo.find(db, "prof.two")
    assert account.is_valid_password(first)
    assert account.is_authorized

    account.password = bcrypt.hashpw(GOOD.encode(), bcrypt.gensalt(4))  # the instructor changes the password
    db.commit()
    ensure_first_passwords(settings)
    AccountAuthenticator(db=db, config=config)
    assert UserInfo.find(db, "prof.two").is_valid_password(GOOD)


@pytest.fixture
def accounts(tmp_path: Path) -> AccountAuthenticator:
    """The authenticator alone, on a database in memory, with the hub's own rules."""
    settings = HubSettings(state=tmp_path, instructors=frozenset())
    ensure_first_passwords(settings)
    options = {
        "first_passwords_file": str(tmp_path / FILE_NAME),
        "allowed_failed_logins": MAX_FAILED_LOGINS,
        "seconds_before_next_try": LOCK_SECONDS,
        "minimum_password_length": MIN_LENGTH,
    }
    db = orm.new_session_factory("sqlite:///:memory:")()
    return AccountAuthenticator(db=db, config=Config({"AccountAuthenticator": options}))


@pytest.mark.parametrize("days", [0, 1, 30])
def test_an_account_is_closed_for_a_while_and_not_again_on_later_days(
    accounts: AccountAuthenticator, days: int
) -> None:
    now = datetime.now()
    for seconds, closed in ((LOCK_SECONDS / 2, days == 0), (LOCK_SECONDS + 60, False)):
        last = now - timedelta(days=days, seconds=seconds)
        accounts.login_attempts["ada"] = {"count": MAX_FAILED_LOGINS, "time": last}
        assert accounts.is_blocked("ada") is closed


def test_passwords_are_hashed_beside_the_hubs_own_thread(
    accounts: AccountAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed_in: list[threading.Thread] = []
    hashing = bcrypt.hashpw

    def told(password: bytes, salt: bytes) -> bytes:
        hashed_in.append(threading.current_thread())
        return hashing(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", told)

    async def sign_up_twice() -> list[bool]:
        return list(await asyncio.gather(*(accounts.make_account("Ada", GOOD) for _ in range(2))))

    assert sorted(asyncio.run(sign_up_twice())) == [False, True]
    assert asyncio.run(accounts.set_password("ada", GOOD + "!"))
    assert len(hashed_in) == 3
    assert threading.main_thread() not in hashed_in
    monkeypatch.undo()
    (account,) = UserInfo.all_users(accounts.db)
    assert (account.username, account.is_authorized) == ("ada", False)
    assert account.is_valid_password(GOOD + "!")
