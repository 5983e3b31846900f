"""What may happen to a model's server, and to a daemon in mid call: runs go on, and the books stay honest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.calling_brain import plug_in
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.messages_server import MessagesServer, Plan, calls, error, fault

BRAIN = """
[brain]
kind = "calling"
model = "dear"
base_url = "{url}"
max_tokens = 1000
reflect = false
[teams]
analysts = 0
off = ["near", "dead_ends"]
[budget]
{budget}
"""


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    """A model that proposes two learning rates with every call, each for the first time."""
    rates = (round(0.011 + 0.001 * number, 3) for number in itertools.count())
    with MessagesServer(lambda request: proposed(rates)) as running:
        yield running


def proposed(rates: Iterator[float]) -> Plan:
    return calls(("propose", {"LR": next(rates)}), ("propose", {"LR": next(rates)}))


@pytest.fixture
def home(tmp_path: Path, server: MessagesServer) -> Iterator[Callable[..., Daemon]]:
    """Start a daemon that knows the brain and its model's price, with a campaign of so many experiments."""
    env = plug_in(tmp_path / "plugged")
    made: list[Daemon] = []

    def start(experiments: int, budget: str = "usd = 50.0") -> Daemon:
        if made:
            made[0].start(**env)
            return made[0]
        folder = tmp_path / "home"
        folder.mkdir()
        (folder / "prices.toml").write_text("[models.dear]\ninput = 10.0\noutput = 500.0\n")
        daemon = Daemon(folder)
        made.append(daemon)
        daemon.start(**env)
        extra = BRAIN.format(url=server.url, budget=budget)
        daemon.campaign(make_repo(tmp_path / "toy", experiments=experiments, extra=extra))
        return daemon

    yield start
    for daemon in made:
        daemon.stop()


def total(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = daemon.call("costs", campaign="toy")["total"]
    return found


def faults(daemon: Daemon) -> int:
    return int(total(daemon)["faults"])


def events(daemon: Daemon, kind: str) -> list[dict[str, Any]]:
    return [event for event in daemon.call("events", campaign="toy", limit=1000) if event["kind"] == kind]


def busy(daemon: Daemon) -> list[str]:
    """Return the experiments that have no verdict yet."""
    return [row["id"] for row in daemon.experiments() if not row["verdict"]]


@pytest.mark.fault(36, "SIGKILL to the daemon in mid call", "the reservation stays spent")
def test_a_daemon_killed_in_mid_call_keeps_the_reservation_spent(
    home: Callable[..., Daemon], server: MessagesServer
) -> None:
    fine, server.script = server.script, lambda request: fault("stall")
    daemon = home(4)
    held = wait_for("a reservation", lambda: total(daemon)["reserved"])
    assert held > 0.5
    wait_for("its call under way", lambda: server.requests)
    daemon.kill()
    server.script = fine
    daemon = home(4)
    assert daemon.wait_finished()["state"] == "finished"
    found = total(daemon)
    assert found["unknown"] == pytest.approx(held)
    assert (found["open"], found["reserved"]) == (0, 0)
    # Every other call was settled once, and costs what it used.
    rates = {"input": 10, "cache_write": 20, "cache_read": 1, "output": 500}
    assert found["usd"] == pytest.approx(sum(found[key] * rate for key, rate in rates.items()) / 1e6)
    assert found["calls"] == len(server.requests)
    spent = daemon.call("costs", campaign="toy")["caps"][0]["spent"]
    assert spent == pytest.approx(found["usd"] + held)


@pytest.mark.parametrize("kind", ["refused", "overloaded"])
@pytest.mark.fault(35, "the model's server is away", "queued runs go on")
def test_an_outage_leaves_queued_runs_going_and_the_campaign_goes_on_after_it(
    home: Callable[..., Daemon], server: MessagesServer, kind: str
) -> None:
    daemon = home(6)
    wait_for("proposals", lambda: len(busy(daemon)) >= 2)
    with server.outage(kind):
        wait_for("a turn that fails", lambda: events(daemon, "turn.failed"))
        wait_for("the end of all that was queued", lambda: not busy(daemon))
        row = daemon.status()
        assert row["state"] == "running"
        assert 0 < row["experiments"] < 6
        before = total(daemon)["usd"] + total(daemon)["unknown"]
    assert daemon.wait_finished()["state"] == "finished"
    assert daemon.status()["experiments"] == 6
    assert before < 1  # nothing of the outage was billed


def test_a_key_that_is_refused_waits_for_a_person_who_resumes(
    home: Callable[..., Daemon], server: MessagesServer
) -> None:
    fine, server.script = server.script, lambda request: error(401)
    daemon = home(2)
    wait_for("a call that fails", lambda: faults(daemon))
    wait_for("the baseline", lambda: not busy(daemon))
    assert len(server.requests) == 1  # nobody knocks again with the same key
    assert total(daemon)["usd"] == 0
    server.script = fine
    daemon.call("resume", target="toy")
    assert daemon.wait_finished()["state"] == "finished"


def test_a_budget_that_is_used_up_waits_for_a_person(
    home: Callable[..., Daemon], server: MessagesServer, tmp_path: Path
) -> None:
    daemon = home(4, budget="usd = 0.56")
    refused = wait_for("a refused call", lambda: events(daemon, "call.refused"))
    assert "usd is 0.5600 USD" in refused[0]["text"]
    wait_for("the end of all that was queued", lambda: not busy(daemon))
    assert daemon.status()["state"] == "running"
    assert total(daemon)["usd"] <= 0.56
    made = len(server.requests)
    spec = tmp_path / "toy" / "arctl.toml"
    spec.write_text(spec.read_text().replace("usd = 0.56", "usd = 60.0"))
    wait_for("the edit", lambda: daemon.call("costs", campaign="toy")["caps"][0]["limit"] == 60)
    daemon.call("resume", target="toy")
    assert daemon.wait_finished()["state"] == "finished"
    assert len(server.requests) > made
