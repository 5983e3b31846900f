"""Small real campaigns: a git repository, a script that prints a metric, an arctl.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: Prints three steps and a block whose metric depends on LR, WIDTH and the seed.
SCRIPT = """\
import os
import random

LR = 0.01

# far enough apart that edits of both merge


WIDTH = 32

seed = int(os.environ.get("SEED", "0"))
rng = random.Random(seed)
for step in range(3):
    print(f"step {step} | loss: {1 / (step + 1):.4f}", flush=True)
print("---")
print(f"val_loss: {1 + 100 * (LR - 0.05) ** 2 + 4 / WIDTH + rng.gauss(0, 0.01):.6f}")
"""

SPEC = """\
name = "{name}"

[run]
command = "{command}"
timeout = "60s"

[metric]
name = "val_loss"

[seed]
env = "SEED"

[files]
editable = ["train.py"]
protected = ["evaluate.py"]

[params.LR]
file = "train.py"
type = "float"
low = 0.001
high = 0.2
log = true

[params.WIDTH]
file = "train.py"
type = "int"
low = 8
high = 128

[limits]
experiments = {experiments}
"""

#: A bowl with a little noise: stands in for a training run whose best place is known (0.6, 0.7, 0.4).
#: While the campaign's data folder has a file `hold`, runs go on for ever, one step every `PACE` seconds.
BOWL = '''\
"""A bowl with noise: stands in for a training run."""
import math
import os
import random
import time
from pathlib import Path

LR = 0.02

# far enough apart that edits of both merge


WIDTH = 0.2

# far enough apart that edits of both merge


DEPTH = 0.9

rng = random.Random(int(os.environ.get("SEED", "0")))
loss = 1 + (LR - 0.6) ** 2 + 0.5 * (WIDTH - 0.7) ** 2 + 0.3 * (DEPTH - 0.4) ** 2
hold, pace = Path(os.environ["ARCTL_DATA"]) / "hold", float(os.environ["PACE"])
step = 0
while step < 40 or hold.exists():
    at = loss + math.exp(-step / 12) + rng.gauss(0, 0.01)
    print(f"step {step} | loss: {at:.4f} | lr: {LR * max(0.1, 1 - step / 400):.5f}", flush=True)
    step += 1
    if DEPTH > 0.97 and step == 20:
        raise FloatingPointError(f"the loss diverged at depth {DEPTH}")
    if hold.exists():
        time.sleep(max(0.2, pace))
time.sleep(pace)
print("---")
print(f"val_loss: {loss + rng.gauss(0, 0.004):.6f}")
'''

BOWL_SPEC = """\
name = "{name}"
[run]
command = "{python} train.py"
timeout = "1h"
env = {{ PACE = "{pace}" }}
[metric]
name = "val_loss"
[seed]
env = "SEED"
[files]
editable = ["train.py"]
[params.LR]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[params.WIDTH]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[params.DEPTH]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[brain]
kind = "search"
in_flight = {in_flight}
[limits]
experiments = {experiments}
{extra}"""


def git(folder: Path, *arguments: str) -> str:
    """Run git as a user would."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip("\n")


def make_repo(
    folder: Path,
    *,
    name: str = "toy",
    script: str = SCRIPT,
    command: str = "python3 train.py",
    experiments: int = 6,
    extra: str = "",
    teams: str = "analysts = 0\n",
    files: dict[str, str] | None = None,
) -> Path:
    """Create a repository with one commit and an arctl.toml; `extra` is added to the latter.

    One agent works alone unless `teams`, the lines of that table, or a table in `extra` says otherwise.
    """
    company = "" if "[teams]" in extra else f"\n[teams]\n{teams}"
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(script)
    (folder / "evaluate.py").write_text("# protected\n")
    (folder / "arctl.toml").write_text(
        SPEC.format(name=name, command=command, experiments=experiments) + extra + company
    )
    for path, text in (files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return _committed(folder)


def make_bowl(
    folder: Path,
    name: str = "bowl",
    *,
    pace: float = 0.0,
    experiments: int = 12,
    in_flight: int = 2,
    extra: str = "",
) -> Path:
    """Create a repository with the bowl and its arctl.toml; runs take `pace` seconds besides starting."""
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(BOWL)
    spec = BOWL_SPEC.format(
        name=name, python=sys.executable, pace=pace, experiments=experiments, in_flight=in_flight, extra=extra
    )
    (folder / "arctl.toml").write_text(spec)
    return _committed(folder)


def _committed(folder: Path) -> Path:
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=baseline")
    return folder


def add_card(
    repo: Path, name: str, edits: dict[str, tuple[str, str]], *, title: str = "", axis: str = ""
) -> None:
    """Put a patch that replaces text in files into a deck; the repository stays as it was.

    Its title is its name unless told otherwise, its axis its title.
    """
    before = {path: (repo / path).read_text() for path in edits}
    for path, (old, new) in edits.items():
        assert old in before[path], f"{old!r} is not in {path}"
        (repo / path).write_text(before[path].replace(old, new, 1))
    diff = git(repo, "diff", "--full-index", "--", *edits)
    for path, text in before.items():
        (repo / path).write_text(text)
    write_card(repo, name, f"{diff}\n", title=title or name, axis=axis or title or name)


def write_card(repo: Path, name: str, diff: str, *, title: str, axis: str) -> None:
    """Put a patch into a deck."""
    (repo / "deck").mkdir(exist_ok=True)
    header = f"title: {title}\nhypothesis: It helps.\naxis: {axis}\nmove: replace\n---\n"
    (repo / "deck" / f"{name}.patch").write_text(header + diff)
