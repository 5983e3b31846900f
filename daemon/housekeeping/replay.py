"""What run folders know that the ledger does not: looked for at a start, after a backup was put back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from arctl.daemon.facts import AttemptFound, Fact, LedgerRestored, ResultFound
from arctl.daemon.housekeeping.storage import RESULT
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.marks import Device
from arctl.daemon.rows import ACTIVE, Outcome, Run
from arctl.paths import Home

#: Left by a restore, taken in by the next start.
NOTE = "restored.json"


def found(home: Home, runs: Iterable[Run], devices: Iterable[Device]) -> list[Fact]:
    """Return what the folders of unfinished runs say beyond their rows."""
    slots = {device.cores: device.id for device in devices if device.cores}
    facts: list[Fact] = []
    for run in runs:
        attempts = sorted(_attempts(home.runs / run.id), reverse=True)
        for attempt in [number for number in attempts if number >= run.attempt][:1]:
            folder = RunFolder(home.run_folder(run.id, attempt))
            record = _record(folder.path / RESULT)
            if record is not None:
                facts.append(ResultFound(run.id, attempt, record))
            elif (run.state not in ACTIVE or attempt > run.attempt) and _launched(folder):
                device = _device(folder.spec(), slots)
                facts.append(AttemptFound(run.id, attempt, str(home.tree(run.id)), device, _time(folder)))
    if (note := _record(home.root / NOTE)) is not None:
        facts.append(LedgerRestored(str(note.get("text", "")), note))
    return facts


def forget(home: Home) -> None:
    """Take the note of a restore away, now that the ledger has it."""
    (home.root / NOTE).unlink(missing_ok=True)


def _launched(folder: RunFolder) -> bool:
    return not (folder.path / "fenced").exists() and (folder.exit() is not None or folder.held())


def _device(spec: dict[str, Any], slots: dict[tuple[int, ...], str]) -> str:
    """Return the slot that an attempt was bound to, "" where its specification does not tell."""
    gpu = str((spec.get("env") or {}).get("CUDA_VISIBLE_DEVICES", ""))
    return gpu or slots.get(tuple(spec.get("cores") or ()), "")


def _time(folder: RunFolder) -> float:
    try:
        return (folder.path / "spec.json").stat().st_mtime
    except OSError:
        return 0.0


def _attempts(folder: Path) -> list[int]:
    try:
        return [int(path.name) for path in folder.iterdir() if path.name.isdigit()]
    except OSError:
        return []


def _record(path: Path) -> dict[str, Any] | None:
    """Return a file's JSON object; one that is broken counts as none, as does an outcome nobody knows."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict) or value.get("outcome", Outcome.OK) not in list(Outcome):
        return None
    return value
