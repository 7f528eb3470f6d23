"""Tests of real labs as jobs of a real cluster with one node and one card."""

import re

import pytest

from tests.hub.conftest import RunningHub, StartHub
from tests.hub.spawners.slurm.cluster import Cluster
from tests.hub.spawners.slurm.student import Student, variables_of, wait_until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, cluster: Cluster) -> RunningHub:
    return start_hub(
        GENAI_HUB_SPAWNER="slurm",
        GENAI_HUB_SLURM_PARTITIONS="lab",
        GENAI_HUB_SLURM_MEMORY="1",
        GENAI_HUB_SLURM_CPUS="1",
        GENAI_HUB_SLURM_LOOK_SECONDS="0.5",
        **cluster.environment,
    )


def test_two_students_work_and_a_third_gets_the_card_when_its_holder_stops(
    hub: RunningHub, cluster: Cluster
) -> None:
    ann, bob, cy = (Student.at(hub, name) for name in ("ann", "bob", "cy"))
    ann.ask(gres="gpu:1")
    bob.ask(gres="none")
    ann.until_open()
    bob.until_open()
    for student in (ann, bob):
        page = student.page()
        assert page.url.path == f"/user/{student.name}/en/"
        assert page.status_code == 200
        assert student.name in page.text
    assert variables_of("ann")["CUDA_VISIBLE_DEVICES"] == "0"
    assert "CUDA_VISIBLE_DEVICES" not in variables_of("bob")

    cy.ask(gres="gpu:1")
    waiting = cy.events(lambda told: any("position" in event for event in told))
    assert waiting[-1]["position"] == 1
    assert "number 1 in the queue" in waiting[-1]["message"]
    expected = cy.events(lambda told: "expected to start" in told[-1].get("message", ""))
    assert re.search(r"at \d\d:\d\d", expected[-1]["message"])

    assert ann.stop() in (202, 204)
    cy.until_open()
    assert cy.page().url.path == "/user/cy/en/"
    assert variables_of("cy")["CUDA_VISIBLE_DEVICES"] == "0"
    wait_until(lambda: not variables_of("ann"), "no process of the stopped lab is left")

    for student in (bob, cy):
        student.stop()
    wait_until(lambda: not variables_of("bob") and not variables_of("cy"), "labs end with their jobs")
