"""A scored example's commands, run one after the other as arctl runs them, without a daemon and a sandbox."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.warm_scripts import PATIENCE, WarmScripts

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Scored:
    """A copy of an example in `own`, and the folders that its commands share beside it."""

    own: Path
    passes: int = 1
    #: What runs the commands that import what takes long; an interpreter for each without it.
    warm: WarmScripts | None = None

    def run(self, *words: str, pass_number: int = 1, **env: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the example's folder; what it printed is decoded by hand, carriage returns kept."""
        root = self.own.parent
        places = {
            "ARCTL_DATA": root / "data",
            "ARCTL_HIDDEN": root / "hidden",
            "ARCTL_ARTIFACTS": self.own,
            "ARCTL_SCORER": root / "scorer",
            "ARCTL_INPUTS": root / "inputs",
            "ARCTL_PREDICTIONS": root / "predictions",
        }
        if words[0] == "predict.py":
            for name in ("ARCTL_INPUTS", "ARCTL_PREDICTIONS"):
                places[name] /= str(pass_number)
        told = {name: str(place) for name, place in places.items()}
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **told, **env}
        if self.warm is not None and words[0] in ("train.py", "predict.py"):
            done = self.warm.run(list(words), self.own, env)
        else:
            words = (sys.executable, *words)
            done = subprocess.run(
                words, cwd=self.own, env=env, capture_output=True, timeout=PATIENCE, check=False
            )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def ok(self, *words: str, pass_number: int = 1, **env: str) -> str:
        """Run what must succeed, and return what it printed."""
        done = self.run(*words, pass_number=pass_number, **env)
        assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    def judge(self, **env: str) -> subprocess.CompletedProcess[str]:
        """Hand out inputs, predict in every pass, and score."""
        self.ok("-I", "evaluate.py", "inputs")
        for number in range(1, self.passes + 1):
            self.ok("predict.py", pass_number=number, **env)
        return self.run("-I", "evaluate.py", "score")

    def metrics(self, **env: str) -> dict[str, float]:
        """Judge what must be acceptable, and return the scorer's final block."""
        done = self.judge(**env)
        assert done.returncode == 0, done.stderr
        return final_block(done.stdout)


def copied(example: str, root: Path, passes: int = 1, warm: WarmScripts | None = None) -> Scored:
    """Return an example's files in a folder that a test may change, with empty folders around it."""
    left = ("data", "hidden", "inputs", "predictions", "scorer", "model.*", "__pycache__")
    skip = shutil.ignore_patterns(*left)
    own = Path(shutil.copytree(EXAMPLES / example, root / example, ignore=skip))
    for kind in ("inputs", "predictions"):
        for number in range(1, passes + 1):
            (root / kind / str(number)).mkdir(parents=True, exist_ok=True)
    for kind in ("data", "hidden", "scorer"):
        (root / kind).mkdir(exist_ok=True)
    return Scored(own, passes, warm)


def texts(factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the `data` and `hidden` of tiny_gpt, made once for all processes that test."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tiny_gpt_texts"
    root.mkdir(exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "made").exists():
            shutil.rmtree(root / "tiny_gpt", ignore_errors=True)
            copied("tiny_gpt", root).ok("prepare.py")
            (root / "made").touch()
    return root


def with_texts(example: Scored, made: Path) -> Scored:
    """Give a copy of tiny_gpt texts of its own."""
    for name in ("data", "hidden"):
        shutil.copytree(made / name, example.own.parent / name, dirs_exist_ok=True)
    return example


def final_block(output: str) -> dict[str, float]:
    """Return the `name: value` lines after `---`."""
    block = output.rpartition("\n---\n")[2] if "\n---\n" in output else output.removeprefix("---\n")
    return {name: float(value) for name, value in re.findall(r"^(\w+):\s+(\S+)$", block, re.MULTILINE)}
