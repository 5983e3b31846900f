"""How busy the slots are: arctl on 4 and 8 simulated GPUs, beside a loop that thinks and runs in turn.

`python -m tests.benchmarks.busy [--seconds S] [--experiments N]`. Each experiment sleeps for S seconds on its
slot (2 by default: 20 s experiments, scaled), and each proposal takes as long: the same brain behind both.
The loop has autoresearch's shape: propose, run, judge, propose. Two fractions are printed: of all the time
from the first experiment to the last, and of the time in which an experiment was there to be run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from tests.benchmarks.support import table
from tests.support.campaigns import git, make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.slow_brain import plug_in

JOB = """\
echo begin=$(date +%s.%N)
sleep {seconds}
echo ---
echo val_loss: 1.$X$SEED
echo end=$(date +%s.%N)
"""
LINE = re.compile(rb"(begin|end)=([0-9.]+)")
PARAMS = "".join(
    f'[params.P{n}]\nfile = "train.py"\ntype = "float"\nlow = 0.0\nhigh = 1.0\n' for n in range(12)
)
SPEC = """\
name = "busy"
[run]
command = "sh job.sh"
[metric]
name = "val_loss"
[seed]
env = "SEED"
[files]
editable = ["train.py"]
{params}
[policy]
mode = "greedy"
baseline_runs = 1
[brain]
kind = "slow"
[teams]
analysts = {analysts}
ahead = 4
off = ["critique", "dead_ends", "near"]
[limits]
experiments = {experiments}
"""

Span = tuple[float, float]


def overlap(span: Span, others: list[Span]) -> float:
    """Return for how many seconds of a span any of the others lasted."""
    total, reached = 0.0, span[0]
    for begin, end in sorted(others):
        begin, end = max(begin, reached), min(end, span[1])
        if end > begin:
            total += end - begin
            reached = end
    return total


def company(folder: Path, slots: int, seconds: float, experiments: int) -> tuple[float, float, int]:
    """Run a campaign; return the busy fraction, that while something waited, and the number of runs."""
    repo = make_repo(folder / "repo", script="".join(f"P{n} = 0.5\n" for n in range(12)))
    (repo / "job.sh").write_text(JOB.format(seconds=seconds))
    spec = SPEC.format(params=PARAMS, analysts=3, experiments=experiments)
    (repo / "arctl.toml").write_text(spec)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=busy")
    daemon = Daemon(folder / "home", f"sim:{slots}")
    daemon.start(**plug_in(folder / "brain", seconds))
    try:
        daemon.campaign(repo, sandbox="best", allow_unsandboxed=True)
        wait_for("the end", lambda: daemon.status("busy")["state"] == "finished", 3600)
    finally:
        daemon.stop()
    return figures(daemon, slots)


def figures(daemon: Daemon, slots: int) -> tuple[float, float, int]:
    """Read from the ledger and the logs what the slots did."""
    ledger = sqlite3.connect(daemon.home.ledger)
    ledger.row_factory = sqlite3.Row
    with contextlib.closing(ledger):
        runs = ledger.execute("SELECT * FROM runs WHERE purpose != 'baseline' AND outcome = 'ok'").fetchall()
        proposals = ledger.execute("SELECT * FROM proposals").fetchall()
        made = {row["proposal"]: row["created"] for row in ledger.execute("SELECT * FROM experiments")}
    busy: dict[str, list[Span]] = {}
    waiting: list[Span] = []
    for run in runs:
        log = (daemon.home.run_folder(run["id"], run["attempt"]) / "out.log").read_bytes()
        times = {name: float(value) for name, value in LINE.findall(log)}
        busy.setdefault(run["device"], []).append((times[b"begin"], times[b"end"]))
        waiting.append((run["created"], times[b"begin"]))
    waiting += [(row["created"], made[row["id"]]) for row in proposals if row["id"] in made]
    # From the moment when each slot had its first, to the moment when the first had its last.
    begin = max(min(spans)[0] for spans in busy.values())
    end = min(max(spans)[1] for spans in busy.values())
    worked = idle = 0.0
    for spans in busy.values():
        inside = [(max(a, begin), min(b, end)) for a, b in sorted(spans) if b > begin and a < end]
        worked += sum(b - a for a, b in inside)
        gaps = zip([begin, *(b for _, b in inside)], [*(a for a, _ in inside), end], strict=True)
        idle += sum(overlap(gap, waiting) for gap in gaps if gap[1] > gap[0])
    return worked / (slots * (end - begin)), worked / (worked + idle), len(runs)


def loop(seconds: float, experiments: int) -> float:
    """Think, run, think, run on one slot; return the busy fraction."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.sh"
        job.write_text(JOB.format(seconds=seconds))
        worked, begun = 0.0, time.perf_counter()
        for number in range(experiments):
            time.sleep(seconds)
            at = time.perf_counter()
            subprocess.run(
                ["/bin/sh", str(job)], stdout=subprocess.DEVNULL, check=True, env={"SEED": str(number)}
            )
            worked += time.perf_counter() - at
        return worked / (time.perf_counter() - begun)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of an experiment and of a thought")
    parser.add_argument("--experiments", type=int, default=120)
    given = parser.parse_args()
    rows = []
    for slots in (4, 8):
        with tempfile.TemporaryDirectory() as folder:
            whole, queued, runs = company(Path(folder), slots, given.seconds, given.experiments)
        rows.append([f"arctl, sim:{slots}", str(runs), f"{100 * whole:.1f}", f"{100 * queued:.2f}"])
    alone = loop(given.seconds, 10)
    rows.append(["a loop on one slot", "10", f"{100 * alone:.1f}", "-"])
    header = ["who", "runs", "busy %", "busy % while something waited"]
    table(f"Slots at work, {given.seconds:g} s a run and a thought", header, rows)
    print(json.dumps({"seconds": given.seconds, "rows": rows}))


if __name__ == "__main__":
    main()
