"""What setup leaves to a campaign's runs besides data: what it put into its home, and uv's environment.

Scripts that know nothing of arctl keep their data in `~/.cache`. Setup has a home that stays, and each run
one of its own, in which the same things are found. Not where the metric is scored: libraries keep there the
whole data sets that they load, with the rows that judge.
"""

from __future__ import annotations

import re
import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from arctl.experiments.spec import Spec

#: Files and folders that are laid out one by one; folders beyond that are links, in which no run can write.
MOST = 2000
#: Bytes up to which a file is copied: locks and indices are written to, what is larger is read.
SMALL = 64 << 10
_UV = re.compile(r"(?:^|[\s;&|(/])uv\s")


def home(campaign: Path, spec: Spec) -> Path | None:
    """Return the home that setup has in a campaign's folder; None where runs must not see what it leaves."""
    return campaign / "home" if spec.run.setup is not None and spec.score is None else None


def furnish(house: Path, left: Path) -> None:
    """Lay out in a run's empty home what setup left in its own."""
    room, pending = MOST, deque([(left, house)])
    while pending:
        source, target = pending.popleft()
        for path in sorted(source.iterdir()):
            place = target / path.name
            room -= 1
            if path.is_symlink():
                place.symlink_to(path.readlink())
            elif room > 0 and path.is_dir():
                place.mkdir()
                pending.append((path, place))
            elif room > 0 and path.is_file() and path.stat().st_size <= SMALL:
                shutil.copy(path, place)
            else:
                place.symlink_to(path)


def uv(campaign: Path, spec: Spec) -> Path | None:
    """Return the folder in which uv keeps a campaign's environment; None where it makes none there."""
    commands = (spec.run.command, spec.run.setup)
    own = "UV_PROJECT_ENVIRONMENT" in spec.run.env or ".venv" in spec.run.link
    if own or spec.run.setup is None or not any(_UV.search(command or "") for command in commands):
        return None
    return campaign / "uv"


def uv_variables(folder: Path, *, setup: bool) -> Iterator[tuple[str, str]]:
    """Yield what tells uv of that folder: setup makes the environment, runs take it as it is."""
    yield "UV_PROJECT_ENVIRONMENT", str(folder / "environment")
    yield "UV_PYTHON_INSTALL_DIR", str(folder / "python")
    if setup:
        yield "UV_CACHE_DIR", str(folder / "cache")
    elif (folder / "environment").is_dir():
        yield "UV_NO_SYNC", "1"
        yield "UV_OFFLINE", "1"
