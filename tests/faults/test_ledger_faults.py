"""What may happen to the ledger, and to what lies beside it: locked, damaged, gone, its log growing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from pathlib import Path

import pytest

from arctl.client import Client
from arctl.daemon import facts
from arctl.daemon.housekeeping import LedgerCare, ledger
from arctl.daemon.reduce import reduce
from arctl.daemon.rows import Event
from arctl.daemon.state import State
from arctl.daemon.store import Batch, LedgerDamagedError, Writer, backup, writer
from arctl.paths import Home
from tests.faults.test_daemon_faults import results, running
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go


def damage(path: Path) -> bytes:
    """Overwrite the middle of a file, as a failing disk does; return all of it as it is then."""
    book = sqlite3.connect(path, isolation_level=None)
    book.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what is in the log is in the file now
    book.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 8192))
    return path.read_bytes()


@pytest.mark.fault(14, "another program holds the write lock", "told after seconds, goes on when it lets go")
def test_14_a_ledger_that_another_program_holds_is_waited_for(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    other = sqlite3.connect(daemon.home.ledger, isolation_level=None, timeout=60)
    other.execute("BEGIN IMMEDIATE")
    go(daemon)
    trouble = wait_for("the daemon to say so", lambda: daemon.call("status")["trouble"])
    assert "locked" in trouble
    assert "fuser" in trouble
    other.execute("ROLLBACK")
    other.close()
    assert daemon.wait_finished()["state"] == "finished"
    assert daemon.call("status")["trouble"] == ""
    assert set(results(daemon).values()) == {1}


@pytest.mark.fault(15, "pages overwritten while no daemon runs", "refused, backup put back, results replayed")
def test_15_a_backup_is_put_back_and_what_ended_since_is_taken_in(daemon: Daemon, tmp_path: Path) -> None:
    arctl = Arctl(daemon.home.root)
    repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=3)
    daemon.campaign(repo)
    before = wait_for("two runs under way", lambda: len(running(daemon)) == 2 and running(daemon))
    for path in daemon.home.backups.glob("*"):
        path.unlink()
    arctl.ok("backup")
    go(daemon)
    assert daemon.wait_finished()["state"] == "finished"
    copy = sqlite3.connect(backup.listed(daemon.home.backups)[0].path)
    known = {run for (run,) in copy.execute("SELECT id FROM runs")}
    copy.close()
    assert {run["id"] for run in before} <= known
    measured = {row["id"]: row["value"] for row in daemon.call("show", id="r1")["runs"]}
    later = {run for run, _ in results(daemon)} - known
    assert later, "runs that the backup does not know"
    daemon.stop()
    broken = damage(daemon.home.ledger)

    refused = arctl("start", repo)
    assert refused.returncode == 1
    assert "damaged" in refused.stderr
    assert "`arctl restore`" in refused.stderr
    assert daemon.home.ledger.read_bytes() == broken, "it is kept as it is"

    done = arctl.json("restore")
    assert set(done["taken_in"]) == known
    assert later <= set(done["aside"])
    assert Path(done["damaged"]).read_bytes() == broken
    assert all((Path(done["folder"]) / run).is_dir() for run in later)

    daemon.start()
    assert daemon.wait_finished()["state"] == "finished"
    rows = {row["id"]: row for row in daemon.call("show", id="r1")["runs"]}
    for run in known:
        assert (rows[run]["outcome"], rows[run]["attempt"], rows[run]["value"]) == ("ok", 1, measured[run])
    told = daemon.call("events", kinds=["run.replayed", "ledger.restored"])
    assert {event["subject"] for event in told if event["kind"] == "run.replayed"} == known
    assert [event["kind"] for event in told].count("ledger.restored") == 1
    assert set(results(daemon).values()) == {1}


@pytest.mark.fault(15, "the ledger is damaged while a run goes on", "the run is adopted by the restored one")
def test_15_a_run_that_still_goes_on_is_adopted_by_the_restored_ledger(
    daemon: Daemon, tmp_path: Path
) -> None:
    arctl = Arctl(daemon.home.root)
    wait_for("the backup of the first start", lambda: backup.listed(daemon.home.backups))
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    # As if the backup had been made just before the runs were launched: they are queued in it.
    arctl.ok("backup")
    newest = backup.listed(daemon.home.backups)[0].path
    copy = sqlite3.connect(newest)
    copy.execute("UPDATE runs SET state = 'queued', device = '', device_name = '', tree = '', started = NULL")
    copy.commit()
    copy.close()
    daemon.kill()
    damage(daemon.home.ledger)
    arctl.ok("restore")
    daemon.start()
    adopted = wait_for(
        "both to be adopted",
        lambda: len(found := daemon.call("events", kinds=["run.adopted"])) == 2 and found,
    )
    assert len({event["subject"] for event in adopted}) == 2
    assert len({row["device"] for row in running(daemon)}) == 2, "their devices are taken"
    go(daemon)
    assert daemon.wait_finished()["state"] == "finished"
    assert set(results(daemon).values()) == {1}


@pytest.mark.fault(15, "the ledger is deleted", "no new one is begun in its stead")
def test_15_a_ledger_that_is_gone_is_never_begun_anew(daemon: Daemon, tmp_path: Path) -> None:
    wait_for("the backup of the first start", lambda: backup.listed(daemon.home.backups))
    daemon.stop()
    for path in daemon.home.root.glob("ledger.db*"):
        path.unlink()
    refused = Arctl(daemon.home.root)("start", make_repo(tmp_path / "repo"))
    assert refused.returncode == 1
    assert "is gone, but there was one" in refused.stderr
    assert "`arctl restore`" in refused.stderr
    assert not daemon.home.ledger.exists()


@pytest.mark.fault(15, "the write-ahead log with all rows is deleted", "no new ledger is begun in its stead")
def test_15_an_empty_ledger_where_there_was_one_is_refused(daemon: Daemon, tmp_path: Path) -> None:
    wait_for("the backup of the first start", lambda: backup.listed(daemon.home.backups))
    daemon.stop()
    for path in daemon.home.root.glob("ledger.db*"):
        path.unlink()
    empty = sqlite3.connect(daemon.home.ledger)
    empty.execute("PRAGMA journal_mode=WAL")
    empty.close()
    refused = Arctl(daemon.home.root)("start", make_repo(tmp_path / "repo"))
    assert refused.returncode == 1
    assert "is empty, but there was one" in refused.stderr


def test_a_restore_that_died_half_way_is_ended_by_the_next(tmp_path: Path) -> None:
    home = Home(tmp_path)
    asyncio.run(_written(home, 3))
    made = backup.take(home.ledger, home.backups, 1_700_000_000.0)
    # It died after the old ledger was put away and before the copy was in its place.
    home.ledger.rename(tmp_path / "ledger.db.elsewhere")
    with pytest.raises(LedgerDamagedError, match="is gone"):
        asyncio.run(_written(home, 1))
    backup.put_back(made, home.ledger, home.damaged, 1_700_000_001.0)
    assert asyncio.run(_written(home, 1)) == 4


async def _written(home: Home, count: int) -> int:
    """Write so many events, and return the number of the last one."""
    book = Writer(home.ledger, home.ballast)
    await book.open()
    last = 0
    for _ in range(count):
        last = await book.write(Batch(events=[Event("noise", text="x" * 200)], at=1.0))
    await book.close()
    return last


def test_a_ledger_that_is_damaged_while_it_is_open_is_told_as_that(tmp_path: Path) -> None:
    asyncio.run(_damaged_while_open(tmp_path / "ledger.db"))


async def _damaged_while_open(path: Path) -> None:
    noise = Batch(events=[Event("noise", text="x" * 2000)], at=1.0)
    book = Writer(path)
    await book.open()
    for _ in range(200):
        await book.write(noise)
    await book.close()
    book = Writer(path)
    await book.open()
    damage(path)

    async def go_on() -> None:
        for _ in range(200):
            await book.write(noise)

    with pytest.raises(LedgerDamagedError, match="damaged"):
        await go_on()
    await book.close()


@pytest.mark.fault(16, "a reader stands still in a transaction", "alarm, log emptied when it goes")
def test_16_a_log_that_a_stalled_reader_holds_is_told_and_emptied_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WAL_LONG", 64 << 10)
    monkeypatch.setattr(ledger, "WAL_ALARM", 512 << 10)
    asyncio.run(_stalled(Home(tmp_path)))


async def _stalled(home: Home) -> None:
    book, seen = Writer(home.ledger), list[facts.Fact]()
    await book.open()
    care = LedgerCare(home, book, seen.append)
    noise = Batch(events=[Event("noise", text="x" * 1000) for _ in range(100)], at=1.0)
    await book.write(noise)
    stalled = sqlite3.connect(home.ledger, isolation_level=None)
    stalled.execute("BEGIN")
    stalled.execute("SELECT count(*) FROM events").fetchone()
    for _ in range(20):
        await book.write(noise)
    began = time.monotonic()
    await care.look()
    assert time.monotonic() - began < 2.0, "nobody who writes waits for a stalled reader"
    state = State()
    step = reduce(state, seen[-1], 1.0)
    assert [event.kind for event in step.events] == ["wal.trouble"]
    assert "stands still" in step.events[0].text
    state.remember(step.marks[0])
    assert reduce(state, seen[-1], 2.0).events == [], "it is told once"
    stalled.execute("ROLLBACK")
    stalled.close()
    await care.look()
    assert home.ledger.with_name("ledger.db-wal").stat().st_size == 0
    assert [event.kind for event in reduce(state, seen[-1], 3.0).events] == ["wal.well"]
    await book.close()


def test_backups_are_made_while_others_write_and_only_some_are_kept(tmp_path: Path) -> None:
    asyncio.run(_backed_up(Home(tmp_path)))


async def _backed_up(home: Home) -> None:
    book = Writer(home.ledger)
    await book.open()
    noise = Batch(events=[Event("noise", text="x" * 1000) for _ in range(200)], at=1.0)
    written = 0
    for number in range(backup.KEPT + 3):
        copy = asyncio.create_task(
            asyncio.to_thread(backup.take, home.ledger, home.backups, 1_700_000_000.0 + number)
        )
        while not copy.done() or written < 200 * (number + 1):
            await book.write(noise)
            written += 200
        found = await copy
        count = sqlite3.connect(found.path).execute("SELECT count(*) FROM events").fetchone()[0]
        assert count % 200 == 0, "a transaction is in it whole or not at all"
    await book.close()
    kept = backup.listed(home.backups)
    assert [item.at - 1_700_000_000.0 for item in kept] == list(range(backup.KEPT + 2, 2, -1))


def test_the_last_hours_and_one_of_each_of_the_last_days_are_kept(tmp_path: Path) -> None:
    hours = [backup.Backup(tmp_path, hour * 3600.0, 1) for hour in range(24 * 10, 0, -1)]
    stay = [found for found in hours if found not in backup.surplus(hours)]
    assert [found.at / 3600 for found in stay] == [240, 239, 238, 237, 215, 191]


def test_the_daemon_backs_its_ledger_up_at_a_start_and_says_so(daemon: Daemon) -> None:
    wait_for("a backup", lambda: backup.listed(daemon.home.backups))
    told = wait_for("the word of it", lambda: daemon.call("events", kinds=["ledger.backup"]))
    assert told[0]["data"]["path"].startswith(str(daemon.home.backups))
    daemon.stop()
    daemon.start()
    # It answers before it has written that it is there.
    wait_for("its second start", lambda: len(daemon.call("events", kinds=["daemon.started"])) == 2)
    assert len(backup.listed(daemon.home.backups)) == 1, "a fresh one is not made again"


def test_a_cursor_behind_which_events_were_forgotten_is_told_to_look_anew(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", experiments=1))
    daemon.wait_finished()
    daemon.stop()
    book = sqlite3.connect(daemon.home.ledger)
    book.execute("UPDATE events SET at = at - 864000 WHERE campaign = 'toy' AND seq < 10")
    spec = book.execute("SELECT spec FROM campaigns").fetchone()[0] + "\n[keep]\nevents_days = 5\n"
    book.execute("UPDATE campaigns SET spec = ?", (spec,))
    book.commit()
    book.close()
    (tmp_path / "repo" / "arctl.toml").write_text(spec)
    daemon.start()

    def oldest() -> list[int]:
        return [event["seq"] for event in daemon.call("events", campaign="toy", after=0)]

    wait_for("the old events to go", lambda: oldest() and oldest()[0] >= 10)
    assert daemon.call("history", campaign="toy"), "a replay begins with what is left"
    with Client(daemon.home) as client:
        epoch = client.welcome["epoch"]
    assert daemon.call("subscribe", epoch=epoch, after=2)["resumed"] is False
    last = daemon.call("events", limit=1)[-1]["seq"]
    assert daemon.call("subscribe", epoch=epoch, after=last)["resumed"] is True
