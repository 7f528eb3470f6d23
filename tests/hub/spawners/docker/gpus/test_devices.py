"""Tests of the list of GPUs, from the setting and from the output of `nvidia-smi -L`."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.spawners.docker.gpus.devices import (
    MAX_DEVICES,
    Device,
    DevicesError,
    detect_devices,
    parse_nvidia_smi,
    parse_setting,
)
from hub.spawners.docker.gpus.settings import GpuSettings

CARD = "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)\n"
CUT = (
    CARD
    + "  MIG 3g.20gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)\n"
    + "  MIG 1g.5gb+me   Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)\n"
    + "GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-0b8e2c1e-9c2e-4e8e-8f3a-0d9e1b1a2c3d)\n"
)


def test_cards_are_listed():
    assert parse_nvidia_smi(CARD) == (
        Device("GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77", "NVIDIA A100-SXM4-40GB"),
    )


def test_a_card_that_is_cut_is_lent_by_the_slice_and_the_next_one_whole():
    assert [device.id[:8] for device in parse_nvidia_smi(CUT)] == ["MIG-c6d4", "MIG-cba6", "GPU-0b8e"]
    assert parse_nvidia_smi(CUT)[0].name == "NVIDIA A100-SXM4-40GB (3g.20gb)"


@pytest.mark.parametrize(
    "text",
    [
        "GPU 0: A (UUID: GPU-5d5ba0d6)  and more",
        "Failed to initialize NVML: Driver/library version mismatch",
        "  MIG 1g.5gb Device 0: (UUID: MIG-c6d4f1ef-42e4)",  # without a card
        CARD + CARD,  # twice
        CARD + "<script>alert(1)</script>",
    ],
)
def test_a_line_that_is_not_understood_is_an_error(text: str):
    with pytest.raises(DevicesError):
        parse_nvidia_smi(text)


@given(st.text(max_size=300))
def test_no_text_becomes_a_device_by_chance(text: str):
    try:
        devices = parse_nvidia_smi(text)
    except DevicesError:
        return
    assert devices == ()


def test_the_instructor_names_numbers_slices_and_uuids():
    devices = parse_setting("0, 1:2 ,GPU-5d5ba0d6-d33d, MIG-GPU-0b8e2c1e/7/0,")
    assert [device.id for device in devices] == ["0", "1:2", "GPU-5d5ba0d6-d33d", "MIG-GPU-0b8e2c1e/7/0"]


@pytest.mark.parametrize("names", ["all", "-1", "0;1", "0,0", "0,GPU-<b>", "1000", "0 1"])
def test_what_is_no_device_is_refused(names: str):
    with pytest.raises(DevicesError):
        parse_setting(names)


def test_there_is_a_limit():
    with pytest.raises(DevicesError):
        parse_setting(",".join(str(number) for number in range(MAX_DEVICES + 1)))


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a fake `nvidia-smi`, which a test writes. It is the only command on PATH."""
    command = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path))
    return command


def write_command(command: Path, text: str, code: int = 0) -> None:
    command.write_text(f"#!/bin/sh\necho '{text}'\nexit {code}\n")
    command.chmod(0o755)


def test_a_machine_without_the_command_has_none(nvidia_smi: Path):
    assert detect_devices() == ()
    assert GpuSettings().devices() == ()


def test_the_machine_s_cards_are_found(nvidia_smi: Path):
    write_command(nvidia_smi, CUT.rstrip())
    assert GpuSettings(gpus="auto").devices() == parse_nvidia_smi(CUT)
    assert GpuSettings(gpus="none").devices() == ()


def test_no_devices_found_is_none_and_a_broken_driver_is_an_error(nvidia_smi: Path):
    write_command(nvidia_smi, "No devices found.")
    assert detect_devices() == ()
    write_command(nvidia_smi, "NVIDIA-SMI has failed", code=9)
    with pytest.raises(DevicesError):
        detect_devices()
