"""The daemon is killed at each point of each way that something takes through it, and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from arctl.errors import ArctlError
from tests.faults import crashing
from tests.faults.storm import left, twice_or_missing
from tests.faults.test_daemon_faults import results, running, shim_of
from tests.support.campaigns import add_card, git, make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go

ROOT = Path(__file__).parents[2]
#: How many improvements there are to be found; each is one line of its own, far from the others.
GAINS = 4
SCRIPT = """\
import os, random
{lines}
LR = 0.01
WIDTH = 32
rng = random.Random(int(os.environ["SEED"]))
print("step 1 | loss: 1.0", flush=True)
print("---")
print(f"val_loss: {{20 - ({sum}) + rng.gauss(0, 0.001):.6f}}")
"""
POLICY = """
[brain]
kind = "deck"
deck = "deck"
[policy]
mode = "greedy"
baseline_runs = 1
champion_runs = 1
"""


class Doomed(Daemon):
    """A daemon that is started again and again, and dies each time where it is told to."""

    def dies_at(self, point: str) -> None:
        """Start it, and wait until it has killed itself there."""
        self.begin(point)
        self.died()

    def begin(self, point: str) -> None:
        """Start it without waiting for anything."""
        told = {"ARCTL_HOME": str(self.home.root), "ARCTL_DEVICES": self.devices, crashing.VARIABLE: point}
        words = [sys.executable, "-m", "tests.faults.crashing"]
        self.process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **told}, stdin=subprocess.DEVNULL)

    def over(self) -> int | None:
        """Return its exit status, None while it lives."""
        return self.process.poll() if self.process is not None else None

    def died(self) -> None:
        """Wait until it has killed itself."""
        assert wait_for("its death", self.over) == -signal.SIGKILL


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Doomed]:
    daemon = Doomed(tmp_path / "home")
    yield daemon
    if daemon.process is not None and daemon.process.poll() is None:
        daemon.stop()


def gains(folder: Path) -> Path:
    """Make a campaign whose deck improves on it so many times."""
    names = [f"GAIN_{number}" for number in range(GAINS)]
    lines = "".join(f"{name} = 0.0\n" + "# far from the next one\n" * 8 for name in names)
    repo = make_repo(
        folder,
        script=SCRIPT.format(lines=lines, sum=" + ".join(names)),
        extra=POLICY,
        experiments=GAINS,
        files={"deck/.keep": ""},
    )
    for number, name in enumerate(names):
        add_card(repo, f"{number:02}", {"train.py": (f"{name} = 0.0", f"{name} = 1.0")}, title=name)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=deck")
    return repo


def begun(daemon: Doomed, repo: Path) -> None:
    """Start the campaign with a daemon that lives, and let that one go at once."""
    daemon.start()
    daemon.campaign(repo)
    daemon.kill()


def whole(daemon: Doomed, repo: Path) -> None:
    """Let a campaign come to its end, and see that nothing is missing, there twice, or left behind."""
    daemon.start()
    found = daemon.wait_finished()
    assert found["state"] == "finished", found["reason"]
    rows: list[dict[str, Any]] = daemon.experiments()
    assert len([row for row in rows if row["verdict"] == "accepted"]) == GAINS
    daemon.stop()
    assert [*twice_or_missing(daemon), *left(daemon)] == []
    # One commit for each promotion, on the user's branch as in the daemon's clone.
    said = git(repo, "log", "--format=%s", "arctl/toy").splitlines()
    assert len(said) == GAINS + 2
    assert len(set(said)) == len(said)


def along(points: Sequence[str], way: str, expected: str) -> Any:
    """Return the case of being killed at each point of one way."""
    return pytest.param(
        points, id=way, marks=pytest.mark.fault(1, f"SIGKILL at each point of {way}", expected)
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "points",
    [
        along(crashing.LAUNCHING, "a launch", "one result each"),
        along(crashing.ENDING, "a run's end", "one result each"),
        along(crashing.COMMITTING, "a commit", "one commit each, one result each"),
        along(crashing.PROMOTING, "a promotion", "one commit on the branch for each"),
    ],
)
def test_1_killed_at_each_point_of_a_way(doomed: Doomed, tmp_path: Path, points: Sequence[str]) -> None:
    begun(doomed, repo := gains(tmp_path / "repo"))
    for point in points:
        doomed.dies_at(point)
    whole(doomed, repo)


@pytest.mark.fault(1, "SIGKILL while a campaign begins", "asked again it begins once")
def test_1_killed_while_a_campaign_begins(doomed: Doomed, tmp_path: Path) -> None:
    repo = gains(tmp_path / "repo")
    for point in crashing.BEGINNING:
        doomed.begin(point)
        # Asked until it is up; it dies before it could answer.
        wait_for("its death", lambda: asked(doomed, repo) or doomed.over())
        doomed.died()
    doomed.start()
    doomed.campaign(repo)
    assert len(doomed.call("status")["campaigns"]) == 1
    doomed.kill()
    whole(doomed, repo)


@pytest.mark.long
@pytest.mark.fault(1, "SIGKILL while a run whose shim died is given up", "lost once, tried again once")
def test_1_killed_while_a_lost_run_is_fenced_and_queued_again(doomed: Doomed, tmp_path: Path) -> None:
    doomed.start()
    doomed.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    before = wait_for("two runs under way", lambda: len(running(doomed)) == 2 and running(doomed))
    shims = [shim_of(doomed, run) for run in before]
    doomed.kill()
    for pid in shims:
        os.kill(pid, signal.SIGKILL)
    for point in crashing.LOSING:
        doomed.dies_at(point)
    doomed.start()
    again = wait_for("the second attempts", lambda: [r for r in running(doomed) if r["attempt"] == 2])
    assert {run["id"] for run in again} <= {run["id"] for run in before}
    go(doomed)
    assert doomed.wait_finished()["state"] == "finished"
    doomed.stop()
    assert [*twice_or_missing(doomed), *left(doomed)] == []
    assert all((run["id"], 1) in results(doomed) for run in before)


@pytest.mark.long
@pytest.mark.fault(1, "SIGKILL while a run is stopped for a person", "stopped once the daemon is back")
@pytest.mark.parametrize("point", crashing.STOPPING)
def test_1_killed_while_a_run_is_stopped(doomed: Doomed, tmp_path: Path, point: str) -> None:
    doomed.start()
    doomed.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    run = wait_for("two runs under way", lambda: len(running(doomed)) == 2 and running(doomed))[0]
    doomed.kill()
    doomed.begin(point)
    wait_for("its death", lambda: said(doomed, run["id"]) or doomed.over())
    doomed.died()
    doomed.start()
    if point == "stop asked for, not written":
        # Whoever asked got no answer: nothing was written, and nothing is stopped.
        assert run["id"] in {row["id"] for row in running(doomed)}
        doomed.call("kill", target=run["id"])

    def row() -> dict[str, Any]:
        rows: list[dict[str, Any]] = doomed.call("show", id=run["id"])["runs"]
        return next(each for each in rows if each["id"] == run["id"])

    wait_for("its end", lambda: row()["outcome"])
    assert (row()["outcome"], row()["attempt"]) == ("cancelled", 1)
    go(doomed)
    wait_for("nothing under way", lambda: not doomed.status()["running"])
    doomed.stop()
    assert [*twice_or_missing(doomed), *left(doomed)] == []


def said(daemon: Daemon, run: str) -> None:
    with contextlib.suppress(ArctlError):
        daemon.call("kill", target=run)


def asked(daemon: Doomed, repo: Path) -> None:
    with contextlib.suppress(ArctlError):
        daemon.campaign(repo)
