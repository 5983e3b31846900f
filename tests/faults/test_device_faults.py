"""A real daemon and real runs on simulated cards: denied, taken, failing, held after a run; and released."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arctl.errors import NotRunningError
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for
from tests.support.patient import HALFWAY, refused


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[Arctl]:
    """Two simulated cards in order."""
    running = Arctl(tmp_path / "home", devices="sim:2", daemon_runs=True)
    running.env["COLUMNS"] = "200"
    yield running
    running.close()


def provoke(cards: Arctl, **faults: Any) -> None:
    """Write what is wrong with the cards, whole or not at all."""
    part = cards.home.root / "sim.json.part"
    part.write_text(json.dumps({name.removeprefix("card"): said for name, said in faults.items()}))
    part.replace(cards.home.root / "sim.json")


def card(cards: Arctl, index: int) -> dict[str, Any]:
    """Return one card as clients see it."""
    row: dict[str, Any] = cards.ask("gpus")[index]
    return row


def full(cards: Arctl) -> list[dict[str, Any]]:
    """Return the cards once each has two runs under way."""
    found: list[dict[str, Any]] = cards.ask("gpus")
    return found if all(len(row["runs"]) == 2 and row["started"] for row in found) else []


def result(cards: Arctl, run: str) -> dict[str, Any]:
    """Return what the ledger keeps of a run's first attempt; empty as long as there is nothing."""
    with contextlib.closing(sqlite3.connect(f"file:{cards.home.ledger}?mode=ro", uri=True)) as ledger:
        row = ledger.execute("SELECT record FROM results WHERE run = ? AND attempt = 1", (run,)).fetchone()
    return dict(json.loads(row[0])) if row else {}


def restart(cards: Arctl, repo: Path) -> None:
    """End the daemon, its runs go on, and start it again."""
    os.kill(cards.ask("status")["pid"], signal.SIGTERM)

    def gone() -> bool:
        try:
            cards.ask("status")
        except NotRunningError:
            return True
        return False

    wait_for("its end", gone)
    cards.ok("start", repo)
    wait_for("the cards", lambda: len(cards.ask("gpus")) == 2)


def begin(cards: Arctl, tmp_path: Path, run: str = "") -> None:
    repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=1)
    spec = (repo / "arctl.toml").read_text().replace("\n[metric]", f"{run}\n\n[metric]", 1)
    # The runs wait for as long as a test needs them to.
    (repo / "arctl.toml").write_text(spec.replace('timeout = "60s"', 'timeout = "1h"'))
    cards.ok("start", repo)


@pytest.mark.fault(23, "a card does not answer any more", "quarantined, its run goes elsewhere, no verdict")
def test_23_denied_taken_and_failing_cards_get_no_run_until_they_may(cards: Arctl, tmp_path: Path) -> None:
    begin(cards, tmp_path)
    wait_for("both cards at work", lambda: all(row["started"] for row in cards.ask("gpus")))

    # Denied: what runs there is ended by hand, and nothing comes after it.
    denied = cards.json("gpus", "deny", "gpu1", "--reason", "Ada needs it")
    assert "device sim1 paused: Ada needs it" in denied["text"]
    refused(cards("gpus", "deny", "toy"), 2, "no device 'toy'", "sim0, sim1")
    cards.ok("kill", card(cards, 1)["run"], "--force")
    wait_for("an idle card", lambda: not card(cards, 1)["run"])
    assert "Ada needs it" in cards.ok("gpus").splitlines()[2]

    # Taken by others as well: allowed again it stays empty until they have gone.
    provoke(cards, card1={"foreign_mb": 30_000})
    row = wait_for("the stranger", lambda: (found := card(cards, 1))["taken"] and found)
    assert "(1, 29.3 GiB)" in row["taken"]
    assert row["foreign"]["who"][0]["pid"] == 1
    cards.ok("gpus", "allow", "gpu1")
    assert not card(cards, 1)["held"]
    assert not card(cards, 1)["run"]
    assert "taken by " in cards.ok("gpus").splitlines()[2]
    provoke(cards)
    wait_for("its next run", lambda: card(cards, 1)["started"])

    # Lost under a run: it is queued again, and nobody's idea is charged.
    run = card(cards, 1)["run"]
    provoke(cards, card1={"lost": True})
    wait_for("the quarantine", lambda: card(cards, 1)["quarantined"])
    wait_for("the run to leave", lambda: not card(cards, 1)["run"])
    shown = cards.ok("gpus").splitlines()[2]
    assert "quarantined: it does not answer: GPU is lost (simulated)" in shown
    assert "arctl gpus release sim1" in shown
    texts = [row["text"] for row in cards.ask("events", limit=200)]
    assert any(f"{run} is queued again, attempt 2: its device sim1 failed" in text for text in texts)
    assert not any("crashed" in text for text in texts)

    # It survives a restart; released while it is still lost it is put back, and repaired it is used again.
    restart(cards, tmp_path / "repo")
    assert card(cards, 1)["quarantine"]["kind"] == "lost"
    cards.ok("gpus", "release", "gpu1")
    wait_for("the quarantine anew", lambda: card(cards, 1)["quarantined"])
    begun = [row for row in cards.ask("events", limit=200) if row["kind"] == "run.started"]
    assert len(begun) == 3, "no run was tried on it for that"
    provoke(cards)
    cards.ok("gpus", "release", "gpu1", "--reason", "reset it")
    wait_for("work again", lambda: card(cards, 1)["started"])
    host = cards.json("gpus")["host"]
    assert host["cores"] >= 1
    assert host["memory_total_mb"] > host["memory_used_mb"] > 0


@pytest.mark.fault(24, "4000 MiB of a card stay held after a run", "quarantined, with how much")
def test_24_memory_that_stays_after_a_run_puts_its_card_in_quarantine(cards: Arctl, tmp_path: Path) -> None:
    begin(cards, tmp_path)
    wait_for("both cards at work", lambda: all(row["started"] for row in cards.ask("gpus")))
    wait_for("a load", lambda: card(cards, 0)["sample"]["util"] > 0)
    provoke(cards, card0={"held_mb": 4000})
    run = card(cards, 0)["run"]
    cards.ok("kill", run, "--force")
    row = wait_for("the quarantine", lambda: (found := card(cards, 0))["quarantine"] and found)
    assert row["quarantine"]["kind"] == "left"
    assert row["quarantine"]["run"] == run
    assert f"4000 MiB are still held after {run}" in row["quarantined"]
    assert not row["run"]


@pytest.mark.fault(23, "an Xid on a card that two runs share", "quarantined, told, readings kept")
def test_23_an_xid_under_a_run_is_told_and_what_the_run_saw_is_kept(cards: Arctl, tmp_path: Path) -> None:
    begin(cards, tmp_path, "per_gpu = 2")
    rows = wait_for("two runs on each card", lambda: full(cards))
    assert len({run for row in rows for run in row["runs"]}) == 4
    assert "devices   2 of 2 busy" in cards.ok("status")
    provoke(cards, card0={"temperature": 91, "clock": 900})
    wait_for("the heat", lambda: card(cards, 0)["sample"]["throttle"])
    assert "throttled: hardware thermal" in cards.ok("gpus").splitlines()[1]
    run = card(cards, 0)["run"]
    provoke(cards, card0={"temperature": 91, "clock": 900, "xid": 79})
    wait_for("the quarantine", lambda: "Xid 79" in card(cards, 0)["quarantined"])
    record = wait_for("its first attempt's result", lambda: result(cards, run))
    seen = record["device"]
    assert seen["clock_mhz_max"] >= 900
    assert (seen["temperature_c_max"], seen["throttled"]) == (91.0, True)
    assert seen["shared_seconds"] > 0
    assert seen["foreign_seconds"] == 0
    assert seen["samples"] >= 1
    assert seen["load_mean"] is not None
    assert record["gpu_memory_mb"] > 0
