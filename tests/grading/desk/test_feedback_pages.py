"""The whole way back: marks at the desk, published by a click, read by the student, asked about, answered."""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from exercises.assignment import Assignment
from grading.feedback.publishing import GatewayCarrier
from tests.gateway.conftest import TOKENS, RunningGateway, StartGateway
from tests.gateway.conftest import start_gateway as start_gateway
from tests.grading.desk.serving import Fields, Served, fill, serving

EVIL = "<script>alert(1)</script> says alice"
ROWS = "student,token,role\nteacher,{teacher},instructor\nalice,token-of-alice-123,student\n"


@pytest.fixture
def gateway(start_gateway: StartGateway, tmp_path: Path) -> RunningGateway:
    state = tmp_path / "gateway"
    state.mkdir()
    (state / "people.csv").write_text(ROWS.format(**TOKENS))
    return start_gateway(state)


@pytest.fixture
def connected(
    subs: Path, tp2: Assignment, graded_class: Path, gateway: RunningGateway
) -> Iterator[tuple[Served, RunningGateway]]:
    shutil.copytree(graded_class / "out", subs.parent / "out")
    carrier = GatewayCarrier(gateway.url, TOKENS["teacher"])
    with serving(subs, tp2, subs.parent / "out", carrier=carrier) as running:
        yield running, gateway
    carrier.close()


def student(gateway: RunningGateway) -> httpx2.Client:
    headers = {"Authorization": "Bearer token-of-alice-123"}
    return httpx2.Client(base_url=gateway.url, headers=headers, trust_env=False)


def publish(client: httpx2.Client, who: str, **more: object) -> httpx2.Response:
    data = Fields.of(client.get("/publish").text, "/publish").data
    given = {name: value if isinstance(value, list) else [value] for name, value in more.items()}
    return client.post("/publish", data={**data, "who": [who], **given})


def test_what_was_said_at_the_desk_reaches_the_student_and_the_answer_too(
    connected: tuple[Served, RunningGateway],
) -> None:
    served, gateway = connected
    client = served.client()
    fill(client, served.place("reflection", "alice"), comment="Name a number.")
    done = publish(client, "chosen", student=[served.key("alice")])
    assert done.status_code == 200
    assert "Published: 1" in done.text
    with student(gateway) as alice:
        own = alice.get("/v1/feedback/tp2").json()["feedback"]
        (reflection,) = [each for each in own["exercises"] if each["id"] == "reflection"]
        assert [remark["text"] for remark in reflection["remarks"]] == ["Name a number."]
        alice.post("/v1/feedback/tp2/requests", json={"exercise": "reflection", "reason": EVIL})
        page = client.get("/requests").text
        place = served.place("reflection", "alice")
        assert f"{place}?by=student&amp;show=again" in page
        page = client.get(f"{place}?by=student&show=again").text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        form = Fields.of(page, "/requests").data
        assert client.post("/requests", data={**form, "answer": [""]}).status_code == 400
        client.post("/requests", data={**form, "answer": ["Line 3 has one; thank you."]})
        assert "Answered: 1" in client.get("/requests").text
        assert "thank you" in client.get(place).text
        assert alice.get("/v1/feedback/tp2").json()["requests"][0]["answer"] == "Line 3 has one; thank you."


def test_wishes_to_look_again_are_a_queue_of_their_own(
    connected: tuple[Served, RunningGateway],
) -> None:
    served, gateway = connected
    client = served.client()
    publish(client, "all")
    for name in ("sweep", "smoke"):  # also where no person judges anything
        with student(gateway) as alice:
            asked = alice.post("/v1/feedback/tp2/requests", json={"exercise": name, "reason": f"of {name}"})
            assert asked.status_code == 204
    client.get("/requests")
    overview = client.get("/").text
    first, second = served.place("smoke", "alice"), served.place("sweep", "alice")
    assert f"{first}?by=question&show=again" in overview
    assert f"{served.place('sweep', 'bob')}?by=question&show=again" not in overview
    place = f"{first}?by=question&show=again"
    page = client.get(place).text
    assert "of smoke" in page
    form = Fields.of(page, "/requests").data
    led = client.post("/requests", data={**form, "answer": ["No."]})
    assert str(led.url).endswith(f"{second}?by=question&show=again")
    form = Fields.of(led.text, "/requests").data
    led = client.post("/requests", data={**form, "answer": ["Neither."]})
    assert led.url.path == "/"
    assert "show=again" not in led.text
    assert "Neither." in client.get(second).text


def test_a_group_is_published_to_by_itself(
    connected: tuple[Served, RunningGateway], subs: Path, tp2: Assignment
) -> None:
    served, gateway = connected
    groups = {"alice": ["TD1", "TD 2"], "bob": ["TD 2"]}
    collected = {
        "schema": "genai-lab/collected/1",
        "assignment": "tp2",
        "students": {name: {"student": name, "groups": own} for name, own in groups.items()},
    }
    (subs / "collected.json").write_text(json.dumps(collected))
    client = served.client()
    assert "<option>TD 2</option><option>TD1</option>" in client.get("/publish").text
    assert publish(client, "group", group="TD3").status_code == 400
    assert "Published: 1" in publish(client, "group", group="TD1").text
    assert (served.out / "alice" / "feedback.json").is_file()
    assert not (served.out / "bob" / "feedback.json").is_file()
    assert "Published: 2" in publish(client, "group", group="TD 2").text
    with student(gateway) as alice:
        assert alice.get("/v1/feedback/tp2").status_code == 200


def test_hidden_names_stay_hidden_on_these_pages(connected: tuple[Served, RunningGateway]) -> None:
    served, gateway = connected
    client = served.client()
    publish(client, "all")
    with student(gateway) as alice:
        alice.post("/v1/feedback/tp2/requests", json={"exercise": "sweep", "reason": EVIL})
    word = Fields.of(client.get("/").text, "/names").data
    client.post("/names", data={**word, "hide": ["yes"]})
    for path in ("/publish", "/requests"):
        assert "alice" not in client.get(path).text


def test_only_those_of_whom_nothing_is_open_unless_it_is_said(
    connected: tuple[Served, RunningGateway],
) -> None:
    served, gateway = connected
    client = served.client()
    refused = publish(client, "judged")  # reflections are open of all of them
    assert refused.status_code == 400
    assert publish(client, "chosen").status_code == 400
    with student(gateway) as alice:
        assert alice.get("/v1/feedback/tp2").status_code == 404
        assert "Published: 3" in publish(client, "all").text
        assert alice.get("/v1/feedback/tp2").status_code == 200


def test_it_waits_for_its_moment(connected: tuple[Served, RunningGateway]) -> None:
    served, gateway = connected
    client = served.client()
    assert publish(client, "all", at="tomorrow").status_code == 400
    publish(client, "all", at=f"{datetime.now() + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    with student(gateway) as alice:
        assert alice.get("/v1/feedback/tp2").status_code == 404


def test_a_gateway_that_is_gone_is_told_and_the_files_are_written(
    connected: tuple[Served, RunningGateway],
) -> None:
    served, gateway = connected
    gateway.kill()
    client = served.client()
    failed = publish(client, "all")
    assert failed.status_code == 502
    assert failed.text.count("does not answer") == 3
    assert (served.out / "alice" / "feedback.json").is_file()
    assert client.get("/requests").status_code == 502


def test_who_has_another_grade_since_is_marked(served: Served) -> None:
    client = served.client()
    assert "Published: 3" in publish(client, "all").text  # without a gateway: as files
    assert "changed since" not in client.get("/publish").text
    topic = "reflection/reproducibility/topic"
    fill(client, served.place("reflection", "bob"), **{f"points:{topic}": "0.5", f"reason:{topic}": "Good."})
    assert client.get("/publish").text.count("changed since") == 1
    assert "students cannot ask here" in client.get("/requests").text
