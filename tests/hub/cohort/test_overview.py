"""Tests of a class's overview: a lab's state and GPU, and which labs are idle."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.cohort.client import Server, User
from hub.cohort.lab_client import WITHOUT_GPU
from hub.cohort.overview import gpu_of, lab_state
from hub.cohort.stopping import users_to_stop

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (None, "stopped"),
        (Server(pending="spawn"), "starting"),
        (Server(ready=True), "ready"),
        (Server(ready=True, pending="stop"), "stopping"),
    ],
)
def test_a_lab_is_one_of_four_things(server: Server | None, expected: str) -> None:
    assert lab_state(server) == expected


@pytest.mark.parametrize(
    ("state", "options", "expected"),
    [
        ({"gpu": "GPU-1"}, {"processor": "any"}, "GPU-1"),  # the device it holds counts before the choice
        ({"pid": 7}, {"processor": "cpu"}, "cpu"),
        (None, {"gres": "gpu:1"}, "gpu:1"),
        ({}, {"profile": "mig"}, "mig"),
        ({"gpu": "a\x1b[2Jb"}, {}, "a[2Jb"),
        (None, None, None),
        ({}, {"language": "fr"}, None),
    ],
)
def test_the_gpu_is_the_one_held_or_else_the_one_chosen(
    state: dict[str, Any] | None, options: dict[str, Any] | None, expected: str | None
) -> None:
    assert gpu_of(Server(state=state, user_options=options)) == expected


def test_idle_are_those_not_used_for_that_long() -> None:
    def used(name: str, minutes: int | None) -> User:
        last = None if minutes is None else NOW - timedelta(minutes=minutes)
        return User(name=name, servers={"": Server(ready=True, last_activity=last, started=last)})

    users = [used("ann", 5), used("bob", 45), used("cyd", None), User(name="dan")]
    assert [user.name for user in users_to_stop(users, 30, NOW)] == ["bob"]
    assert [user.name for user in users_to_stop(users, None, NOW)] == ["ann", "bob", "cyd"]


def test_each_spawner_understands_what_collect_starts_a_lab_with() -> None:
    from hub.spawners.docker.gpus.allocator import Allocator
    from hub.spawners.docker.gpus.form import chosen_processor
    from hub.spawners.kube.settings import KubeSettings
    from hub.spawners.slurm.job import choice_from_options
    from hub.spawners.slurm.settings import NONE, SlurmSettings

    assert chosen_processor(WITHOUT_GPU, object.__new__(Allocator), "en") == "cpu"
    slurm = SlurmSettings(partitions=("main",))
    assert choice_from_options(WITHOUT_GPU, slurm, "en").gres == NONE
    assert WITHOUT_GPU["profile"] in KubeSettings.model_fields["profiles"].default
