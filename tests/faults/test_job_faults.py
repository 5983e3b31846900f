"""What a job does to its machine and to itself: takes all memory, hangs, leaves children behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_daemon_faults import carriers, running, shim_of
from tests.faults.test_freezing import tree
from tests.support.boxes import need
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go

#: Bytes that the group of a greedy job may have.
LIMIT = 48 << 20
#: Where memory can be bounded: the first version of control groups, and the second.
GROUPS = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
    (Path("/sys/fs/cgroup"), "memory.max"),
)
#: Goes into the group, then takes more than there is in it.
GREEDY = """\
LR = 0.01
WIDTH = 32
import os
with open({tasks!r}, "w") as file:
    file.write(str(os.getpid()))
print("greedy", flush=True)
hoard = []
while True:
    hoard.append(bytearray(os.urandom(1 << 20)))
"""


def level(number: str) -> dict[str, Any]:
    if number == "3":
        need(3)
    return {"sandbox": number, "allow_unsandboxed": True}


def empty(group: Path) -> bool:
    return not (group / "cgroup.procs").read_text()


@pytest.fixture
def cramped() -> Iterator[Path]:
    """A control group with little memory; whoever is in it meets the same end as on a full machine."""
    for root, bound in GROUPS:
        group = root / f"arctl-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / bound).write_text(str(LIMIT))
        except OSError:
            group.rmdir()
            continue
        yield group
        wait_for("the group to be empty", partial(empty, group))
        group.rmdir()
        return
    pytest.skip("a group of little memory needs root and the memory controller of cgroups")


@pytest.mark.fault(20, "a job takes all memory of its control group", "crashed, with that reason")
def test_20_a_job_that_takes_all_memory_is_ended_and_labelled(
    cramped: Path, daemon: Daemon, tmp_path: Path
) -> None:
    script = GREEDY.format(tasks=str(cramped / "cgroup.procs"))
    daemon.campaign(make_repo(tmp_path / "repo", script=script, experiments=1), **level("1"))
    found = daemon.wait_finished()
    assert found["state"] == "held"
    assert "crashed: killed by SIGKILL when the machine ran out of memory" in found["reason"]
    run = next(row for row in daemon.call("show", id="e1")["runs"] if row["outcome"])
    assert (run["outcome"], run["evidence"]["reason"]) == ("crashed", "exited")
    assert daemon.call("status")["trouble"] == "", "the daemon itself has lost nothing"


@pytest.mark.fault(20, "the kernel looks for whom to end", "a job before its shim and the daemon")
@pytest.mark.parametrize("number", ["3", "1"])
def test_20_a_job_goes_before_its_shim_and_the_daemon(daemon: Daemon, tmp_path: Path, number: str) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1), **level(number))
    run = wait_for("a run under way", lambda: running(daemon))[0]
    shim = shim_of(daemon, run)
    assert daemon.process is not None

    def word(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    jobs = wait_for("its processes", lambda: tree(shim))
    assert min(map(word, jobs)) >= 500
    assert max(word(shim), word(daemon.process.pid)) < 500
    go(daemon)
    assert daemon.wait_finished()["state"] == "finished"


#: Says what it is told and stays; the second line is all that it says by itself.
DEAF = """\
LR = 0.01
WIDTH = 32
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("told to end", flush=True))
print("here", flush=True)
while True:
    time.sleep(1)
"""


@pytest.mark.fault(21, "a job says nothing and ignores SIGTERM", "SIGTERM, then SIGKILL; timed out")
@pytest.mark.parametrize("number", ["3", "1"])
def test_21_a_job_that_hangs_is_told_to_end_and_then_killed(
    daemon: Daemon, tmp_path: Path, number: str
) -> None:
    repo = make_repo(tmp_path / "repo", script=DEAF, experiments=1)
    spec = (repo / "arctl.toml").read_text().replace('timeout = "60s"', 'timeout = "1h"\nstall = "2s"')
    (repo / "arctl.toml").write_text(spec)
    daemon.campaign(repo, **level(number))
    found = daemon.wait_finished()
    assert found["state"] == "held"
    assert "timed out: no output for 2 s" in found["reason"].replace("_", " ")
    run = next(row for row in daemon.call("show", id="e1")["runs"] if row["outcome"])
    assert run["outcome"] == "timed_out"
    # It heard the first, and only the second ended it: five seconds are between them.
    assert daemon.call("logs", id=run["id"], offset=0)["text"].split("\n")[:2] == ["here", "told to end"]
    assert run["seconds"] >= 7
    assert not carriers(os.fsencode(daemon.home.run_folder(run["id"], 1)))
