"""Protected: build the corpus, once, from the Python standard library's own source files.

Nothing is downloaded: every Python brings a few megabytes of prose and code with it. The price is
that the corpus differs between Python versions, so results do too; meta.json records the version
and the hash of each file, and numbers are comparable only where these agree.

The folder is $ARCTL_DATA, else ./data. Running it again changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import sysconfig
import tempfile
from pathlib import Path

FILES = ("train.bin", "val.bin")
RECIPE = 1  # raise it when anything below changes what is built
TRAIN_BYTES = 3_000_000
VAL_BYTES = 300_000
VAL_SHARE = 0.10  # of the files

# Tests are repetitive, site-packages is not the library, the others are tables rather than text.
SKIPPED_FOLDERS = {
    "__pycache__", "dist-packages", "encodings", "idle_test", "lib-dynload", "pydoc_data",
    "site-packages", "test", "tests",
}  # fmt: skip
# These differ between two builds of one Python version.
SKIPPED_PREFIXES = ("_sysconfigdata", "config-", "sitecustomize", "usercustomize")


def data_folder() -> Path:
    """Where train.bin, val.bin and meta.json live."""
    return Path(os.environ.get("ARCTL_DATA") or "data")


def source_files(root: Path) -> list[Path]:
    """The library's regular .py files, sorted by their relative path."""
    found = []
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).parts
        skipped = any(part in SKIPPED_FOLDERS or part.startswith(SKIPPED_PREFIXES) for part in parts)
        if not skipped and path.is_file() and not path.is_symlink():
            found.append(path)
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def build(root: Path) -> tuple[bytes, bytes, int]:
    """`(train, val, number of files)`. A file goes wholly to one side, chosen by its content's hash,
    so that two copies of a file cannot stand on both sides. Files are laid out in the order of
    that hash: a cap then cuts off a random share of the library and not the end of the alphabet.
    """
    files: dict[str, bytes] = {}
    for path in source_files(root):
        content = path.read_bytes()
        files[hashlib.sha256(content).hexdigest()] = content
    sides: dict[bool, list[bytes]] = {True: [], False: []}
    for digest, content in sorted(files.items()):
        # The first digits order the files, so the last ones have to choose the side.
        sides[int(digest[-8:], 16) / 16**8 < VAL_SHARE].append(content)
    return b"\n".join(sides[False])[:TRAIN_BYTES], b"\n".join(sides[True])[:VAL_BYTES], len(files)


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


def is_built(folder: Path) -> bool:
    """Whether the folder holds this recipe's files for this Python, unharmed."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
        return (
            meta["recipe"] == RECIPE
            and meta["python"] == platform.python_version()
            and all(sha256((folder / name).read_bytes()) == meta["sha256"][name] for name in FILES)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def main() -> None:
    """Build the corpus unless it is there."""
    folder = data_folder()
    if is_built(folder):
        print(f"{folder} is up to date")
    else:
        root = Path(sysconfig.get_paths()["stdlib"])
        train, val, count = build(root)
        if len(train) < TRAIN_BYTES // 2 or len(val) < VAL_BYTES // 2:
            sys.exit(f"{root} holds too few .py files ({count}): install the library's sources")
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "train.bin", train)
        write_atomically(folder / "val.bin", val)
        # Last, because its presence says that the other two are whole.
        meta = {
            "recipe": RECIPE,
            "python": platform.python_version(),
            "files": count,
            "bytes": {"train.bin": len(train), "val.bin": len(val)},
            "sha256": {"train.bin": sha256(train), "val.bin": sha256(val)},
        }
        write_atomically(folder / "meta.json", (json.dumps(meta, indent=2) + "\n").encode())
        print(f"built {folder} from {count} files of {root}")
    meta = json.loads((folder / "meta.json").read_text())
    for name, digest in meta["sha256"].items():
        print(f"{name}: {meta['bytes'][name]:,} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
