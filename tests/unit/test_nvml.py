"""NVML: how its answers and errors are read; a stand-in answers, for no card is here."""

from __future__ import annotations

from pathlib import Path

import pynvml
import pytest

from arctl.daemon.devices.nvml import NoDriverError, NvmlBackend, capabilities
from arctl.daemon.devices.visible import Named, visible
from arctl.errors import ArctlError
from tests.support.fake_nvml import GIB, FakeCard, FakeNvml


@pytest.fixture(autouse=True)
def _nothing_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_the_stand_in_has_only_names_of_the_real_module() -> None:
    names = [name for name in vars(FakeNvml) if name.startswith("nvml")]
    assert len(names) > 20
    assert all(callable(getattr(pynvml, name)) for name in names)


def read(card: FakeCard, **changes: object) -> object:
    """Return the one reading of one card that is like this."""
    for name, value in changes.items():
        setattr(card, name, value)
    (sample,) = NvmlBackend(FakeNvml(card)).sample(frozenset(), 1.0)
    return sample


def test_a_card_is_read_in_full() -> None:
    card = FakeCard("GPU-a", compute=[(7, GIB), (8, None)], graphics=[(9, 2 * GIB), (7, GIB)], mps=[(8, GIB)])
    nvml = FakeNvml(card)
    backend = NvmlBackend(nvml)
    (device,) = backend.inventory()
    assert (device.id, device.index, device.kind) == ("GPU-a", 0, "gpu")
    assert device.name == "gpu0 NVIDIA H100 80GB HBM3"
    assert device.memory_mb == 80 * 1024
    assert device.nodes == ("/dev/nvidia0",)
    (sample,) = backend.sample(frozenset(), 1.0)
    assert (sample.util, sample.power_w, sample.temperature_c) == (50.0, 350.0, 60.0)
    assert (sample.clock_mhz, sample.memory_clock_mhz) == (1980.0, 2619.0)
    assert (sample.memory_used_mb, sample.memory_total_mb) == (1024.0, 80 * 1024)
    assert [(row.pid, row.memory_mb, row.kind) for row in sample.processes or ()] == [
        (8, 1024.0, "mps"),
        (7, 1024.0, "compute"),
        (9, 2048.0, "graphics"),
    ]


def test_a_reading_that_a_card_lacks_is_none_and_never_0() -> None:
    nothing = {"util": None, "power": None, "temperature": None, "clocks": {}, "throttle": None}
    sample = read(FakeCard("GPU-a"), **nothing, compute=None, graphics=None)
    for name in (
        "util", "power_w", "temperature_c", "clock_mhz", "memory_clock_mhz", "throttle", "processes",
    ):  # fmt: skip
        assert getattr(sample, name) is None, name


def test_why_a_card_is_slow_is_told_with_older_drivers_as_well() -> None:
    nvml = FakeNvml(FakeCard("GPU-a", throttle=0x1 | 0x4 | 0x40))
    for nvml.old_names in (False, True):
        (sample,) = NvmlBackend(nvml).sample(frozenset(), 1.0)
        assert sample.throttle == ("power cap", "hardware thermal"), "idle is no reason"


def test_a_card_that_is_lost_says_so_and_hides_no_other() -> None:
    cards = FakeCard("GPU-a"), FakeCard("GPU-b")
    backend = NvmlBackend(FakeNvml(*cards))
    cards[0].lost = True
    lost, there = backend.sample(frozenset(), 1.0)
    assert "lost" in lost.lost.lower()
    assert lost.memory_used_mb is None
    assert (there.lost, there.util) == ("", 50.0)
    assert [row.id for row in NvmlBackend(FakeNvml(*cards)).inventory()] == ["GPU-b"]


def test_xids_are_told_once_and_those_of_programs_not_at_all() -> None:
    cards = FakeCard("GPU-a"), FakeCard("GPU-b")
    nvml = FakeNvml(*cards)
    backend = NvmlBackend(nvml)
    assert nvml.registered == list(cards)
    nvml.events = [(cards[1], 31), (cards[1], 48), (cards[0], 79)]
    told = backend.faults(0.3)
    assert [(row.device, row.kind, row.evidence) for row in told] == [
        ("GPU-b", "xid", {"xid": 48}),
        ("GPU-a", "lost", {"xid": 79}),
    ]
    assert "double bit" in told[0].reason
    assert nvml.waited == [300, 300, 0, 0], "what is there already is waited for no more"
    assert backend.faults() == ()


def test_an_xid_of_a_card_that_tells_its_name_no_more_is_still_that_card_s() -> None:
    cards = FakeCard("GPU-a"), FakeCard("GPU-b")
    nvml = FakeNvml(*cards)
    backend = NvmlBackend(nvml)
    cards[1].lost = True
    nvml.events = [(cards[1], 79)]
    assert [row.device for row in backend.faults()] == ["GPU-b"]


def test_mig_instances_are_devices_of_their_own_with_the_readings_of_their_card() -> None:
    parts = [FakeCard(f"MIG-{n}", f"H100 MIG {n}g", total=40 * GIB, place=(n, 0), util=None) for n in (1, 2)]
    nvml = FakeNvml(FakeCard("GPU-a"), FakeCard("GPU-b", minor=1, instances=parts))
    backend = NvmlBackend(nvml)
    assert [(row.id, row.index, row.kind) for row in backend.inventory()] == [
        ("GPU-a", 0, "gpu"),
        ("MIG-1", 2, "mig"),
        ("MIG-2", 3, "mig"),
    ]
    assert backend.inventory()[1].name == "gpu1.1.0 H100 MIG 1g"
    sample = backend.sample(frozenset(), 1.0)[1]
    assert (sample.util, sample.memory_total_mb, sample.temperature_c) == (None, 40 * 1024, 60.0)
    nvml.events = [(parts[0], 94), (nvml.cards[1], 95)]
    assert [row.device for row in backend.faults()] == ["MIG-1", "MIG-1", "MIG-2"]


def test_the_files_of_an_instance_are_found_where_the_driver_lists_them(tmp_path: Path) -> None:
    listed = tmp_path / "mig-minors"
    assert capabilities(0, (1, 0), listed) == ()
    listed.write_text("config 1\ngpu0/gi1/access 12\ngpu0/gi1/ci0/access 13\ngpu1/gi1/access 147\n")
    assert capabilities(0, (1, 0), listed) == (
        "/dev/nvidia-caps/nvidia-cap12",
        "/dev/nvidia-caps/nvidia-cap13",
    )
    assert capabilities(0, None, listed) == ()


MIXED = [
    Named(0, "GPU-aaa1", "GPU-aaa1"),
    Named(1, "GPU-bbb2", "MIG-c1", (1, 0)),
    Named(1, "GPU-bbb2", "MIG-c2", (2, 0)),
]


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ("1", {"MIG-c1", "MIG-c2"}),
        ("GPU-bbb", {"MIG-c1", "MIG-c2"}),
        ("MIG-c2,0", {"MIG-c2", "GPU-aaa1"}),
        ("MIG-GPU-bbb2/1/0", {"MIG-c1"}),
        ("MIG-GPU-bbb2/3/0", set()),
        ("MIG-c", set()),
        ("MIG-c1,MIG-x,0", {"MIG-c1"}),
    ],
)
def test_instances_can_be_named_by_their_own_uuid_their_place_or_their_card(
    setting: str, allowed: set[str]
) -> None:
    assert visible(MIXED, setting) == allowed


def test_cuda_visible_devices_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b")
    nvml = FakeNvml(FakeCard("GPU-a"), FakeCard("GPU-b"))
    backend = NvmlBackend(nvml)
    assert [row.id for row in backend.inventory()] == ["GPU-b"]
    nvml.events = [(nvml.cards[0], 79)]
    assert backend.faults() == (), "another card's trouble is nobody's here"


def test_no_driver_is_another_thing_than_a_broken_one() -> None:
    with pytest.raises(NoDriverError):
        NvmlBackend(FakeNvml(driver=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND))
    with pytest.raises(ArctlError) as told:
        NvmlBackend(FakeNvml(driver=pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH))
    assert not isinstance(told.value, NoDriverError)
    assert "repair the driver" in told.value.remedy
