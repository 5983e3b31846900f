"""The daemon's time of day: steady when the machine's clock is set, right when it is put right."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from arctl.daemon.clock import Clock
from arctl.daemon.shim import system

DAY = 86_400.0


@dataclass
class Machine:
    """Two clocks: one that people set, one that only goes on."""

    wall: float = 1_700_000_000.0
    steady: float = 500.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(system, "LINUX", True)
    return Machine()


def clock(machine: Machine) -> Clock:
    return Clock(lambda: machine.wall, lambda: machine.steady)


@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_set_changes_no_duration_and_is_told(machine: Machine, days: int) -> None:
    ours = clock(machine)
    begun = ours.now()
    machine.passes(10)
    machine.wall += days * DAY
    machine.passes(5)
    assert ours.now() - begun == pytest.approx(15)
    assert ours.off() == pytest.approx(days * DAY)
    assert f"{'forward' if days > 0 else 'back'} by 24.0 h" in ours.trouble()
    machine.wall -= days * DAY
    assert ours.now() - begun == pytest.approx(15)
    assert ours.trouble() == ""


def test_a_clock_that_is_put_right_a_little_is_followed(machine: Machine) -> None:
    ours = clock(machine)
    for _ in range(5):
        machine.passes(100)
        machine.wall -= 2
        assert ours.now() == pytest.approx(machine.wall)
    assert ours.trouble() == ""


@pytest.mark.parametrize("days", [1, -1])
def test_a_file_written_since_is_never_older_than_it_is(machine: Machine, days: int) -> None:
    ours = clock(machine)
    machine.wall += days * DAY
    assert ours.now() - ours.of_file(machine.wall) <= 0.001


def test_a_clock_that_stands_still_in_sleep_is_not_trusted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = clock(machine)
    monkeypatch.setattr(system, "LINUX", False)
    machine.wall += DAY
    assert ours.now() == machine.wall
