"""A campaign whose metric is scored, as its author writes it: what is hidden, and where the number stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.errors import RefusedError
from tests.support.boxes import need
from tests.support.campaigns import git
from tests.support.daemon import Daemon

SPEC = """\
name = "toy"
[run]
setup = "python3 prepare.py"
command = "python3 train.py"
[metric]
name = "loss"
source = "json"
file = "result.json"
[score]
artifacts = ["model.txt"]
command = "python3 -I evaluate.py"
hidden = ["{hidden}"]
[files]
editable = ["train.py"]
protected = ["evaluate.py"]
[params.A]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[policy]
baseline_runs = 2
champion_runs = 1
[limits]
experiments = 1
{extra}"""

FILES = {
    "prepare.py": """\
import os, pathlib
pathlib.Path(os.environ["ARCTL_HIDDEN"], "truth").write_text(pathlib.Path("labels.txt").read_text())
""",
    "train.py": """\
import pathlib
A = 0.5
assert not pathlib.Path("labels.txt").exists(), "the labels are seen"
pathlib.Path("model.txt").write_text(str(A))
""",
    "evaluate.py": """\
import json, os, pathlib
truth = float(pathlib.Path(os.environ["ARCTL_HIDDEN"], "truth").read_text())
model = float(pathlib.Path(os.environ["ARCTL_ARTIFACTS"], "model.txt").read_text())
pathlib.Path(os.environ["ARCTL_SCORER"], "result.json").write_text(json.dumps({"loss": abs(model - truth)}))
""",
    "labels.txt": "0.7\n",
    # Of an earlier night, and committed.
    "result.json": '{"loss": 0.0}',
}


def _repo(folder: Path, hidden: str = "labels.txt", extra: str = "") -> Path:
    folder.mkdir()
    for name, text in {**FILES, "arctl.toml": SPEC.format(hidden=hidden, extra=extra)}.items():
        (folder / name).write_text(text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=baseline")
    return folder


def test_setup_reads_what_is_hidden_and_the_scorers_file_is_believed(daemon: Daemon, tmp_path: Path) -> None:
    need(3)
    daemon.campaign(_repo(tmp_path / "repo"))
    row = daemon.wait_finished()
    assert row["state"] == "finished", row["reason"]
    baseline = daemon.experiments()[0]
    assert baseline["mean"] == pytest.approx(0.2)


def test_a_glob_that_hides_nothing_is_refused(daemon: Daemon, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"score.hidden names lables\.txt"):
        daemon.campaign(_repo(tmp_path / "repo", hidden="lables.txt"))


def test_a_path_that_is_not_there_is_refused_at_the_start(daemon: Daemon, tmp_path: Path) -> None:
    extra = '[sandbox]\nread_only = ["~/no-such-folder"]\n'
    with pytest.raises(RefusedError, match=r"\[sandbox\] read_only names ~/no-such-folder"):
        daemon.campaign(_repo(tmp_path / "repo", extra=extra))
