"""What may go of the state folder, decided on data; and deleting it, on real folders."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.actions import Discard, NoteResult, Prune
from arctl.daemon.commands.needs import needs
from arctl.daemon.decide import decide, retention, room
from arctl.daemon.housekeeping import Storage
from arctl.daemon.housekeeping.measure import floor, take_stock
from arctl.daemon.marks import Room, Stocktaking
from arctl.daemon.reduce import reduce
from arctl.daemon.rows import ExperimentState, RunState, Verdict, bump
from arctl.daemon.state import State
from arctl.daemon.stock import Found, Removal, Stock
from arctl.errors import ArctlError
from arctl.experiments.sizes import size
from arctl.paths import Home
from tests.support.virtual import SPEC, World

MB = 10**6
DAY = 86400.0


def bowl(params: dict[str, Any], chance: random.Random) -> float:
    return (params["X"] - 0.3) ** 2 + chance.gauss(0, 0.001)


@pytest.fixture(scope="module")
def ended() -> State:
    """A campaign that has run to its end in virtual time."""
    world = World(bowl, spec=SPEC + "[limits]\nexperiments = 15\n")
    world.begin()
    world.run()
    assert {row.verdict for row in world.state.experiments.values()} >= {"baseline", "accepted", "rejected"}
    return world.state


def kept(state: State, **keep: object) -> None:
    """Set what the campaign keeps."""
    row = state.campaigns["toy"]
    lines = "\n".join(f"{name} = {value!r}".replace("'", '"') for name, value in keep.items())
    spec = row.spec.partition("[keep]")[0] + f"[keep]\n{lines}\n"
    state.apply(dataclasses.replace(row, spec=spec))


def folders(state: State, each: int = 10 * MB, files: int = 8 * MB) -> tuple[Found, ...]:
    """Return a folder for each run."""
    return tuple(
        Found("attempt", f"runs/{run.id}/{run.attempt}", each, run.ended or 0.0, files, run.id, run.attempt)
        for run in state.runs.values()
    )


def stock(found: tuple[Found, ...], free: int = 10**12, lowest: int = 10**9) -> Stock:
    return Stock(found, free, 2 * 10**12, lowest)


def brought_nothing(state: State) -> set[str]:
    # One without a verdict waits in quarantine.
    kept = {Verdict.BASELINE, Verdict.ACCEPTED, ""}
    return {run.id for run in state.runs.values() if state.experiments[run.experiment].verdict not in kept}


def test_nothing_goes_that_is_young_and_within_the_quota(ended: State) -> None:
    kept(ended)
    last = max(run.ended or 0.0 for run in ended.runs.values())
    assert retention.plan(ended, stock(folders(ended)), last + DAY) == ()


def test_what_lies_beside_logs_goes_first_and_logs_later(ended: State) -> None:
    kept(ended, files_days=14, logs_days=90)
    last = max(run.ended or 0.0 for run in ended.runs.values())
    found = retention.plan(ended, stock(folders(ended)), last + 20 * DAY)
    assert {removal.part for removal in found} == {"files"}
    assert {removal.run for removal in found} == brought_nothing(ended)
    assert {removal.bytes for removal in found} == {8 * MB}
    found = retention.plan(ended, stock(folders(ended)), last + 100 * DAY)
    assert {removal.part for removal in found} == {"all"}
    assert {removal.run for removal in found} == brought_nothing(ended)


def test_what_stands_behind_a_claim_never_goes_however_small_the_quota(ended: State) -> None:
    kept(ended, runs=1, files_days=0, logs_days=0)
    found = retention.plan(ended, stock(folders(ended)), 1e12)
    assert {removal.run for removal in found} == brought_nothing(ended)


def test_a_quota_takes_the_oldest_first_and_no_more_than_it_must(ended: State) -> None:
    free = brought_nothing(ended)
    whole = len(ended.runs) * 10 * MB
    kept(ended, runs=whole - 20 * MB, files_days=0, logs_days=0)
    found = retention.plan(ended, stock(folders(ended)), 1e12)
    assert [removal.part for removal in found] == ["files"] * 3, "3 x 8 MB are the first that suffice"
    age = sorted(free, key=lambda run: ended.runs[run].ended or 0.0)
    assert [removal.run for removal in found] == age[:3]
    kept(ended, runs=whole - len(free) * 8 * MB - 1, files_days=0, logs_days=0)
    found = retention.plan(ended, stock(folders(ended)), 1e12)
    assert [removal.run for removal in found if removal.part == "all"] == age[:1]


def test_a_disk_that_is_nearly_full_takes_more_than_the_quota(ended: State) -> None:
    kept(ended, files_days=0, logs_days=0)
    now = max(run.ended or 0.0 for run in ended.runs.values()) + DAY
    assert retention.plan(ended, stock(folders(ended), free=10**9, lowest=10**9), now) == ()
    found = retention.plan(ended, stock(folders(ended), free=80 * MB, lowest=100 * MB), now)
    assert sum(removal.bytes for removal in found) == 40 * MB, "up to a fifth above the floor"
    assert {removal.why for removal in found} == {"the disk is nearly full"}


def test_runs_that_are_not_judged_yet_and_bases_of_directions_stay(ended: State) -> None:
    kept(ended, runs=1)
    state = State()
    for table in (ended.campaigns, ended.proposals, ended.experiments, ended.runs):
        for row in table.values():
            state.apply(row)
    loser = next(row for row in state.experiments.values() if row.verdict == Verdict.REJECTED)
    mine = {run.id for run in state.runs_of(loser.id)}
    assert mine <= {removal.run for removal in retention.plan(state, stock(folders(state)), 1e12)}
    state.apply(bump(loser, state=ExperimentState.OPEN, verdict=""))
    assert not mine & {removal.run for removal in retention.plan(state, stock(folders(state)), 1e12)}


def test_earlier_attempts_go_even_of_what_is_kept_and_running_ones_never(ended: State) -> None:
    kept(ended)
    state = State()
    for table in (ended.campaigns, ended.proposals, ended.experiments):
        for row in table.values():
            state.apply(row)
    run = next(iter(ended.runs.values()))
    state.apply(bump(run, attempt=2, state=RunState.RUNNING, ended=None))
    found = tuple(Found("attempt", f"runs/{run.id}/{n}", MB, 0.0, 0, run.id, n) for n in (1, 2))
    going = retention.plan(state, stock(found), 30 * DAY)
    assert [removal.attempt for removal in going] == [1]


def test_what_nobody_owns_goes_after_an_hour_and_unknown_runs_never(ended: State) -> None:
    kept(ended, runs=1)
    found = (
        Found("tree", "trees/r999", MB, 0.0),
        Found("scratch", "scratch/q999", MB, 0.0),
        Found("leftover", "trash/r1-abcd", MB, 0.0),
        Found("attempt", "runs/r999/1", MB, 0.0, MB, "r999", 1),
    )
    assert retention.plan(ended, stock(found), 1800.0) == ()
    places = {removal.place for removal in retention.plan(ended, stock(found), 7200.0)}
    assert places == {"trees/r999", "scratch/q999", "trash/r1-abcd"}
    assert [item.run for item in retention.unknown(ended, stock(found))] == ["r999"]


def test_what_goes_is_written_down_before_it_is_deleted() -> None:
    world = World(bowl, spec=SPEC + "[limits]\nexperiments = 15\n[keep]\nruns = 1\ncurves_days = 3\n")
    world.begin()
    world.run()
    state = world.state
    step = reduce(state, facts.StockTaken(stock(folders(state)), "t1", "ada"), world.now)
    state.remember(step.marks[0])
    step = decide(state, world.now + 9 * DAY)
    gone = brought_nothing(state)
    assert {row.id for row in step.rows} == gone
    assert all(row.removed and row.removed_for for row in step.rows)  # type: ignore[union-attr]
    (event,) = step.events
    assert (event.kind, event.actor, event.campaign) == ("storage.removed", "ada", "toy")
    discard, prune = step.actions
    assert isinstance(discard, Discard)
    assert isinstance(prune, Prune)
    assert {run for run, _ in prune.curves} == gone
    assert prune.events == ()
    for row in step.rows:
        state.apply(row)
    for mark in step.marks:
        state.remember(mark)
    assert not decide(state, world.now + 9 * DAY), "that was all"
    answer = reduce(state, facts.Removed(discard.removals, ("runs/r1/1: busy",), "t1"), world.now)
    assert answer.answers[0].result["failed"] == ["runs/r1/1: busy"]
    assert answer.events[0].kind == "storage.failed"


def test_of_two_who_tidy_at_once_one_is_told_to_ask_again() -> None:
    state = State()
    nothing = stock(())
    state.remember(reduce(state, facts.StockTaken(nothing, "t1", "ada"), 1.0).marks[0])
    assert reduce(state, facts.StockTaken(nothing), 1.0).marks == [], "the daemon itself waits for a day"
    (answer,) = reduce(state, facts.StockTaken(nothing, "t2", "bob"), 1.0).answers
    assert answer.ticket == "t2"
    assert answer.error is not None
    assert [answer.ticket for answer in retention.sweep(state, 1.0).answers] == ["t1"]


def test_much_goes_in_pieces(monkeypatch: pytest.MonkeyPatch, ended: State) -> None:
    kept(ended, runs=1)
    whole = retention.plan(ended, stock(folders(ended)), 1e12)
    assert len(whole) > 2
    monkeypatch.setattr(retention, "MAX_AT_ONCE", 2)
    state = State()
    for table in (ended.campaigns, ended.proposals, ended.experiments, ended.runs):
        for row in table.values():
            state.apply(row)
    gone: list[str] = []
    for _ in range(len(whole)):
        left = tuple(found for found in folders(state) if found.place not in gone)
        state.remember(Stocktaking(stock(left)))
        discard = next(a for a in retention.sweep(state, 1e12).actions if isinstance(a, Discard))
        gone += [removal.place for removal in discard.removals]
        if not discard.more:
            break
    assert sorted(gone) == sorted(removal.place for removal in whole)


def test_nothing_begins_below_the_floor_and_it_is_said_once() -> None:
    world = World(bowl)
    world.begin()
    world.state.remember(Room(1 * MB, 5 * MB))
    world.run(limit=50)
    assert world.started == []
    assert room.assign(world.state, world.now) == room.assign(State(), 0.0)
    need = needs(world.state, world.state.campaigns["toy"])[0]
    assert need["kind"] == "disk"
    assert "arctl gc" in need["remedy"]
    world.after(0, facts.DiskSeen(2 * MB, 5 * MB))
    world.after(1, facts.DiskSeen(9 * MB, 5 * MB))
    world.after(2, facts.DiskSeen(8 * MB, 5 * MB))
    world.run(limit=60)
    assert len(world.texts("disk.well")) == 1
    assert world.started, "it goes on by itself"


@pytest.mark.parametrize(
    ("text", "total", "expected"),
    [
        ("", 10**12, 5 * 10**9),
        ("", 20 * 10**9, 10**9),
        ("3%", 10**9, 30 * MB),
        ("20GB", 10**12, 20 * 10**9),
        ("0", 10**9, 0),
    ],
)
def test_the_floor_is_an_amount_or_a_share(text: str, total: int, expected: int) -> None:
    assert floor(total, text) == expected


def test_a_floor_that_is_none_says_how_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(ArctlError, match="ARCTL_DISK_FLOOR") as told:
        Storage(Home(tmp_path), print, "much")
    assert "5GB" in told.value.remedy


@pytest.mark.parametrize(
    ("text", "expected"), [(7, 7), ("500MB", 500 * MB), ("1.5 TB", 15 * 10**11), ("1GiB", 1 << 30)]
)
def test_sizes(text: object, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["much", -1, True, 1.5, "5 apples"])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        size(text)


# -- on real folders ---------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A state folder with a run that left a checkpoint, and a link out of it."""
    home = Home(tmp_path / "home")
    folder = home.run_folder("r1", 1)
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "out.log").write_text("step 1\n")
    (folder / "checkpoints" / "model.pt").write_bytes(b"x" * 100_000)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").write_text("years of work")
    (folder / "checkpoints" / "data").symlink_to(tmp_path / "precious")
    return home


def carried_out(home: Home, *actions: Discard | NoteResult) -> list[facts.Fact]:
    seen: list[facts.Fact] = []

    async def go() -> None:
        storage = Storage(home, seen.append, "0")
        for action in actions:
            await storage.handle(action)

    asyncio.run(go())
    return seen


def test_folders_are_measured_without_following_links(home: Home) -> None:
    (found,) = take_stock(home, 0).found
    assert (found.sort, found.run, found.attempt) == ("attempt", "r1", 1)
    assert 100_000 <= found.files < found.bytes < 200_000


def test_what_lies_beside_the_log_is_deleted_and_links_are_not_followed(home: Home) -> None:
    folder = home.run_folder("r1", 1)
    (folder / "checkpoints").chmod(0)
    (removed,) = carried_out(home, Discard((Removal("runs/r1/1", "files", 1, "old"),)))
    assert isinstance(removed, facts.Removed)
    assert removed.failed == ()
    assert [path.name for path in folder.iterdir()] == ["out.log"]
    assert (home.root.parent / "precious" / "thesis.tex").read_text() == "years of work"
    assert list(home.trash.iterdir()) == []


def test_no_link_on_the_way_leads_out_of_the_state_folder(home: Home) -> None:
    (home.runs / "r2").symlink_to(home.root.parent)
    carried_out(
        home,
        Discard(
            (
                Removal("runs/r2/precious", "all", 1, "a link on the way"),
                Removal("runs/../../precious", "all", 1, "a way out"),
                Removal("runs/r2", "all", 1, "the link itself"),
            )
        ),
    )
    assert (home.root.parent / "precious" / "thesis.tex").exists()
    assert not os.path.lexists(home.runs / "r2")


def test_what_a_dead_daemon_began_to_delete_is_found_as_a_leftover(home: Home) -> None:
    home.trash.mkdir()
    home.run_folder("r1", 1).rename(home.trash / "1-abcd")
    (found,) = take_stock(home, 0).found
    assert (found.sort, found.place) == ("leftover", "trash/1-abcd")
    carried_out(home, Discard((Removal(found.place, "all", found.bytes, "left"),)))
    assert list(home.trash.iterdir()) == []


def test_a_result_that_cannot_be_noted_is_no_failure(home: Home) -> None:
    assert carried_out(home, NoteResult("r1", 1, {"outcome": "ok"}), NoteResult("r9", 1, {})) == []
    assert (home.run_folder("r1", 1) / "result.json").read_text() == '{"outcome": "ok"}'
