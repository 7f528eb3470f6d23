"""Tests of what happens before a container starts, without an engine: nothing is started here."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

from hub.spawners.docker.gpus.allocator import Allocator
from hub.spawners.docker.gpus.devices import Device
from hub.spawners.docker.spawner import ContainerLab


def test_what_the_hub_is_to_do_before_a_start_is_done_before_a_gpu_is_leased(tmp_path: Path) -> None:
    """Such as telling the lab its opening dates (`hub.opened`)."""

    async def prepare() -> tuple[list[str | None], str | None]:
        lab = ContainerLab(
            gpus=Allocator(tmp_path / "gpus.json", [Device("0", "Card")]),
            user=SimpleNamespace(name="ann"),
            orm_spawner=SimpleNamespace(name="", server=None, user_options={}, state=None),
        )
        held = list[str | None]()
        lab.pre_spawn_hook = lambda spawner: held.append(spawner.device)
        await lab.run_pre_spawn_hook()
        return held, lab.device

    assert asyncio.run(prepare()) == ([None], "0")
