"""Devices: cores divided, cards chosen, simulated load that follows the runs."""

from __future__ import annotations

import pytest

from arctl.daemon.devices.actor import choose
from arctl.daemon.devices.host import HostBackend, divide
from arctl.daemon.devices.nvml import visible
from arctl.daemon.devices.sim import SimBackend
from arctl.errors import ArctlError, UsageError

CARDS = [(0, "GPU-aaa1"), (1, "GPU-bbb2"), (2, "GPU-bbc3")]


def test_cores_are_divided_without_overlap_while_they_last() -> None:
    assert divide((0, 1, 2, 3, 4), 2) == [(0, 1, 2), (3, 4)]
    assert divide((0, 1), 3) == [(0,), (1,), (0,)]


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        (None, {"GPU-aaa1", "GPU-bbb2", "GPU-bbc3"}),
        ("", set()),
        ("2,0", {"GPU-bbc3", "GPU-aaa1"}),
        ("GPU-bbb", {"GPU-bbb2"}),
        ("GPU-bb", set()),
        ("0,9,1", {"GPU-aaa1"}),
        ("-1", set()),
    ],
)
def test_cuda_visible_devices_is_read_as_cuda_reads_it(setting: str | None, allowed: set[str]) -> None:
    assert visible(CARDS, setting) == allowed


def test_simulated_cards_warm_up_where_a_run_is_bound() -> None:
    backend = SimBackend(2)
    for now in range(60):
        busy, idle = backend.sample(frozenset({"SIM-0"}), float(now))
    assert busy.util is not None
    assert idle.util == 0
    assert busy.util > 80
    assert busy.temperature_c is not None
    assert idle.temperature_c is not None
    assert busy.temperature_c > idle.temperature_c


def test_the_host_gives_its_slots_cores_of_their_own() -> None:
    backend = HostBackend(2)
    devices = backend.inventory()
    assert [device.name for device in devices] == ["cpu0", "cpu1"]
    assert all(device.cores for device in devices)
    sample = backend.sample(frozenset(), 1.0)[0]
    assert sample.power_w is None, "a reading that is not there is None, never 0"
    assert sample.memory_total_mb


@pytest.mark.parametrize("setting", ["gpu", "sim:many", "cpu:0"])
def test_a_wrong_setting_is_refused_with_what_to_write(setting: str) -> None:
    with pytest.raises(UsageError) as told:
        choose(setting)
    assert told.value.remedy


def test_without_a_driver_nvml_says_so_and_the_default_falls_back() -> None:
    try:
        backend = choose("nvml")
    except ArctlError as error:
        assert "driver" in error.message  # noqa: PT017 - machines with a card take the other way
        assert choose("").name == "cpu"
    else:
        assert backend.inventory() or backend.name == "nvml"
