"""From grades and marks to a student's feedback: what it holds, what it never holds, and how it arrives."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from markupsafe import escape
from typer.testing import CliRunner

from exercises.assignment import Assignment
from grading.class_.grade import grade_class, read_grades
from grading.feedback.document import Feedback, feedback_of
from grading.feedback.publishing import GatewayCarrier, PublishError, publish
from grading.marks.mark import Comment, Mark, Passage, Spot
from grading.marks.store import MarksStore, Wanted
from lab.cli.grades import grades
from manifests.store import Store
from tests.gateway.conftest import TOKENS, RunningGateway, StartGateway

TOPIC = "reflection/reproducibility/topic"
HOSTILE = "<script>alert(1)</script> & more"
NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def graded(
    tmp_path_factory: pytest.TempPathFactory, make_good: Callable[[Path, str], Store], tp2: Assignment
) -> Path:
    """Two students' work and grades, made once; one has comments and points of a person's."""
    folder = tmp_path_factory.mktemp("graded")
    for name in ("ada", "ben"):
        make_good(folder / "subs" / name, name)
    picture = Store(folder / "subs" / "ada", "tp2", "ada").records()[0].manifest.image.sha256
    comments = (
        Comment(text=HOSTILE, place=Passage(quote="cost")),
        Comment(text="Look here.", place=Spot(picture=picture, x=0.25, y=0.75)),
    )
    MarksStore(folder / "out").save(
        "ann",
        [
            Wanted("ada", "reflection", 0, Mark(comments=comments)),
            Wanted("ada", TOPIC, 0, Mark(points=0, reason="Off the point.")),
        ],
    )
    grade_class(folder / "subs", tp2, folder / "out", language="en")
    return folder


@pytest.fixture
def out(graded: Path, tmp_path: Path) -> Path:
    """A copy of the grades, beside one of the work (`subs`)."""
    for name in ("subs", "out"):
        shutil.copytree(graded / name, tmp_path / name)
    return tmp_path / "out"


def of(out: Path, student: str) -> Feedback:
    return Feedback.model_validate_json((out / student / "feedback.json").read_bytes())


def test_it_holds_points_causes_and_what_people_said(out: Path, tp2: Assignment) -> None:
    publish(read_grades(out).items(), tp2, out)
    told = of(out, "ada")
    assert [each.id for each in told.exercises] == [each.id for each in tp2.exercises]
    reflection = next(each for each in told.exercises if each.id == "reflection")
    assert [(r.text, r.quote, r.picture is not None) for r in reflection.remarks] == [
        (HOSTILE, "cost", False),
        ("Look here.", None, True),
    ]
    assert reflection.reasons == {TOPIC: "Off the point."}
    assert told.total == read_grades(out)["ada"].total
    assert all(each.remarks == () and each.reasons == {} for each in of(out, "ben").exercises)


def test_findings_for_graders_and_names_of_others_stay_out(out: Path, tp2: Assignment) -> None:
    grade = read_grades(out)["ada"].model_copy(update={"for_grader": ("Like the picture of ben.",)})
    told = feedback_of(grade, {}, tp2, NOW).model_dump_json()
    assert "ben" not in told
    assert "for_grader" not in told


def test_the_report_shows_the_comments_as_text(out: Path) -> None:
    page = (out / "ada" / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "25 % from the left" in page
    assert "alert(1)" not in (out / "ben" / "report.html").read_text(encoding="utf-8")


def test_the_report_shows_a_persons_judgement_in_place_of_the_words_that_one_is_awaited(
    tmp_path: Path, out: Path, tp2: Assignment
) -> None:
    awaited = next(check for check in read_grades(out)["ben"].checks if check.id == TOPIC)
    assert awaited.needs_person
    assert awaited.cause
    words = str(escape(awaited.cause.message))
    before = (out / "ben" / "report.html").read_text()
    MarksStore(out).save("ann", [Wanted("ben", TOPIC, 0, Mark(points=0.25, reason="Only <half> of it."))])
    grade_class(tmp_path / "subs", tp2, out, language="en")
    after = (out / "ben" / "report.html").read_text()
    assert after.count(words) == before.count(words) - 1
    assert "Only &lt;half&gt; of it." in after
    assert "given by a person" in after


def test_what_would_have_been_right_is_told_where_its_author_wrote_it(
    out: Path, tp2: Assignment, tmp_path: Path
) -> None:
    (tmp_path / "reflection.answer.en.md").write_text("Costs grow with steps.", encoding="utf-8")
    told = feedback_of(read_grades(out)["ada"], {}, tp2.model_copy(update={"folder": tmp_path}), NOW)
    answers = {each.id: each.answer for each in told.exercises if each.answer}
    assert answers == {"reflection": {"en": "Costs grow with steps."}}


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(grades, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout


def test_a_command_publishes_all_or_some(out: Path) -> None:
    code, said = run("publish", "--grades", out, "--assignment", "tp2", "--student", "ben", "--json")
    assert code == 0
    assert [each["student"] for each in json.loads(said)["published"]] == ["ben"]
    assert not (out / "ada" / "feedback.json").exists()
    code, said = run("publish", "--grades", out, "--assignment", "tp2")
    assert (code, len(said.splitlines())) == (0, 2)


def test_points_and_comments_are_both_as_the_marks_are_now(out: Path, tp2: Assignment) -> None:
    store = MarksStore(out)
    before = read_grades(out)["ben"].total
    store.save("ann", [Wanted("ben", TOPIC, 0, Mark(points=0.25, reason="Short."))])
    store.save("ann", [Wanted("ben", "reflection", 0, Mark(comments=(Comment(text="Say more."),)))])
    code, _ = run("publish", "--grades", out, "--assignment", "tp2", "--student", "ben")
    assert code == 0
    told = Feedback.model_validate_json((out / "ben" / "feedback.json").read_bytes())
    assert told.total == pytest.approx(before + 0.25)
    (reflection,) = [each for each in told.exercises if each.id == "reflection"]
    assert [remark.text for remark in reflection.remarks] == ["Say more."]
    assert next(check for check in reflection.checks if check.id == TOPIC).points == 0.25
    assert read_grades(out)["ben"].total == before  # the grade itself follows with the next `grade`


def test_who_handed_in_nothing_is_named(out: Path, tmp_path: Path, tp2: Assignment) -> None:
    (tmp_path / "subs" / "zoe").mkdir()
    grade_class(tmp_path / "subs", tp2, out, language="en")
    done = CliRunner().invoke(grades, ["publish", "--grades", str(out), "--assignment", "tp2"])
    assert done.exit_code == 0
    assert done.stderr == "Handed in nothing, and so without feedback: zoe\n"
    assert not (out / "zoe" / "feedback.json").exists()


def test_a_command_publishes_to_a_group_as_it_was_collected(
    tmp_path: Path, out: Path, tp2: Assignment
) -> None:
    students = {"ada": {"student": "ada", "groups": ["TD1"]}, "ben": {"student": "ben", "groups": ["TD2"]}}
    collected = {"schema": "genai-lab/collected/1", "assignment": "tp2", "students": students}
    (tmp_path / "subs" / "collected.json").write_text(json.dumps(collected))
    grade_class(tmp_path / "subs", tp2, out, language="en")
    code, said = run("publish", "--grades", out, "--assignment", "tp2", "--group", "TD2", "--json")
    assert (code, [each["student"] for each in json.loads(said)["published"]]) == (0, ["ben"])
    code, said = run("publish", "--grades", out, "--assignment", "tp2", "--group", "TD9")
    assert code != 0


def test_it_is_brought_to_the_name_at_the_hub_where_the_folder_has_another(
    tmp_path: Path, out: Path, tp2: Assignment, start_gateway: StartGateway
) -> None:
    """As for `con.murphy`, which no folder of Windows can be called."""
    (tmp_path / "subs" / "ada").rename(tmp_path / "subs" / "_ada")
    collected = {
        "schema": "genai-lab/collected/1", "assignment": "tp2",
        "students": {"_ada": {"student": "ada", "groups": []}},
    }  # fmt: skip
    (tmp_path / "subs" / "collected.json").write_text(json.dumps(collected))
    grade_class(tmp_path / "subs", tp2, out, language="en")
    gateway: RunningGateway = start_gateway()
    carrier = GatewayCarrier(gateway.url, TOKENS["teacher"])
    outcomes = publish([("_ada", read_grades(out)["_ada"])], tp2, out, carrier)
    carrier.close()
    assert [outcome.error for outcome in outcomes] == [None]
    with gateway.client("ada") as client:
        assert client.get("/v1/feedback/tp2").status_code == 200


def test_by_way_of_a_gateway_it_reaches_the_student_and_nobody_else(
    out: Path, tp2: Assignment, start_gateway: StartGateway
) -> None:
    gateway: RunningGateway = start_gateway()
    carrier = GatewayCarrier(gateway.url, TOKENS["teacher"])
    outcomes = publish([("ada", read_grades(out)["ada"])], tp2, out, carrier)
    assert [outcome.error for outcome in outcomes] == [None]
    with gateway.client("ada") as client:
        assert client.get("/v1/feedback/tp2").json()["feedback"]["student"] == "ada"
    with gateway.client("ben") as client:
        assert client.get("/v1/feedback/tp2").status_code == 404
    carrier.withdraw("ada", "tp2")
    with pytest.raises(PublishError, match="404"):
        carrier.withdraw("ada", "tp2")
    carrier.close()


class Strange(BaseHTTPRequestHandler):
    """Something at the gateway's address that is no gateway."""

    status, body = 200, b""

    def _answer(self) -> None:
        self.send_response(self.status)
        self.send_header("Location", "https://elsewhere.example/")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_PUT = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        """Nothing is said of requests."""


@contextmanager
def carrier_to(status: int, body: bytes) -> Iterator[GatewayCarrier]:
    handler = type("Answering", (Strange,), {"status": status, "body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        carrier = GatewayCarrier(f"http://127.0.0.1:{server.server_port}", "token")
        yield carrier
        carrier.close()
        server.shutdown()


@pytest.mark.parametrize("body", [b"", b"<html>moved</html>", b"[]"])
def test_an_answer_that_sends_elsewhere_is_no_success(out: Path, tp2: Assignment, body: bytes) -> None:
    with carrier_to(301, body) as carrier:
        grades = read_grades(out)
        outcomes = publish([(name, grades[name]) for name in ("ada", "ben")], tp2, out, carrier)
        errors = [outcome.error for outcome in outcomes]
        for ask in (
            lambda: carrier.withdraw("ada", "tp2"),
            lambda: carrier.requests("tp2"),
            lambda: carrier.answer(1, "yes"),
        ):
            with pytest.raises(PublishError) as failed:
                ask()
            errors.append(failed.value)
    assert len(errors) == 5
    for error in errors:
        assert all(word in str(error) for word in ("301", "https://elsewhere.example/", "GENAI_GATEWAY"))


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>Log in</html>"])
def test_what_answers_well_but_not_as_the_gateway_does_has_published_nothing(
    out: Path, tp2: Assignment, body: bytes
) -> None:
    with carrier_to(200, body) as carrier:
        (outcome,) = publish([("ada", read_grades(out)["ada"])], tp2, out, carrier)
        with pytest.raises(PublishError, match="GENAI_GATEWAY"):
            carrier.withdraw("ada", "tp2")
    assert "GENAI_GATEWAY" in str(outcome.error)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b"[{}]", b"[null]", b'{"requests": []}', b"<html></html>", b"[" * 9999, b"\xff"],
)
def test_a_list_of_requests_that_is_none_is_an_error_that_pages_can_show(body: bytes) -> None:
    with carrier_to(200, body) as carrier, pytest.raises(PublishError, match="GENAI_GATEWAY"):
        carrier.requests("tp2")


def test_whom_it_did_not_reach_is_named_and_the_exit_code_says_so(
    out: Path, start_gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = start_gateway()
    monkeypatch.setenv("GENAI_GATEWAY_TOKEN", TOKENS["ada"])  # a student's
    code, said = run("publish", "--grades", out, "--assignment", "tp2", "--gateway", gateway.url, "--json")
    assert code == 1
    assert all("403" in each["error"] for each in json.loads(said)["published"])
    gateway.kill()
    code, said = run("publish", "--grades", out, "--assignment", "tp2", "--gateway", gateway.url, "--json")
    assert code == 1
    assert all("does not answer" in each["error"] for each in json.loads(said)["published"])
