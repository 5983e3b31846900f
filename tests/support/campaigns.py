"""Small real campaigns: a git repository, a script that prints a metric, an arctl.toml."""

from __future__ import annotations

import subprocess
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
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=baseline")
    return folder


def make_patch(repo: Path, edits: dict[str, tuple[str, str]], *, title: str, axis: str) -> str:
    """Return a deck's patch that replaces text in files; the repository stays as it was."""
    before = {path: (repo / path).read_text() for path in edits}
    for path, (old, new) in edits.items():
        assert old in before[path], f"{old!r} is not in {path}"
        (repo / path).write_text(before[path].replace(old, new, 1))
    diff = git(repo, "diff", "--full-index", "--", *edits)
    for path, text in before.items():
        (repo / path).write_text(text)
    return f"title: {title}\nhypothesis: It helps.\naxis: {axis}\nmove: replace\n---\n{diff}\n"
