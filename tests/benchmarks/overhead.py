"""How long a free slot waits for the next job to run, and how fast the command line answers.

`python -m tests.benchmarks.overhead [--runs N]`. The job is a shell command that notes the time and
prints a metric, so that the time between the end of one job and the begin of the next on the same slot
is what arctl itself takes: noticing the end, judging, writing, launching; without a sandbox (level 1) and
with it. It sleeps for a moment, so that on one slot the next run is there before this one ends; where several
slots end at once, the second of them waits until another experiment was committed and laid out. Beside it,
in the same run, the same command started by a bare loop of the shell.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from arctl.daemon.sandbox import levels
from arctl.experiments.confinement import Level
from tests.benchmarks.support import spread, table
from tests.support.campaigns import add_card, make_repo
from tests.support.daemon import Daemon, wait_for

JOB = "date +begin=%s.%N; sleep 0.4; echo ---; echo val_loss: 1.0; date +end=%s.%N"
LINE = re.compile(rb"(begin|end)=([0-9.]+)")


def slots(runs: int) -> list[list[str]]:
    """Measure the gap between jobs on a slot, for one slot and for as many as there are cores."""
    rows = []
    levels_here: list[Level] = [1] if levels.best() == 1 else [1, levels.best()]
    for devices, level in itertools.product(("cpu:1", f"cpu:{os.cpu_count()}", "sim:8"), levels_here):
        with tempfile.TemporaryDirectory() as folder:
            gaps, latencies = gaps_of(Path(folder), devices, runs, level)
        for name, values in (("end of a job to begin of the next", gaps), ("launch to job", latencies)):
            figures = [f"{value * 1000:.0f}" for value in spread(values)]
            rows.append([devices, str(level), name, str(len(values)), *figures])
    rows.append(["-", "-", "the same command in a shell loop", str(runs), *bare(runs)])
    return rows


def gaps_of(folder: Path, devices: str, runs: int, level: Level) -> tuple[list[float], list[float]]:
    """Run jobs on the devices; return the gaps on each slot, and the times from launch to the job."""
    deck = '\n[brain]\nkind = "deck"\ndeck = "deck"\n'
    files = {"job.sh": JOB}
    repo = make_repo(folder / "repo", command="sh job.sh", experiments=runs, extra=deck, files=files)
    for number in range(runs):
        # Written ideas that change nothing in the result: each is run once and rejected.
        edit = {"train.py": ("WIDTH = 32", f"WIDTH = {100 + number}")}
        add_card(repo, f"{number:04}", edit, title=f"idea {number}", axis=f"idea.{number}")
    daemon = Daemon(folder / "home", devices)
    daemon.start()
    try:
        daemon.campaign(repo, sandbox=str(level), allow_unsandboxed=True)
        daemon.wait_finished()
        spans: dict[str, list[tuple[float, float]]] = {}
        latencies = []
        for row in daemon.experiments():
            for run in daemon.call("show", id=row["id"])["runs"]:
                log = (daemon.home.run_folder(run["id"], run["attempt"]) / "out.log").read_bytes()
                times = {name: float(value) for name, value in LINE.findall(log)}
                spans.setdefault(run["device"], []).append((times[b"begin"], times[b"end"]))
                spec = daemon.home.run_folder(run["id"], run["attempt"]) / "spec.json"
                latencies.append(times[b"begin"] - spec.stat().st_mtime)
    finally:
        daemon.stop()
    gaps = []
    for jobs in spans.values():
        jobs.sort()
        gaps += [after[0] - before[1] for before, after in itertools.pairwise(jobs)]
    return gaps, latencies


def bare(runs: int) -> list[str]:
    """Start the same command from a plain loop."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(["/bin/sh", "-c", JOB], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - begun)
    return [f"{value * 1000:.0f}" for value in spread(times)]


def kills() -> list[str]:
    """Measure from the request to kill a run until the job, which ignores SIGTERM, is gone."""
    job = "trap '' TERM; echo $$; while :; do sleep 0.05; done"
    times = []
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder) / "home", "cpu:1")
        daemon.start()
        try:
            daemon.campaign(make_repo(Path(folder) / "repo", command="sh job.sh", files={"job.sh": job}))
            # The five runs of the baseline, one after the other; each that is killed is replaced at the end.
            for run in ("r1", "r2", "r3", "r4", "r5"):
                wait_for("a job", lambda run=run: daemon.call("logs", id=run, offset=0)["text"])
                # Its shim ends when all of it has ended.
                shim = json.loads((daemon.home.run_folder(run, 1) / "shim.json").read_text())["pid"]
                # One that nobody has taken leave of yet has no program any more.
                process = Path(f"/proc/{shim}/exe")
                begun = time.perf_counter()
                daemon.call("kill", target=run)
                wait_for("its end", lambda process=process: not process.exists())
                times.append(time.perf_counter() - begun)
        finally:
            daemon.stop()
    return ["kill of a job that ignores SIGTERM", *(f"{value * 1000:.0f}" for value in spread(times))]


def commands(repeats: int) -> list[list[str]]:
    """Measure the command line: what needs no daemon, and what asks one; beside a bare interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder) / "home", "sim:8")
        daemon.start()
        env = {**os.environ, "ARCTL_HOME": str(daemon.home.root)}
        arctl = [sys.executable, "-m", "arctl"]
        asked = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "arctl --help": [*arctl, "--help"],
            "arctl status": [*arctl, "status"],
            "arctl gpus": [*arctl, "gpus"],
        }
        rows = []
        try:
            for name, command in asked.items():
                times = []
                for _ in range(repeats):
                    begun = time.perf_counter()
                    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
                    times.append(time.perf_counter() - begun)
                rows.append([name, *(f"{value * 1000:.0f}" for value in spread(times))])
        finally:
            daemon.stop()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60, help="experiments for each set of devices")
    parser.add_argument("--repeats", type=int, default=15, help="calls of each command")
    chosen = parser.parse_args()
    header = ["devices", "level", "what", "n", "median ms", "p95 ms", "max ms"]
    table("From a free slot to a running command", header, slots(chosen.runs))
    table(
        "The command line", ["command", "median ms", "p95 ms", "max ms"], [*commands(chosen.repeats), kills()]
    )


if __name__ == "__main__":
    main()
