"""The examination: every attempt, made for real in a sandbox of one level, and what is to be done."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arctl.daemon.doctor.cards import cards
from arctl.daemon.doctor.facts import Fact, facts
from arctl.daemon.doctor.probes import PROBES, Host, Result, judge
from arctl.daemon.doctor.stage import Stage, resolves, stage
from arctl.daemon.sandbox import SYSTEM, Bind, Level, SandboxError, best, check, gpu_binds
from arctl.daemon.sandbox.landlock import abi
from arctl.errors import UsageError
from arctl.paths import Home

#: What needs more than the attacks are allowed.
USES = ("gpu", "torch")
_WHERE = (
    "import json, os, sys; print(json.dumps([sys.prefix, sys.base_prefix, "
    "os.path.realpath(sys.executable), *sys.path]))"
)


@dataclass(frozen=True, slots=True)
class Report:
    """All that the doctor found; `missing` says why the level cannot be had at all, with a remedy."""

    level: Level
    best: Level | None
    probes: tuple[Result, ...]
    host: tuple[Fact, ...]
    missing: tuple[str, str] | None = None

    @property
    def ok(self) -> bool:
        """Tell whether everything is as it is expected at this level."""
        return self.missing is None and all(row.verdict != "failed" for row in self.probes)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        missing = (
            None if self.missing is None else dict(zip(("message", "remedy"), self.missing, strict=True))
        )
        return {
            "level": self.level,
            "best": self.best,
            "ok": self.ok,
            "missing": missing,
            "probes": [dataclasses.asdict(row) for row in self.probes],
            "host": [dataclasses.asdict(row) for row in self.host],
        }


def examine(home: Home, level: Level, python: str = "") -> Report:
    """Examine a level; `python` is a campaign's interpreter. Raises `UsageError` where that is none."""
    # A name of its own, not what it leads to: that is how a virtual environment is found.
    python = os.path.abspath(shutil.which(python) or python) if python else ""  # noqa: PTH100
    seen = _interpreter(python) if python else ()
    try:
        highest: Level | None = best()
    except SandboxError:
        highest = None
    host = facts(home)
    try:
        check(level)
    except SandboxError as error:
        return Report(level, highest, (), host, (error.message, error.remedy))
    with stage() as found:
        probes = _probes(found, Host(level, abi(), os.getuid() == 0), python, seen)
    return Report(level, highest, probes, host)


def _probes(found: Stage, host: Host, python: str, seen: tuple[Bind, ...]) -> tuple[Result, ...]:
    there = cards()
    given, others = there[:1], [str(card.device) for card in there[1:]]
    attempts = [probe.name for probe in PROBES]
    trouble = ""
    with found.daemon() as ports:
        told = {**ports, "dns": resolves(), "cards": others}
        use = {**told, "gpu": bool(given), "python": python, "attempts": [*USES]}
        attack = {**told, "attempts": [name for name in attempts if name not in USES]}
        try:
            binds = (*gpu_binds(card.minor for card in given), *seen) if given else seen
            found.job(found.box(binds, tight=False), host.level, use)
        except SandboxError as error:
            trouble = f"{error.message}: {error.remedy}"
        ended = found.job(found.box(), host.level, attack)
    rows = found.found()
    _look_again(found, rows)
    if trouble:
        rows["gpu"] = ("fails", trouble)
    said = " ".join(str(ended["said"]).split())[-200:]
    nothing = ("no answer", f"the job ended: {ended['reason']}; {said}")
    return tuple(judge(probe, host, *rows.get(probe.name, nothing)) for probe in PROBES)


def _look_again(found: Stage, rows: dict[str, tuple[str, str]]) -> None:
    """Correct what the attempts say by what is seen from outside."""
    changed = found.changed()
    for name in changed & rows.keys():
        if rows[name][0] == "refused":
            rows[name] = ("open", "its mark is seen from outside")
    if rows.get("write_outside", ("",))[0] == "open" and "write_outside" not in changed:
        rows["write_outside"] = ("refused", "only a private folder of that name was written")
    if "left_behind" in rows:
        left = found.left()
        rows["left_behind"] = ("open", f"process {left[0]}") if left else ("refused", "none is left")


def _interpreter(python: str) -> tuple[Bind, ...]:
    """Return what an interpreter needs to be seen of the disk."""
    try:
        done = subprocess.run(
            [python, "-c", _WHERE],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        places = [path for path in map(Path, json.loads(done.stdout)) if path.is_absolute()]
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        msg = f"{python} is no interpreter that runs: {error}"
        raise UsageError(msg, "name the campaign's own, such as .venv/bin/python") from error
    found: list[Path] = []
    # The shallow ones first: what lies in another one comes with it.
    for place in sorted({*places, Path(python)}, key=lambda path: len(path.parts)):
        known = any(place.is_relative_to(other) for other in (*map(Path, SYSTEM), *found))
        if place.exists() and not known:
            found.append(place)
    return tuple(Bind(place) for place in found)
