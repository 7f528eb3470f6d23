"""Tests of a lab behind the hub: events arrive one by one, and records contain the student's name."""

from itertools import pairwise

import httpx2
import pytest

from manifests.reader import read_manifest_file
from tests.hub.conftest import RunningHub
from tests.hub.labs import PAGE, Button, enter, origin, path

NAME = "jérôme+x@uni.fr"  # the name is encoded in addresses


@pytest.fixture(scope="module")
def student(hub: RunningHub) -> httpx2.Client:
    return enter(hub, NAME)


def test_the_page_has_the_students_name_and_the_way_back_to_the_hub(student: httpx2.Client) -> None:
    config = student.get(f"{path(NAME)}en/config").json()
    header = " ".join(str(component["props"].get("value")) for component in config["components"])
    assert NAME in header
    assert 'href="/hub/home"' in header
    assert 'href="/hub/logout"' in header


def test_pages_scripts_and_uploads_work_below_a_name_that_addresses_encode(
    hub: RunningHub, student: httpx2.Client
) -> None:
    for language in ("en", "fr"):
        page = student.get(f"{path(NAME)}{language}/", headers=PAGE)
        assert page.status_code == 200
        assert f'lang="{language}"' in page.text
        assert student.get(f"{path(NAME)}{language}/theme.css").status_code == 200
    uploaded = student.post(
        f"{path(NAME)}en/gradio_api/upload", files={"files": ("a.txt", b"words")}, headers=origin(hub)
    )
    (stored,) = uploaded.json()
    assert student.get(f"{path(NAME)}en/gradio_api/file={stored}").content == b"words"


def test_a_generations_events_arrive_one_by_one_and_its_record_bears_the_students_name(
    hub: RunningHub, student: httpx2.Client
) -> None:
    button = Button(hub, student, NAME, "generate-smoke")
    events = button.listen("mine")
    button.press("mine")
    arrived = list(events)
    kinds = [event["msg"] for _, event in arrived]
    assert kinds[-1] == "process_completed"
    assert arrived[-1][1]["success"]
    generating = [moment for moment, event in arrived if event["msg"] == "process_generating"]
    assert len(generating) >= 5  # steps
    # If the stream were buffered anywhere, all events would arrive at once.
    assert generating[0] < generating[-1]
    apart = [later - sooner for sooner, later in pairwise(generating)]
    assert max(apart) < 0.9 * (generating[-1] - generating[0])
    (file,) = [file for file in hub.state.rglob("smoke*.json") if file.parent.name == "outputs"]
    assert read_manifest_file(file).student == NAME
