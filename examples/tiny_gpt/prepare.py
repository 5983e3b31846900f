"""Protected: make the corpus, once, in the manner of the Python standard library.

Nothing is downloaded: every Python brings ten megabytes of prose and code with it. They are on the disk of
whoever runs an experiment, though, so text that judges must not be taken from them as it stands. What is
taken is which word follows which two: a chain of these writes text that looks like the library's, line by
line, and is in no file. Training text is written with a known seed. The text that judges comes from the
system's own randomness and is never written again: whoever knows the library by heart, and this file too,
knows how it is distributed and nothing more.

Training text goes to $ARCTL_DATA, which every run can read; the text that judges to $ARCTL_HIDDEN, which only
evaluate.py can. Without arctl both are folders beside this file: `data/` and `hidden/`. Running it again
changes nothing. The chain differs between Python versions, and so do results; what judges differs between
any two folders. Numbers are comparable within one campaign.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import json
import math
import os
import platform
import random
import re
import sys
import sysconfig
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

RECIPE = 2  # raise it when anything below changes what is made
TRAIN_BYTES = 2_000_000
VAL_BYTES = 300_000
TRAIN_SEED = 20250101  # never SEED: a seed draws windows, not the text they are drawn from

# Tests are repetitive, site-packages is not the library, the others are tables rather than text.
SKIPPED_FOLDERS = {
    "__pycache__", "dist-packages", "encodings", "idle_test", "lib-dynload", "pydoc_data",
    "site-packages", "test", "tests",
}  # fmt: skip
# These differ between two builds of one Python version.
SKIPPED_PREFIXES = ("_sysconfigdata", "config-", "sitecustomize", "usercustomize")

# A line's end with the next line's indent, a name, a number, spaces, any other byte.
WORD = re.compile(rb"\n *|[A-Za-z_]+|[0-9]+| +|.", re.DOTALL)
START = (b"\n", b"\n")


def source_files(root: Path) -> list[Path]:
    """The library's regular .py files, sorted by their relative path."""
    found = []
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).parts
        skipped = any(part in SKIPPED_FOLDERS or part.startswith(SKIPPED_PREFIXES) for part in parts)
        if not skipped and path.is_file() and not path.is_symlink():
            found.append(path)
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


class Chain:
    """Which word follows which two, and how often."""

    def __init__(self, files: list[Path]) -> None:
        counts: defaultdict[tuple[bytes, ...], Counter[bytes]] = defaultdict(Counter)
        for path in files:
            last = START
            for word in WORD.findall(path.read_bytes()):
                counts[last][word] += 1
                last = (last[1], word)
        self.next = {
            last: (list(found), list(itertools.accumulate(found.values()))) for last, found in counts.items()
        }

    def write(self, size: int, rng: random.Random) -> tuple[bytes, float]:
        """`(text, bits per byte that the draws were worth)`: no predictor gets below the latter for long."""
        words: list[bytes] = []
        length, bits, last = 0, 0.0, START
        while length < size:
            # Nothing follows the end of a file: another one begins.
            choices, sums = self.next.get(last) or self.next[START]
            drawn = bisect.bisect_right(sums, rng.random() * sums[-1])
            weight = sums[drawn] - (sums[drawn - 1] if drawn else 0)
            bits -= math.log2(weight / sums[-1])
            last = (last[1], choices[drawn])
            words.append(choices[drawn])
            length += len(choices[drawn])
        return b"".join(words)[:size], bits / length


def write_atomically(path: Path, content: bytes) -> None:
    """Temporary file, fsync, rename: a reader sees the old file or the new one, never half of one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sha256(content: bytes) -> str:
    """Hexadecimal digest."""
    return hashlib.sha256(content).hexdigest()


def is_built(path: Path) -> bool:
    """Whether a text of this recipe and this Python is there, unharmed."""
    try:
        meta = json.loads((path.parent / "meta.json").read_text())
        made_here = meta["recipe"] == RECIPE and meta["python"] == platform.python_version()
        return bool(made_here and sha256(path.read_bytes()) == meta["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def main() -> None:
    """Write train.bin and val.bin unless they are there."""
    texts = (
        (Path(os.environ.get("ARCTL_DATA") or "data") / "train.bin", TRAIN_BYTES, random.Random(TRAIN_SEED)),
        # The system's randomness: a generator's state could be worked out from the pages that are shown.
        (Path(os.environ.get("ARCTL_HIDDEN") or "hidden") / "val.bin", VAL_BYTES, random.SystemRandom()),
    )
    chain = None
    for path, size, rng in texts:
        if is_built(path):
            print(f"{path.name} is up to date")
        else:
            if chain is None:
                root = Path(sysconfig.get_paths()["stdlib"])
                files = source_files(root)
                if sum(file.stat().st_size for file in files) < TRAIN_BYTES:
                    sys.exit(f"{root} holds too few .py files ({len(files)}): install the library's sources")
                chain = Chain(files)
            content, worth = chain.write(size, rng)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
            # Last, because its presence says that the text is whole.
            meta = {
                "recipe": RECIPE,
                "python": platform.python_version(),
                "bytes": size,
                "entropy_bpb": round(worth, 3),
                "sha256": sha256(content),
            }
            write_atomically(path.parent / "meta.json", (json.dumps(meta, indent=2) + "\n").encode())
        meta = json.loads((path.parent / "meta.json").read_text())
        print(f"{path.name}: {meta['bytes']:,} bytes worth {meta['entropy_bpb']} bits each")
    # Its hash is told: the text itself is the same for everybody with this Python.
    print(f"sha256 of train.bin: {sha256(texts[0][0].read_bytes())}")


if __name__ == "__main__":
    main()
