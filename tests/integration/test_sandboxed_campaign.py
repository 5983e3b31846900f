"""A whole campaign at each level of the sandbox that this machine has."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from arctl.daemon.sandbox import Level
from tests.support.boxes import need
from tests.support.campaigns import SCRIPT, make_repo
from tests.support.daemon import Daemon


@pytest.mark.parametrize("level", [3, 2, 1])
def test_a_campaign_runs_at_every_level(daemon: Daemon, tmp_path: Path, level: Level) -> None:
    need(level)
    script = SCRIPT + (
        "import os, pathlib, tempfile\n"
        "pathlib.Path(os.environ['ARCTL_RUN_FOLDER'], 'kept').write_text('kept')\n"
        "tempfile.TemporaryFile().write(b'x')\n"
    )
    repo = make_repo(tmp_path / "repo", script=script, experiments=2)
    daemon.campaign(repo, sandbox=str(level), allow_unsandboxed=True)
    row = daemon.wait_finished()
    assert (row["state"], row["sandbox"]) == ("finished", level), row["reason"]
    verdicts = {found["verdict"] for found in daemon.experiments()}
    assert not verdicts & {"crashed", "no_metric", "invalid", "lost"}
    assert (daemon.home.run_folder("r1", 1) / "files" / "kept").read_text() == "kept"


@pytest.mark.parametrize("linked", [True, False])
def test_an_interpreter_that_is_not_on_the_path_is_found_in_the_sandbox(
    daemon: Daemon, tmp_path: Path, linked: bool
) -> None:
    need(3)
    python, extra = f"{sys.prefix}/bin/python", ""
    if linked:
        python, extra = ".venv/bin/python", 'link = [".venv"]\n'
    repo = make_repo(tmp_path / "repo", command=f'{python} train.py"\n{extra}#"', experiments=1)
    if linked:
        (repo / ".venv").symlink_to(sys.prefix)
    daemon.call("campaign.start", path=str(repo), env={"PATH": "/usr/bin:/bin"})
    row = daemon.wait_finished()
    assert row["state"] == "finished", row["reason"]


@pytest.mark.parametrize("level", [3, 2])
def test_what_setup_puts_into_its_home_is_in_the_home_of_every_run(
    daemon: Daemon, tmp_path: Path, level: Level
) -> None:
    need(level)
    prepare = """\
import os, pathlib
cache = pathlib.Path.home() / ".cache" / "autoresearch"
cache.mkdir(parents=True)
(cache / "tokens.bin").write_bytes(b"7" * 100_000)
(cache / "lock").touch()
(cache / "newest").symlink_to("tokens.bin")
"""
    script = (
        SCRIPT
        + """\
cache = os.path.expanduser("~/.cache/autoresearch")
assert len(open(cache + "/newest").read()) == 100_000
open(cache + "/lock", "w").write("mine")
open(cache + "/compiled", "w").write("mine")
try:
    open(cache + "/tokens.bin", "w")
except OSError:
    pass
else:
    raise AssertionError("what setup left is written over")
"""
    )
    repo = make_repo(
        tmp_path / "repo",
        script=script,
        command='python3 train.py"\nsetup = "python3 prepare.py',
        experiments=1,
        files={"prepare.py": prepare},
    )
    daemon.campaign(repo, sandbox=str(level))
    row = daemon.wait_finished()
    assert row["state"] == "finished", row["reason"]
    left = daemon.home.campaign("toy") / "home" / ".cache" / "autoresearch"
    assert sorted(path.name for path in left.iterdir()) == ["lock", "newest", "tokens.bin"]
