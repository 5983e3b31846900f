"""Campaigns whose runs wait until a test lets them go on, and what a refusal looks like."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.campaigns import SCRIPT, make_repo
from tests.support.cli import Arctl
from tests.support.daemon import Daemon, wait_for

#: Prints a step, then goes on until a file called `go` lies in the campaign's data folder.
PATIENT = """\
import os, pathlib, time
print("step 1 | loss: 0.5", flush=True)
while not (pathlib.Path(os.environ["ARCTL_DATA"]) / "go").exists():
    time.sleep(0.05)
LR = 0.01
WIDTH = 32
print("---")
print("val_loss: 1.0")
"""

#: The same in the middle of twenty steps, with a metric that depends on the parameters.
HALFWAY = SCRIPT.replace(
    "for step in range(3):",
    """\
import pathlib, time
for step in range(20):
    while step == 10 and not (pathlib.Path(os.environ["ARCTL_DATA"]) / "go").exists():
        time.sleep(0.02)""",
)


def go(on: Arctl | Daemon) -> None:
    """Let all runs go on, those to come as well."""
    (on.home.campaign("toy") / "data" / "go").touch()


def running(arctl: Arctl) -> list[str]:
    rows = arctl.ask("experiments")["experiments"]
    return [run for row in rows for run in row["running"]]


def patient(arctl: Arctl, repo: Path) -> list[str]:
    """Start a campaign whose runs wait, and return those that are under way."""
    arctl.ok("start", make_repo(repo, script=PATIENT, experiments=1))
    wait_for("two runs under way", lambda: len(running(arctl)) == 2)
    return running(arctl)


def refused(done: subprocess.CompletedProcess[str], code: int, message: str, remedy: str) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert first.startswith("arctl: ")
    assert message in first
    assert remedy in "\n".join(rest)
    assert "Traceback" not in done.stderr
