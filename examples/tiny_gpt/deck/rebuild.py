"""Renew the patches after an edit of train.py: apply each to the new file, write its diff again.

`python deck/rebuild.py` from examples/tiny_gpt. A patch that no longer applies is named and left
as it is. The `index` lines carry full blob ids, which is what `git apply --3way` works from.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DECK = Path(__file__).resolve().parent


def git(folder: Path, *words: str, text: str = "") -> str:
    """Run git in the folder; its standard output."""
    identity = ("-c", "user.name=deck", "-c", "user.email=deck@localhost", "-c", "core.autocrlf=false")
    return subprocess.run(
        ("git", *identity, *words), cwd=folder, input=text, check=True, capture_output=True, text=True
    ).stdout


def main() -> int:
    """Exit status: how many patches did not apply."""
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        git(folder, "init", "-q")
        shutil.copy(DECK.parent / "train.py", folder)
        git(folder, "add", "train.py")
        for path in sorted(DECK.glob("*.patch")):
            header, _, diff = path.read_text().partition("\n---\n")
            git(folder, "checkout", "-q", "--", "train.py")
            try:
                git(folder, "apply", "-C1", "--recount", text=diff)
            except subprocess.CalledProcessError as error:
                failed += 1
                print(f"{path.name} does not apply: {error.stderr.strip()}")
                continue
            renewed = git(folder, "diff", "--full-index", "--no-color", "--no-ext-diff", "--", "train.py")
            path.write_text(f"{header}\n---\n{renewed}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
