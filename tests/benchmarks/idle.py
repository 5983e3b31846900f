"""What a daemon costs that has nothing to do: processor and memory, with 8 simulated GPUs.

`python -m tests.benchmarks.idle [--seconds S]`. Beside it the same daemon while 8 jobs sleep on its cards.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.support import table
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for


def cost(daemon: Daemon, seconds: float) -> list[str]:
    """Return the share of a core, the memory (MiB, of what is shared a share) and the number of processes."""
    assert daemon.process is not None
    root = psutil.Process(daemon.process.pid)
    family = [root, *root.children(recursive=True)]
    before = sum(sum(process.cpu_times()[:2]) for process in family)
    time.sleep(seconds)
    after = sum(sum(process.cpu_times()[:2]) for process in family)
    memory = sum(process.memory_full_info().pss for process in family) / 2**20
    return [f"{100 * (after - before) / seconds:.2f}", f"{memory:.0f}", str(len(family))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder) / "home", "sim:8")
        daemon.start()
        try:
            time.sleep(2.0)
            rows.append(["at rest", *cost(daemon, given.seconds)])
            repo = make_repo(Path(folder) / "repo", command="sh job.sh", files={"job.sh": "sleep 3600"})
            spec = (repo / "arctl.toml").read_text().replace("60s", "2h")
            (repo / "arctl.toml").write_text(f"{spec}\n[policy]\nbaseline_runs = 8\n")
            daemon.campaign(repo, sandbox="best", allow_unsandboxed=True, allow_dirty=True)
            wait_for("8 jobs", lambda: daemon.status()["running"] == 8)
            rows.append(["8 jobs that sleep", *cost(daemon, given.seconds)])
        finally:
            daemon.stop()
    table(f"The daemon over {given.seconds:g} s, load {os.getloadavg()[0]:.1f}",
          ["state", "% of a core", "MiB", "processes"], rows)  # fmt: skip


if __name__ == "__main__":
    main()
