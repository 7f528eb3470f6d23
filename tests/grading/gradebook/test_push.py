"""Scores by LTI: a platform of somebody else's takes them, once, whatever goes wrong on the way."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import Response

from grading.gradebook.errors import GradebookError
from grading.gradebook.push import SCORE, Place, Pushed, Tool, push
from grading.gradebook.pushed import LOG, PushLog
from grading.gradebook.scores import Score
from hub.authenticators.lti.grades import jwks, make_key
from tests.grading.gradebook.platform import CLIENT, Platform, pem_pair, serving
from tests.grading.gradebook.test_export import score


@pytest.fixture(scope="module")
def started() -> Iterator[Platform]:
    platform = Platform()
    with serving(platform.app) as url:
        platform.url = url
        yield platform


PRIVATE, PUBLIC = pem_pair()


@pytest.fixture
def platform(started: Platform) -> Platform:
    started.scores.clear()
    started.tokens, started.behave = 0, lambda what: None
    started.trust(jwks(PRIVATE))
    return started


def send(
    platform: Platform, folder: Path, *scores: Score, title: str | None = None, **changes: object
) -> Pushed:
    def place(student: str) -> Place | None:
        if student == "stranger":
            return None
        fields = {
            "issuer": "https://moodle.example", "client_id": CLIENT, "user_id": f"id-{student}",
            "lineitem": f"{platform.url}/items/5", "scope": [SCORE], "title": "TP 2",
        }  # fmt: skip
        return Place.model_validate(fields | changes)

    tool = Tool(f"{platform.url}/token", PRIVATE, PUBLIC)
    return push(scores, place, tool, PushLog(folder), title)


def log(folder: Path) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    return [(line["student"], line["state"]) for line in lines]


def test_numbers_arrive_and_nothing_else(platform: Platform, tmp_path: Path) -> None:
    done = send(platform, tmp_path, score("ann", 12.5), score("zero", 0.0), score("gone", None, "missing"),
                score("read", 3, "to_read"), score("stranger", 4))  # fmt: skip
    assert (done.sent, done.elsewhere, done.refused) == (["ann", "zero"], ["stranger"], [])
    (_, first), (_, second) = platform.scores
    assert (first["userId"], first["scoreGiven"], first["scoreMaximum"]) == ("id-ann", 12.5, 20)
    assert (first["activityProgress"], first["gradingProgress"]) == ("Completed", "FullyGraded")
    assert second["scoreGiven"] == 0
    assert platform.tokens == 1


def test_nothing_is_sent_twice_and_a_change_is_sent_once(platform: Platform, tmp_path: Path) -> None:
    send(platform, tmp_path, score("ann", 12.5))
    assert send(platform, tmp_path, score("ann", 12.5)).known == ["ann"]
    assert send(platform, tmp_path, score("ann", 13)).sent == ["ann"]
    assert send(platform, tmp_path, score("ann", 13)).known == ["ann"]
    assert [s["scoreGiven"] for _, s in platform.scores] == [12.5, 13]
    assert log(tmp_path) == [("ann", "sending"), ("ann", "sent")] * 2


def test_a_refusal_is_logged_and_the_others_are_sent(platform: Platform, tmp_path: Path) -> None:
    answers = iter([Response("no such user", 422)])
    platform.behave = lambda what: next(answers, None) if what == "score" else None
    done = send(platform, tmp_path, score("ann", 1), score("ben", 2))
    assert (done.refused, done.sent) == (["ann"], ["ben"])
    assert "422 no such user" in (tmp_path / LOG).read_text()
    assert send(platform, tmp_path, score("ann", 1), score("ben", 2)).sent == ["ann"]


def test_an_expired_token_is_asked_for_once_more(platform: Platform, tmp_path: Path) -> None:
    answers = iter([Response("expired", 401)])
    platform.behave = lambda what: next(answers, None) if what == "score" else None
    assert send(platform, tmp_path, score("ann", 1)).sent == ["ann"]
    assert platform.tokens == 2
    platform.behave = lambda what: Response("expired", 401) if what == "score" else None
    assert send(platform, tmp_path, score("ben", 1)).refused == ["ben"]


@pytest.mark.parametrize(
    "answer", [Response("", 302, {"Location": "http://127.0.0.1:9/"}), Response("?", 500), None]
)
def test_a_platform_that_gives_no_token_ends_it(
    platform: Platform, tmp_path: Path, answer: Response | None
) -> None:
    if answer is None:
        platform.trust(jwks(make_key()))  # another key than ours
    else:
        platform.behave = lambda what: answer if what == "token" else None
    with pytest.raises(GradebookError):
        send(platform, tmp_path, score("ann", 1))
    assert platform.scores == []


def test_what_broke_off_is_repeated_as_the_same_score(platform: Platform, tmp_path: Path) -> None:
    send(platform, tmp_path, score("ann", 1))
    lines = (tmp_path / LOG).read_bytes().splitlines(keepends=True)
    (tmp_path / LOG).write_bytes(lines[0] + b'{"state": "se')  # it arrived, and the machine died
    assert send(platform, tmp_path, score("ann", 1)).sent == ["ann"]  # 409: it is there
    assert len(platform.scores) == 1
    platform.scores.clear()
    (tmp_path / LOG).write_bytes(lines[0])  # it never arrived
    send(platform, tmp_path, score("ann", 1))
    assert (
        platform.scores[0][1]["timestamp"]
        == json.loads(lines[0])["time"].replace("Z", "+00:00")[:23] + "+00:00"
    )


def test_a_broken_log_stops_everything(platform: Platform, tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("{}\n")
    with pytest.raises(GradebookError, match="line 1"):
        send(platform, tmp_path, score("ann", 1))


@pytest.mark.parametrize(
    "changes", [{"lineitem": "http://moodle.example/5"}, {"lineitem": "file:///etc/passwd"}, {"scope": []}]
)
def test_scores_go_only_where_they_may(
    platform: Platform, tmp_path: Path, changes: dict[str, object]
) -> None:
    assert send(platform, tmp_path, score("ann", 1), **changes).unsafe == ["ann"]  # type: ignore[arg-type]


def test_a_launch_from_another_link_is_another_grade(platform: Platform, tmp_path: Path) -> None:
    assert send(platform, tmp_path, score("ann", 1), title="TP 3").elsewhere == ["ann"]
    assert send(platform, tmp_path, score("ann", 1), title="TP 2").sent == ["ann"]


def test_a_line_that_is_gone_is_refused(platform: Platform, tmp_path: Path) -> None:
    assert send(platform, tmp_path, score("ann", 1), lineitem=f"{platform.url}/items/none").refused == ["ann"]
