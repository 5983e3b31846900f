"""`run.prepare`: the environment of a run is made in its work tree while others train."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from arctl.daemon.jobs.folder import MARK
from tests.faults.test_daemon_faults import carriers
from tests.support.campaigns import SCRIPT, make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go

#: A run that needs what was prepared, and says what it found.
NEEDY = SCRIPT.replace("rng =", 'print("found", open("made.txt").read().strip())\nrng =')


def prepared(folder: Path, command: str, script: str = NEEDY, **more: Any) -> Path:
    """Make a repository whose runs have an environment to be made."""
    repo = make_repo(folder, script=script, experiments=1, **more)
    spec = (repo / "arctl.toml").read_text().replace("[run]\n", f"[run]\nprepare = '''{command}'''\n", 1)
    (repo / "arctl.toml").write_text(spec)
    return repo


def test_it_is_made_before_the_run_has_its_slot(daemon: Daemon, tmp_path: Path) -> None:
    repo = prepared(tmp_path / "repo", "echo preparing; echo $ARCTL_RUN > made.txt")
    daemon.campaign(repo)
    assert daemon.wait_finished()["state"] == "finished"
    for row in daemon.experiments():
        for run in daemon.call("show", id=row["id"])["runs"]:
            folder = daemon.home.run_folder(run["id"], run["attempt"])
            assert (folder / "prepare.log").read_text() == "preparing\n"
            assert f"found {run['id']}" in (folder / "out.log").read_text()
            assert [stage["stage"] for stage in _stages(folder)] == ["train"]
    assert not list(daemon.home.aheads.iterdir())


def _stages(folder: Path) -> Any:
    return json.loads((folder / "exit.json").read_text())["stages"]


def test_one_that_fails_is_tried_in_the_slot_and_its_end_counts(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(prepared(tmp_path / "repo", "echo no such package; exit 3"))
    status = daemon.wait_finished()
    assert status["state"] == "held"
    assert "the preparation of its environment: exit status 3" in status["reason"]
    failed = re.search(r"run (r\d+) of e1", status["reason"])
    assert failed is not None
    assert "no such package" in daemon.call("logs", id=failed[1], offset=0)["text"]


def test_a_daemon_killed_while_it_is_made_leaves_nothing_of_it(daemon: Daemon, tmp_path: Path) -> None:
    waits = 'while [ ! -e "$ARCTL_DATA/go" ]; do sleep 0.05; done; echo x > made.txt'
    daemon.campaign(prepared(tmp_path / "repo", waits))
    # Whichever: two are made at once, and the work trees are there in any order.
    mark = f"{MARK}={daemon.home.aheads}/".encode()
    wait_for("the environment to be begun", lambda: carriers(mark))
    daemon.kill()
    assert carriers(mark), "it goes on by itself"
    daemon.start()
    wait_for("another to be begun", lambda: carriers(mark))
    go(daemon)
    assert daemon.wait_finished()["state"] == "finished"
    assert not carriers(mark)


def test_a_run_that_is_not_wanted_takes_its_environment_along(daemon: Daemon, tmp_path: Path) -> None:
    waits = 'while [ ! -e "$ARCTL_DATA/go" ]; do sleep 0.05; done; echo x > made.txt'
    daemon.campaign(prepared(tmp_path / "repo", waits, script=HALFWAY))

    def mark(folder: Path) -> bytes:
        return f"{MARK}={folder}".encode()

    def begun() -> Path | None:
        return next((path for path in daemon.home.aheads.glob("*") if carriers(mark(path))), None)

    folder = wait_for("the environment to be begun", begun)
    run = folder.name.partition("-")[0]
    daemon.call("kill", target=run)
    wait_for("its end", lambda: not carriers(mark(folder)))
    wait_for("the end of its work tree", lambda: not daemon.home.tree(run).exists())
    wait_for("the end of the environment's folder", lambda: not folder.exists())
