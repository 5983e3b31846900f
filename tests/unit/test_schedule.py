"""Which run gets which devices: shares, order, several devices, shared ones, memory, staggered starts."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest

from arctl.daemon.actions import LaunchRun
from arctl.daemon.commands.needs import needs
from arctl.daemon.decide.schedule import assign
from arctl.daemon.decide.teams.take import idle
from arctl.daemon.life.seating import slots
from arctl.daemon.marks import Device, Inventory, Reading, Readings, Vacated
from arctl.daemon.rows import (
    Campaign,
    CampaignState,
    Experiment,
    ExperimentState,
    Hold,
    Proposal,
    Purpose,
    Quarantine,
    Run,
    RunState,
)
from arctl.daemon.state import State
from tests.support.order import in_order
from tests.support.virtual import SPEC

OPEN = ExperimentState.OPEN
#: Cards of 80 GiB with eight cores for each.
MEMORY = 81_920.0


class Machine:
    """A state with devices and campaigns, in which decisions are taken and carried out at once."""

    def __init__(self, devices: int, kind: str = "gpu") -> None:
        self.state = State()
        self.now = 1000.0
        self.numbers = 0
        self.launched: list[LaunchRun] = []
        rows = []
        for n in range(devices):
            cores, nodes = tuple(range(8 * n, 8 * n + 8)), (f"/dev/nvidia{n}",)
            rows.append(Device(f"D{n}", n, kind, f"{kind}{n}", cores, MEMORY, nodes))
        self.state.remember(Inventory(tuple(rows)))

    def campaign(self, name: str, run: str = "", limits: str = "") -> str:
        """Add a campaign whose [run] and [limits] say this, too."""
        spec = SPEC.replace("[run]\n", f"[run]\n{run}\n") + f"[limits]\n{limits}\n"
        row = Campaign(name, "/repo", spec, CampaignState.RUNNING, 0.0, champion="", setup_done=True)
        self.state.apply(row)
        return name

    def wait(
        self, campaign: str, count: int = 1, purpose: Purpose = Purpose.SEARCH, **experiment: Any
    ) -> list[str]:
        """Have runs wait, each of an experiment of its own."""
        found = []
        urgent = experiment.pop("urgent", False)
        for _ in range(count):
            self.numbers += 1
            n = self.numbers
            proposal = Proposal(f"p{n}", campaign, 0.0, "ada", "search", "", {}, "", urgent=urgent)
            self.state.apply(proposal)
            made = Experiment(f"e{n}", campaign, n, 0.0, OPEN, f"e{n}", proposal=f"p{n}", **experiment)
            self.state.apply(made)
            self.state.apply(Run(f"r{n}", campaign, f"e{n}", n, 0.0, purpose, n, RunState.READY, tree="/t"))
            found.append(f"r{n}")
        return found

    def decide(self) -> list[str]:
        """Decide until nothing more starts; return the runs that did, in their order."""
        found = []
        while step := assign(self.state, self.now):
            for row in step.rows:
                self.state.apply(row)
            for action in step.actions:
                if isinstance(action, LaunchRun):
                    self.launched.append(action)
                    found.append(action.run.id)
                    self.state.apply(
                        dataclasses.replace(action.run, state=RunState.RUNNING, started=self.now)
                    )
        return found

    def end(self, run: str, **evidence: Any) -> None:
        """End a run."""
        self.state.apply(dataclasses.replace(self.state.runs[run], state=RunState.ENDED, evidence=evidence))

    def read(self, device: str, **reading: Any) -> None:
        """Take a reading of a device."""
        self.state.remember(Readings((Reading(device, **reading),)))

    def where(self, run: str) -> tuple[str, ...]:
        """Return the devices of a run."""
        return self.state.runs[run].bound

    def counts(self) -> Counter[str]:
        """Count the devices of each campaign."""
        return Counter(run.campaign for run in self.state.active_runs() for _ in run.bound)


# -- fair shares ------------------------------------------------------------------------------------------


def test_campaigns_share_the_slots_of_one_decision_by_their_weights() -> None:
    machine = Machine(6)
    machine.campaign("one")
    machine.campaign("two", limits="share = 2.0")
    machine.wait("one", 10)
    machine.wait("two", 10)
    machine.decide()
    assert machine.counts() == {"one": 2, "two": 4}


def test_a_campaign_that_comes_late_gets_each_slot_until_it_has_its_share() -> None:
    machine = Machine(4)
    machine.campaign("early")
    first = machine.wait("early", 20)
    machine.decide()
    machine.campaign("late")
    machine.wait("late", 20)
    for run in first[:2]:
        machine.end(run)
        machine.decide()
    assert machine.counts() == {"early": 2, "late": 2}
    machine.end(first[2])
    machine.end(first[3])
    machine.decide()
    assert machine.counts() == {"early": 2, "late": 2}


def test_teams_of_a_campaign_get_equal_parts_of_its_slots() -> None:
    machine = Machine(4)
    machine.campaign("toy")
    machine.wait("toy", 10, team="t1")
    machine.wait("toy", 10, team="t2")
    machine.decide()
    teams = Counter(machine.state.experiments[run.experiment].team for run in machine.state.active_runs())
    assert teams == {"t1": 2, "t2": 2}


def test_a_run_with_two_devices_counts_as_two_for_its_campaign() -> None:
    machine = Machine(6)
    machine.campaign("wide", "gpus = 2")
    machine.campaign("narrow")
    machine.wait("wide", 5)
    machine.wait("narrow", 9)
    machine.decide()
    assert machine.counts()["narrow"] in (2, 3)
    assert machine.counts()["wide"] in (2, 4)


# -- order ------------------------------------------------------------------------------------------------


def test_setup_then_what_a_person_wants_then_confirmations_come_before_everything_else() -> None:
    machine = Machine(1)
    machine.campaign("toy")
    search = machine.wait("toy")
    bank = machine.wait("toy", purpose=Purpose.BANK)
    baseline = machine.wait("toy", purpose=Purpose.BASELINE)
    confirm = machine.wait("toy", purpose=Purpose.CONFIRM)
    urgent = machine.wait("toy", urgent=True)
    setup = machine.wait("toy", purpose=Purpose.SETUP)
    order = [run.id for run in in_order(machine.state, [])]
    assert order == [*setup, *urgent, *confirm, *baseline, *bank, *search]


def test_what_a_person_put_first_goes_before_what_is_urgent_and_last_behind_all() -> None:
    machine = Machine(1)
    machine.campaign("toy")
    last = machine.wait("toy", place=1)
    plain = machine.wait("toy", 2, team="t1")
    urgent = machine.wait("toy", urgent=True)
    first = machine.wait("toy", place=-2) + machine.wait("toy", place=-1)
    order = [run.id for run in in_order(machine.state, [])]
    assert order == [*first, *urgent, *plain, *last]


# -- several devices for one run --------------------------------------------------------------------------


def test_a_run_gets_whole_devices_with_all_their_cores_and_is_bound_to_each() -> None:
    machine = Machine(3)
    machine.campaign("toy", "gpus = 2")
    (run,) = machine.wait("toy")
    machine.decide()
    (launch,) = machine.launched
    assert machine.where(run) == ("D0", "D1")
    assert machine.state.runs[run].device == "D0"
    assert machine.state.runs[run].device_name == "gpu0"
    assert launch.gpu == "D0,D1"
    assert launch.nodes == ("/dev/nvidia0", "/dev/nvidia1")
    assert launch.cores == tuple(range(16))


def test_a_run_that_waits_for_several_devices_is_not_starved_by_small_ones() -> None:
    machine = Machine(2)
    machine.campaign("small")
    machine.campaign("big", "gpus = 2")
    running = machine.wait("small", 30)
    started = machine.decide()
    (big,) = machine.wait("big")
    for _ in range(2):
        machine.end(started.pop(0))
        started += machine.decide()
    assert started == [big], "each device that came free was kept for it"
    assert len(running) == 30


def test_what_can_never_start_keeps_nothing_and_is_told() -> None:
    machine = Machine(2)
    machine.campaign("huge", "gpus = 3")
    machine.campaign("small")
    machine.wait("huge")
    machine.wait("small", 2)
    assert len(machine.decide()) == 2
    (need,) = [
        row for row in needs(machine.state, machine.state.campaigns["huge"]) if row["kind"] == "devices"
    ]
    assert "gpus = 3, and this machine has 2" in need["text"]


def test_more_memory_than_enough_devices_have_is_told_as_well() -> None:
    machine = Machine(2)
    big = machine.state.devices["D0"]
    machine.state.remember(Inventory((big, Device("D1", 1, "gpu", "gpu1", (8,), MEMORY / 2))))
    machine.campaign("huge", 'gpus = 2\ngpu_memory = "60GB"')
    machine.wait("huge")
    assert machine.decide() == []
    (need,) = needs(machine.state, machine.state.campaigns["huge"])
    assert "gpus = 2" in need["text"]
    assert "only 1 has so much" in need["text"]


def test_devices_that_are_away_for_now_are_not_waited_for_by_keeping_others() -> None:
    machine = Machine(2)
    machine.campaign("big", "gpus = 2")
    machine.campaign("small")
    machine.state.apply(Hold("D1", 0.0, "ada"))
    machine.wait("big")
    (small,) = machine.wait("small")
    assert machine.decide() == [small]


def test_a_host_without_gpus_gives_two_slots_and_no_gpu() -> None:
    machine = Machine(2, "cpu")
    machine.campaign("toy", 'gpus = 2\ngpu_memory = "20GB"')
    (run,) = machine.wait("toy")
    machine.decide()
    assert machine.where(run) == ("D0", "D1")
    assert machine.launched[0].gpu is None


# -- several runs on one device ---------------------------------------------------------------------------


def test_runs_that_share_a_device_divide_its_cores_and_fill_one_before_the_next() -> None:
    machine = Machine(2)
    machine.campaign("toy", "per_gpu = 3")
    machine.wait("toy", 4)
    machine.decide()
    assert [launch.run.bound[0] for launch in machine.launched] == ["D0", "D0", "D0", "D1"]
    assert [len(launch.cores) for launch in machine.launched] == [3, 3, 2, 3]
    cores = [core for launch in machine.launched[:3] for core in launch.cores]
    assert sorted(cores) == list(range(8)), "no core twice"


def test_a_seat_that_comes_free_is_the_one_that_is_given_again() -> None:
    machine = Machine(1)
    machine.campaign("toy", "per_gpu = 2")
    first, _ = machine.wait("toy", 2)
    machine.decide()
    machine.end(first)
    machine.wait("toy")
    machine.decide()
    assert sorted(run.seat for run in machine.state.active_runs()) == [0, 1]


def test_campaigns_do_not_share_a_device_with_each_other() -> None:
    machine = Machine(1)
    machine.campaign("one", "per_gpu = 2")
    machine.campaign("two", "per_gpu = 2")
    machine.wait("one")
    machine.wait("two")
    assert len(machine.decide()) == 1


def test_a_whole_device_is_kept_for_a_run_while_others_share_all_of_them() -> None:
    machine = Machine(1)
    machine.campaign("sharing", "per_gpu = 2")
    machine.campaign("whole")
    one, two = machine.wait("sharing", 2)
    machine.decide()
    machine.wait("sharing", 9)
    (whole,) = machine.wait("whole")
    machine.end(one)
    assert machine.decide() == []
    machine.end(two)
    assert machine.decide() == [whole]


# -- memory -----------------------------------------------------------------------------------------------


def test_no_more_runs_share_a_device_than_its_memory_is_said_to_hold() -> None:
    machine = Machine(1)
    machine.campaign("toy", 'per_gpu = 4\ngpu_memory = "30GB"')
    machine.read("D0", free_mb=80_000.0, room_mb=80_000.0)
    machine.wait("toy", 4)
    assert len(machine.decide()) == 2


def test_what_earlier_runs_held_says_how_many_share_a_device() -> None:
    machine = Machine(1)
    machine.campaign("toy", "per_gpu = 4")
    machine.read("D0", free_mb=80_000.0, room_mb=80_000.0)
    (first,) = machine.wait("toy")
    machine.decide()
    machine.end(first, gpu_memory_mb=25_000.0)
    machine.wait("toy", 4)
    assert len(machine.decide()) == 3


def test_without_a_word_each_gets_an_equal_part_and_never_more_than_is_free() -> None:
    machine = Machine(1)
    machine.campaign("toy", "per_gpu = 4")
    machine.read("D0", free_mb=80_000.0, room_mb=80_000.0)
    machine.wait("toy", 1)
    assert len(machine.decide()) == 1
    machine.read("D0", free_mb=10_000.0, room_mb=80_000.0)
    machine.wait("toy", 3)
    assert machine.decide() == [], "the one that is there took more than its part"
    machine.read("D0", free_mb=60_000.0, room_mb=80_000.0)
    assert len(machine.decide()) == 3


def test_a_run_waits_for_a_device_with_the_memory_that_it_needs() -> None:
    machine = Machine(2)
    machine.campaign("toy", 'gpu_memory = "60GB"')
    machine.read("D0", free_mb=30_000.0, room_mb=30_000.0)
    machine.read("D1", free_mb=80_000.0, room_mb=80_000.0)
    (run,) = machine.wait("toy")
    machine.decide()
    assert machine.where(run) == ("D1",)


# -- devices that may not be used -------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["taken", "held", "quarantined", "vacated"])
def test_nothing_starts_on_a_device_that_may_not_be_used_until_it_may_again(why: str) -> None:
    machine = Machine(1)
    machine.campaign("toy")
    (run,) = machine.wait("toy")
    state = machine.state
    quarantine = Quarantine("D0", 0.0, "xid", "Xid 79")
    if why == "taken":
        machine.read("D0", taken="ada: python (7)")
    elif why == "held":
        state.apply(Hold("D0", 0.0, "ada"))
    elif why == "quarantined":
        state.apply(quarantine)
    else:
        state.remember(Vacated("D0", "r9"))
    assert machine.decide() == []
    assert not idle(state, "toy")
    machine.read("D0", taken="")
    state.apply(Hold("D0", 0.0, "ada", held=False))
    state.apply(dataclasses.replace(quarantine, lifted=5.0))
    state.remember(Vacated("D0", "r9", over=True))
    assert machine.decide() == [run]


# -- staggered starts -------------------------------------------------------------------------------------


def test_starts_of_a_campaign_are_staggered_and_others_use_the_time() -> None:
    machine = Machine(4)
    machine.campaign("slow", 'stagger = "20s"')
    machine.campaign("other")
    first, second = machine.wait("slow", 2)
    others = machine.wait("other", 2)
    assert machine.decide() == [first, *others]
    machine.now += 19.0
    assert machine.decide() == []
    machine.now += 1.0
    assert machine.decide() == [second]


def test_a_start_that_is_not_over_is_waited_for() -> None:
    machine = Machine(2)
    machine.campaign("slow", 'stagger = "20s"')
    first, _ = machine.wait("slow", 2)
    row = machine.state.runs[first]
    machine.state.apply(dataclasses.replace(row, state=RunState.LAUNCHING, devices=("D0",), device="D0"))
    machine.now += 1e6
    assert machine.decide() == []


# -- how many, and how fast -------------------------------------------------------------------------------


def test_a_campaign_knows_how_many_of_its_runs_fit() -> None:
    machine = Machine(5)
    for name, run in (("plain", ""), ("wide", "gpus = 2"), ("shared", "per_gpu = 3")):
        machine.campaign(name, run)
    assert [slots(machine.state, name) for name in ("plain", "wide", "shared")] == [5, 2, 15]


def test_no_slot_waits_for_an_environment_that_is_yet_to_be_made() -> None:
    machine = Machine(1)
    machine.campaign("toy", 'prepare = "uv sync"')
    first, second = machine.wait("toy", 2)
    machine.state.apply(dataclasses.replace(machine.state.runs[first], state=RunState.PREPARING))
    assert machine.decide() == [second]
    machine.state.apply(dataclasses.replace(machine.state.runs[first], state=RunState.READY))
    machine.end(second)
    assert machine.decide() == [first]
