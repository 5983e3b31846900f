"""A full disk, for real: the state folder lies on a small file system of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arctl.client import Client
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.jobs.launcher import command
from arctl.daemon.rows import Event
from arctl.daemon.store import Batch, LedgerFullError, Writer
from arctl.errors import ArctlError
from arctl.paths import Home
from tests.faults.test_daemon_faults import results, running
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not sys.platform.startswith("linux"), reason="mounting a small disk needs root"
)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose state folder has 24 MiB."""
    root = tmp_path / "home"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(root)], check=True)
    running = Daemon(root)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        subprocess.run(["umount", "--lazy", str(root)], check=True)


def fill(folder: Path) -> Path:
    """Write until there is no room left."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return path


@pytest.mark.fault(11, "the disk is filled", "nothing lost, goes on with room")
def test_11_a_full_disk_pauses_and_nothing_is_lost(small: Daemon, tmp_path: Path) -> None:
    small.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=3))
    wait_for("two runs under way", lambda: len(running(small)) == 2)
    # What a run says has a place on the disk once it has begun to speak.
    logs = [small.home.run_folder(run["id"], 1) / "out.log" for run in running(small)]
    wait_for("their first words", lambda: all(log.exists() and log.stat().st_size for log in logs))
    filler = fill(small.home.root)
    go(small)

    def noticed() -> str:
        # Which comes first depends on where the next write falls: the ledger, or a run's folder.
        return str(small.call("status")["trouble"] or small.status()["reason"])

    reason = wait_for("the daemon to notice", noticed)
    assert "No space left" in reason or "disk is full" in reason
    filler.unlink()

    def ended() -> bool:
        state = small.status()["state"]
        if state == "held":
            # What could not be written while the disk was full is asked for again.
            assert "No space left" in small.status()["reason"]
            small.call("resume", target="toy")
        return bool(state == "finished")

    wait_for("the end", ended)
    assert set(results(small).values()) == {1}
    assert all(row["verdict"] for row in small.experiments())


@pytest.mark.fault(11, "the disk is filled", "nothing lost, goes on with room")
def test_11_the_ledger_says_when_it_is_full_and_goes_on_with_room(small: Daemon) -> None:
    small.stop()
    asyncio.run(_fill_and_go_on(small.home))


async def _fill_and_go_on(home: Home) -> None:
    writer = Writer(home.ledger, home.ballast)
    await writer.open()
    filler = fill(home.root)
    batch = Batch(events=[Event("noise", text="x" * 1000) for _ in range(100)], at=1.0)
    written = 0
    told: LedgerFullError | None = None
    while told is None and written < 100_000:
        try:
            await writer.write(batch)
            written += 100
        except LedgerFullError as error:
            told = error
    assert told is not None
    assert "no room" in told.message
    assert "nothing is lost" in told.remedy
    assert not home.ballast.exists(), "the ballast makes room for what was begun"
    filler.unlink()
    await writer.write(batch)
    await writer.close()
    ledger = sqlite3.connect(home.ledger)
    count = ledger.execute("SELECT count(*) FROM events WHERE kind = 'noise'").fetchone()[0]
    ledger.close()
    assert count == written + 100, "a transaction is there whole or not at all"


@pytest.mark.fault(12, "the disk is full when the job ends", "the shim waits for room and holds its lock")
def test_12_a_shim_waits_for_room_for_its_last_word(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    try:
        folder = RunFolder(disk / "run")
        script = f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; exit 3"
        stage = {"name": "train", "argv": ["/bin/sh", "-c", script], "cwd": str(tmp_path)}
        folder.create({"log_cap": 1 << 20, "stages": [{**stage, "env": dict(os.environ)}]})
        subprocess.run(command(str(folder.path)), check=True, timeout=180)
        filler = fill(disk)
        (tmp_path / "go").touch()
        wait_for("the shim to try", (folder.path / "exit.json.tmp").exists)
        assert folder.held(), "nobody may think that it is gone"
        assert not folder.fence()
        assert folder.exit() is None
        filler.unlink()
        found = wait_for("its last word", folder.exit)
        assert found["code"] == 3
        wait_for("its end", lambda: not folder.held())
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.fault(11, "room returns", "the ballast is made anew")
def test_11_the_ballast_is_there_again_when_there_is_room(small: Daemon) -> None:
    filler = fill(small.home.root)
    wait_for("the ballast to be given up", lambda: _given_up(small))
    filler.unlink()
    wait_for("the ballast", lambda: small.home.ballast.exists() and small.home.ballast.stat().st_size)


def _given_up(small: Daemon) -> bool:
    """Have something written while there is no room."""
    with contextlib.suppress(ArctlError, OSError), Client(small.home, timeout=1.0) as client:
        client.call("pause", target="cpu0")
        client.call("resume", target="cpu0")
    return not small.home.ballast.exists()
