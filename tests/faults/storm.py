"""A storm: the daemon, its shims and the process that forks them are killed at random under a stream of jobs.

`make storm N=1000`, or `python -m tests.faults.storm [N] [--seed S] [--level L]`. It prints what was killed
and what came of the jobs, and ends with 1 where a result is missing or there twice, or anything is left.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from arctl.daemon.jobs.folder import MARK, RunFolder
from arctl.errors import ArctlError
from tests.benchmarks.support import table
from tests.support.campaigns import git, make_repo, write_card
from tests.support.daemon import Daemon, wait_for

#: What each job does: a little work, a step of a curve, a metric.
JOB = """\
import os, random, time
rng = random.Random(int(os.environ["SEED"]))
print("step 1 | loss: 1.0", flush=True)
time.sleep(rng.uniform(0, 0.3))
print("---")
print(f"val_loss: {1 + rng.gauss(0, 0.1):.6f}")
"""
#: Ideas for each job that is to end: some never do.
IDEAS = 1.5
#: An idea: a file with a number, that no other idea touches.
DIFF = """diff --git a/ideas/{name} b/ideas/{name}
new file mode 100644
--- /dev/null
+++ b/ideas/{name}
@@ -0,0 +1 @@
+{name}
"""

SPEC = """\
name = "storm"
[run]
command = "python3 train.py"
timeout = "60s"
[metric]
name = "val_loss"
[seed]
env = "SEED"
[files]
editable = ["ideas/*"]
[policy]
mode = "greedy"
baseline_runs = 1
champion_runs = 1
[limits]
experiments = {experiments}
[brain]
kind = "deck"
deck = "deck"
[teams]
analysts = 0
off = ["dead_ends", "near"]
"""

#: Seconds between two kills, at most; and how many there may be for each job that ends: some have to.
PACE = 0.2
KILLS = 2


@dataclass
class Report:
    """What was killed, and what is wrong; an empty list is what a storm must end with."""

    jobs: int = 0
    seconds: float = 0.0
    killed: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def storm(folder: Path, jobs: int, *, seed: int = 0, level: str = "3", devices: str = "sim:4") -> Report:
    """Have at least so many jobs run to their end under kills, then look at what is left."""
    chance = random.Random(seed)
    repo = make_repo(folder / "repo", script=JOB)
    (repo / "arctl.toml").write_text(SPEC.format(experiments=10 * jobs))
    for number in range(20 + int(IDEAS * jobs)):
        name = f"{number:05}"
        write_card(repo, name, DIFF.format(name=name), title=f"idea {number}", axis=f"idea.{number}")
    git(repo, "commit", "--quiet", "--all", "--message=storm")
    daemon = Daemon(folder / "home", devices)
    report, begun = Report(), time.monotonic()
    daemon.start()
    try:
        daemon.campaign(repo, sandbox=level, allow_unsandboxed=True)
        while (ended := _finished(daemon)) < jobs:
            time.sleep(chance.uniform(0.05, PACE))
            if report.killed.total() <= KILLS * (ended + 1):
                report.killed[_kill_something(daemon, chance)] += 1
        _calm(daemon)
    finally:
        daemon.stop()
    report.seconds = time.monotonic() - begun
    _count(daemon, report)
    report.wrong += [*twice_or_missing(daemon), *left(daemon)]
    return report


def _finished(daemon: Daemon) -> int:
    """Return how many jobs came to an end of their own, of a campaign that must go on."""
    ledger = sqlite3.connect(f"file:{daemon.home.ledger}?mode=ro", uri=True, timeout=30)
    with contextlib.closing(ledger):
        (state, reason) = ledger.execute("SELECT state, reason FROM campaigns").fetchone()
        assert state == "running", f"the campaign is {state}: {reason}"
        return int(ledger.execute("SELECT count(*) FROM results WHERE outcome != 'lost'").fetchone()[0])


def _kill_something(daemon: Daemon, chance: random.Random) -> str:
    """Kill the daemon and start it again, or one of the processes that it lives by; return which."""
    what = chance.choice(["daemon", "daemon", "shim", "shim", "zygote"])
    if what == "daemon":
        daemon.kill()
        daemon.start()
        return what
    found = _shims(daemon) if what == "shim" else children(daemon)
    if not found:
        return "nobody there"
    _send(chance.choice(found))
    return what


def _shims(daemon: Daemon) -> list[int]:
    """Return the shims that are alive; the number of one that is not may be anybody's by now."""
    folders = [RunFolder(path.parent) for path in daemon.home.runs.glob("*/*/shim.json")]
    return [pid for folder in folders if folder.exit() is None and (pid := folder.shim()) is not None]


def children(daemon: Daemon) -> list[int]:
    assert daemon.process is not None
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text()
        return [pid for pid in map(int, text.split()) if _of(pid, b"arctl.daemon.shim.zygote")]
    return []


def _of(pid: int, words: bytes) -> bool:
    with contextlib.suppress(OSError):
        return words in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _send(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _calm(daemon: Daemon) -> None:
    """Let what is under way come to its end, and nothing new begin."""

    def idle() -> bool:
        with contextlib.suppress(ArctlError):
            daemon.call("pause", target="storm")
            return not daemon.status("storm")["running"]
        return False

    wait_for("all runs to end", idle)
    # A tree is deleted behind the run that had it; those of runs that wait are theirs.
    daemon.stop()
    daemon.start()
    wait_for("no run under way", idle)
    repositories = daemon.home.root / "campaigns"
    wait_for("no commit in the making", lambda: not list(repositories.glob("*/repo.git/build-*")))


def _count(daemon: Daemon, report: Report) -> None:
    ledger = sqlite3.connect(daemon.home.ledger)
    with contextlib.closing(ledger):
        report.outcomes.update(dict(ledger.execute("SELECT outcome, count(*) FROM results GROUP BY 1")))
    report.jobs = sum(count for outcome, count in report.outcomes.items() if outcome != "lost")


def twice_or_missing(daemon: Daemon) -> list[str]:
    """Compare runs, results, experiments and what the shims wrote: each must tell the same."""
    ledger = sqlite3.connect(daemon.home.ledger)
    with contextlib.closing(ledger):
        results = ledger.execute("SELECT run, attempt, outcome, value FROM results").fetchall()
        runs = ledger.execute("SELECT id, attempt, outcome, value, state FROM runs").fetchall()
        kept = ledger.execute("SELECT \"values\", bank FROM experiments WHERE same_as = ''").fetchall()
    wrong = []
    times = Counter((run, attempt) for run, attempt, *_ in results)
    wrong += [
        f"the result of {run}/{attempt} is there {n} times" for (run, attempt), n in times.items() if n > 1
    ]
    final = {(run, attempt): (outcome, value) for run, attempt, outcome, value in results}
    for run, attempt, outcome, value, state in runs:
        if state != "ended":
            continue
        found = final.get((run, attempt))
        if found is None and outcome == "cancelled" and not daemon.home.run_folder(run, attempt).exists():
            # Nobody wanted it any more before it was launched.
            continue
        if found is None or (found[0] == "ok" and (outcome, value) != found):
            wrong.append(f"{run}/{attempt} ended {outcome} {value}, its result is {found}")
    counted = sum(len(json.loads(text)) for row in kept for text in row)
    good = sum(1 for _, _, outcome, value, _ in runs if outcome == "ok" and value is not None)
    if counted != good:
        wrong.append(f"{good} runs gave a value, {counted} values are counted by experiments")
    written = [path.parent for path in daemon.home.runs.glob("*/*/exit.json")]
    unknown = [path for path in written if (path.parent.name, int(path.name)) not in final]
    return wrong + [f"{path} holds an end that is no result" for path in unknown]


def left(daemon: Daemon) -> list[str]:
    """Find whatever a run or a daemon left: processes, work trees, locks."""
    wrong = []
    marks = [f"{MARK}={folder}/".encode() for folder in (daemon.home.runs, daemon.home.aheads)]
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if any(mark in path.read_bytes() for mark in marks):
                wrong.append(f"process {path.parent.name} is left")
    ledger = sqlite3.connect(daemon.home.ledger)
    with contextlib.closing(ledger):
        waiting = {run for (run,) in ledger.execute("SELECT id FROM runs WHERE state != 'ended'")}
    trees = [path.name for path in daemon.home.trees.iterdir()]
    wrong += [f"the work tree {name} is left" for name in trees if name not in waiting]
    locks = [*daemon.home.runs.glob("*/*/shim.lock"), *daemon.home.aheads.glob("*/shim.lock")]
    for lock in locks:
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                wrong.append(f"{lock} is held")
    for sort in ("**/*.lock", "build-*"):
        wrong += [f"{path} is left" for path in daemon.home.root.glob(f"campaigns/*/repo.git/{sort}")]
    return wrong


def main() -> int:
    """Print what a storm did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--level", choices=["1", "2", "3"], default="3")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = storm(Path(folder), given.jobs, seed=given.seed, level=given.level)
    rows = [["jobs ended", str(report.jobs)], ["seconds", f"{report.seconds:.0f}"]]
    rows += [[f"killed: {what}", str(many)] for what, many in sorted(report.killed.items())]
    rows += [[f"results: {what}", str(many)] for what, many in sorted(report.outcomes.items())]
    rows.append(["lost, twice, left", str(len(report.wrong))])
    table("A storm", ["what", "how many"], rows)
    print("".join(f"{line}\n" for line in report.wrong), end="")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
