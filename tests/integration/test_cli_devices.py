"""What `gpus` says of devices that are held, frozen, quarantined or used by others, from a real campaign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arctl.client import Client
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for
from tests.support.patient import HALFWAY, refused


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[Arctl]:
    """Four simulated cards: two in order, one used by others, one quarantined."""
    running = Arctl(tmp_path / "home", devices="sim:4,foreign=2,quarantined=3", daemon_runs=True)
    running.env["COLUMNS"] = "200"
    yield running
    running.close()


def begin(cards: Arctl, tmp_path: Path, freezable: str = "freezable = true\n") -> None:
    """Start a campaign whose runs wait in the middle, and wait until both cards in order are at work."""
    repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=1)
    spec = (repo / "arctl.toml").read_text().replace("\n[metric]", f"{freezable}\n[metric]", 1)
    (repo / "arctl.toml").write_text(spec)
    cards.ok("start", repo)
    wait_for("two cards at work", lambda: sum(bool(row["started"]) for row in cards.ask("gpus")) == 2)


def resting(cards: Arctl) -> dict[str, Any] | None:
    """Return the first card, once nothing of its power is used."""
    row: dict[str, Any] = cards.ask("gpus")[0]
    return row if row["sample"]["util"] == 0 else None


def test_gpus_tells_what_is_out_of_the_ordinary(cards: Arctl, tmp_path: Path) -> None:
    begin(cards, tmp_path)
    wait_for("a load", lambda: cards.ask("gpus")[0]["sample"]["util"] > 80)
    first, second, third, last = cards.ask("gpus")
    assert (first["experiment"], first["title"], first["team"]) == ("e1", "baseline", None)
    assert isinstance(first["seed"], int)
    assert all(row["held"] is row["frozen"] is None for row in (first, second, third, last))
    assert [row["foreign"]["processes"] for row in (first, second, third, last)] == [0, 0, 1, 0]
    assert third["foreign"]["memory_mb"] == 30720
    assert third["taken"]
    assert last["quarantined"] != ""
    assert not third["run"]
    assert not last["run"]

    frozen = cards.json("pause", "sim0", "--freeze", "--reason", "the card is too hot")
    assert f"device sim0 paused: the card is too hot; frozen: {first['run']}" in frozen["text"]
    cards.ok("pause", "sim1", "--reason", "mine for an hour")
    row = wait_for("the card to rest", lambda: resting(cards))
    assert row["held"]["reason"] == "the card is too hot"
    assert row["held"]["since"] <= row["frozen"]
    assert row["sample"]["memory_used_mb"] > 30_000, "what is frozen keeps its memory"
    assert "history" not in row
    told = cards.ask("gpus", history=True)[0]["history"]
    assert all(len(reading) == 3 for reading in told)
    assert [reading[0] for reading in told] == sorted(reading[0] for reading in told)
    assert told[-1][1] == 0
    with Client(cards.home) as client:
        client.call("subscribe", topics=["devices"])
        sent = next(client.notifications())["params"]["devices"]
    assert sent[0].keys() == row.keys()
    assert sent[0]["frozen"] == row["frozen"]

    lines = cards.ok("gpus").splitlines()[1:]
    assert "frozen " in lines[0]
    assert ", holds 3" in lines[0]
    assert "paused by " in lines[0]
    assert lines[1].endswith(": mine for an hour")
    assert "taken by " in lines[2]
    assert lines[2].endswith("(1, 30.0 GiB)")
    assert "quarantined: it fell off the bus (simulated)" in lines[3]
    told = cards.ok("status")
    assert "held      sim1 by " in told
    assert (
        "failed    sim3: it fell off the bus (simulated); when it is well: `arctl gpus release sim3`" in told
    )
    assert "taken     sim2 by " in told

    cards.ok("undo", frozen["deed"])
    row = wait_for("work again", lambda: (found := cards.ask("gpus")[0])["sample"]["util"] > 0 and found)
    assert (row["run"], row["frozen"], row["held"]) == (first["run"], None, None)
    assert row["frozen_seconds"] > 0


def test_a_campaign_that_may_not_be_frozen_says_what_to_write(cards: Arctl, tmp_path: Path) -> None:
    begin(cards, tmp_path, freezable="")
    refused(cards("pause", "--freeze"), 5, "wall clock", "freezable = true")
    refused(cards("pause", "--freeze", "--drain"), 2, "exclude each other", "stand still")
    spec = tmp_path / "repo" / "arctl.toml"
    spec.write_text(spec.read_text().replace("\n[metric]", "freezable = true\n\n[metric]", 1))
    wait_for("the edit to count", lambda: cards("pause", "--freeze").returncode == 0)
    assert all(row["frozen"] for row in cards.ask("gpus")[:2])
    run = cards.ask("gpus")[0]["run"]
    cards.ok("kill", run, "--force")
    wait_for("its end", lambda: cards.ask("gpus")[0]["run"] != run)
