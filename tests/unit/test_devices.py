"""Devices: cores divided, cards chosen, simulated load that follows the runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from arctl.daemon.devices.base import Foreign, Process, Sample
from arctl.daemon.devices.choosing import choose
from arctl.daemon.devices.foreign import foreign
from arctl.daemon.devices.host import HostBackend, divide
from arctl.daemon.devices.sim import SimBackend
from arctl.daemon.devices.visible import Named, visible
from arctl.errors import ArctlError, UsageError

CARDS = [Named(n, uuid, uuid) for n, uuid in enumerate(("GPU-aaa1", "GPU-bbb2", "GPU-bbc3"))]


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


def test_a_simulated_card_whose_run_stands_still_rests_and_keeps_its_memory() -> None:
    backend = SimBackend(1)
    bound = frozenset({"SIM-0"})
    for now in range(30):
        (busy,) = backend.sample(bound, float(now))
    for now in range(30, 90):
        (frozen,) = backend.sample(bound, float(now), bound)
    assert frozen.util == 0
    assert frozen.memory_used_mb == busy.memory_used_mb
    (idle,) = backend.sample(frozenset(), 90.0)
    assert idle.memory_used_mb is not None
    assert busy.memory_used_mb is not None
    assert idle.memory_used_mb < busy.memory_used_mb


def test_simulated_cards_can_be_in_trouble() -> None:
    backend = choose("sim:4,foreign=1,foreign=2,quarantined=3")
    assert [(fault.device, fault.kind) for fault in backend.faults()] == [("SIM-3", "lost")]
    assert backend.faults() == (), "it is told once"
    samples = backend.sample(frozenset(), 1.0)
    assert [len(sample.processes or ()) for sample in samples] == [0, 1, 1, 0]


@pytest.mark.parametrize("setting", ["sim:4,foreign=4", "sim:4,fire=1", "sim:4,foreign=x", "cpu:2,foreign=0"])
def test_a_trouble_that_no_card_can_have_is_refused(setting: str) -> None:
    with pytest.raises(UsageError) as told:
        choose(setting)
    assert "sim:8,foreign=6" in told.value.remedy


#: A shim (10) with a job (11) and its child (12); a stranger (20) below the first process.
PARENTS = {12: 11, 11: 10, 10: 1, 20: 1, 1: 0}
SHIMS = frozenset({10})


def on_card(*pids: int, mb: tuple[float | None, ...] | None = None) -> Sample:
    """Return a reading of a card with these processes."""
    sizes = mb or (None,) * len(pids)
    return Sample("GPU-aaa1", 1.0, processes=tuple(map(Process, pids, sizes)))


def test_what_came_from_a_shim_is_ours_and_the_rest_is_foreign() -> None:
    sample = on_card(12, 20, 1, mb=(10.0, 20.0, 30.0))
    assert foreign(sample, SHIMS, ours=True, parent=PARENTS.get) == Foreign(2, 50.0)
    assert foreign(on_card(11, 12, 10), SHIMS, ours=True, parent=PARENTS.get) == Foreign(0, 0)
    assert foreign(on_card(), SHIMS, ours=False, parent=PARENTS.get) == Foreign(0, 0)


def test_memory_that_one_stranger_does_not_tell_is_unknown() -> None:
    for mb in ((5.0, None), None):
        found = foreign(on_card(20, 1, mb=mb), SHIMS, ours=False, parent=PARENTS.get)
        assert found == Foreign(2, None)


def test_a_process_that_cannot_be_seen_is_foreign_only_where_no_run_of_ours_was() -> None:
    assert foreign(on_card(999), SHIMS, ours=True, parent=PARENTS.get) is None
    assert foreign(on_card(999), SHIMS, ours=False, parent=PARENTS.get) == Foreign(1, None)


def test_a_card_that_tells_no_processes_says_nothing_of_strangers() -> None:
    assert foreign(Sample("GPU-aaa1", 1.0), SHIMS, ours=False, parent=PARENTS.get) is None


def test_real_processes_are_followed_up_to_where_they_came_from() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        here = frozenset({os.getpid()})
        assert foreign(on_card(child.pid), here, ours=True) == Foreign(0, 0)
        assert foreign(on_card(child.pid), frozenset(), ours=True) == Foreign(1, None)
        assert foreign(on_card(1), here, ours=True) == Foreign(1, None)
    finally:
        child.communicate(b"\n")
