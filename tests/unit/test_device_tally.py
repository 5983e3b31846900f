"""What readings say of our runs: whose memory is whose, who else is there, what was seen, what was left."""

from __future__ import annotations

from arctl.daemon.devices.base import Bound, Foreign, Holder, Process, Sample
from arctl.daemon.devices.foreign import TOLERATED_MB, taken
from arctl.daemon.devices.tally import Tally
from arctl.daemon.marks import Device

#: Two shims (10, 20) with a job each (11, 21); a stranger (30).
PARENTS = {11: 10, 21: 20, 10: 1, 20: 1, 30: 1, 1: 0}.get


def tally() -> Tally:
    """Return a tally that saw the card at rest."""
    found = Tally(devices={"G": Device("G", 0, "gpu", "gpu0", (), 81_920.0)})
    found.take([card(600.0)], [], 0.0, None, PARENTS)
    return found


def card(used: float, *processes: Process, clock: float = 1000.0, **more: object) -> Sample:
    return Sample(
        "G", 0.0, memory_used_mb=used, memory_total_mb=81_920.0, clock_mhz=clock, processes=processes, **more
    )  # type: ignore[arg-type]


def bound(number: int, *, frozen: bool = False) -> Bound:
    return Bound(f"r{number}", 1, ("G",), lambda: 10 * number, frozen)


def test_runs_that_share_a_card_have_the_memory_of_their_own_processes() -> None:
    found = tally()
    sample = card(30_600.0, Process(11, 10_000.0), Process(21, 20_000.0))
    _, (reading,) = found.take([sample], [bound(1), bound(2)], 1.0, 0.5, PARENTS)
    assert found.seen["r1", 1].peak_mb == 10_000.0
    assert found.seen["r2", 1].peak_mb == 20_000.0
    assert reading.taken == ""
    assert reading.free_mb == 51_200.0
    assert reading.room_mb == 81_152.0, "all but what the card holds at rest, in steps"


def test_where_no_process_is_named_what_is_beyond_rest_is_ours_in_equal_parts() -> None:
    found = tally()
    found.take([card(20_600.0)], [bound(1), bound(2)], 1.0, None, PARENTS)
    assert found.seen["r1", 1].peak_mb == 10_000.0


def test_what_a_run_saw_is_summed_up_over_its_readings() -> None:
    found = tally()
    stranger = Process(30, 1000.0)
    for now, samples, bounds in (
        (1.0, card(9000.0, clock=1000.0, temperature_c=60.0, throttle=("power cap",)), [bound(1)]),
        (2.0, card(9000.0, stranger, clock=2000.0, temperature_c=90.0, throttle=()), [bound(1)]),
        (3.0, card(9000.0, clock=1500.0, temperature_c=70.0, throttle=()), [bound(1), bound(2)]),
        (4.0, card(9000.0, clock=10.0), [bound(1, frozen=True)]),
        (500.0, card(9000.0, clock=1500.0), [bound(1)]),
    ):
        found.take([samples], bounds, now, 0.5 * now if now < 4 else None, PARENTS)
    assert found.seen["r1", 1].evidence() == {
        "clock_mhz_mean": 1500.0,
        "clock_mhz_max": 2000.0,
        "temperature_c_max": 90.0,
        "throttled": False,
        "foreign_seconds": 1.0,
        "shared_seconds": 1.0,
        "load_mean": 1.0,
        "samples": 4,
    }


def test_heat_is_throttling_and_a_power_cap_is_not() -> None:
    found = tally()
    found.take([card(9000.0, throttle=("power cap", "hardware thermal"))], [bound(1)], 1.0, None, PARENTS)
    assert found.seen["r1", 1].evidence()["throttled"] is True


def test_processes_or_memory_that_a_run_leaves_are_told_and_those_of_others_are_not_its() -> None:
    found = tally()
    found.take([card(30_600.0, Process(11, 30_000.0))], [bound(1)], 1.0, None, PARENTS)
    assert "processes of r1 are still on it: 11" in found.left(card(30_600.0, Process(11)), "r1", [], PARENTS)
    assert found.left(card(4600.0), "r1", [], PARENTS) == "4000 MiB are still held after r1"
    assert found.left(card(900.0), "r1", [], PARENTS) == ""
    assert found.left(card(4600.0, Process(30, 4000.0)), "r1", [], PARENTS) == ""
    assert found.left(card(4600.0), "r1", [bound(2)], PARENTS) == "", "it may be the other run's"
    assert found.left(Sample("G", 0.0, lost="lost"), "r1", [], PARENTS) == ""


def test_a_card_that_was_lost_for_a_while_is_not_taken_for_an_empty_one() -> None:
    found = tally()
    found.take([Sample("G", 0.0, lost="lost")], [], 100.0, None, PARENTS)
    assert found.left(card(600.0), "r1", [], PARENTS) == ""


def foreign(*who: Holder) -> Sample:
    sizes = [row.memory_mb or 0.0 for row in who]
    return card(600.0 + sum(sizes), foreign=Foreign(len(who), sum(sizes), who))


def test_what_computes_takes_a_card_and_a_desktop_only_from_some_memory_on() -> None:
    program = Holder(7, "ada", "python", 30_720.0)
    assert taken(foreign(program), ours=True) == "ada: python (7, 30.0 GiB)"
    assert taken(foreign(Holder(8, "ada", "Xorg", TOLERATED_MB - 1, "graphics")), ours=False) == ""
    assert "Xorg" in taken(foreign(Holder(8, "ada", "Xorg", TOLERATED_MB + 1, "graphics")), ours=False)
    assert taken(foreign(Holder(9, "root", "nvidia-cuda-mps-server", 30.0)), ours=False) == ""
    assert taken(foreign(), ours=False) == ""


def test_memory_that_nobody_holds_takes_a_card_unless_a_run_of_ours_just_had_it() -> None:
    assert "cannot be seen" in taken(card(9000.0), ours=False)
    assert taken(card(9000.0), ours=True) == ""
