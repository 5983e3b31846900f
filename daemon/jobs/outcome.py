"""What a finished run folder means: the outcome, the metrics, the sentence that explains it."""

from __future__ import annotations

import math
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arctl.daemon.facts import RunEnded
from arctl.daemon.jobs import environment, seals, unseen
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.rows import Campaign, Outcome, Purpose, Run
from arctl.errors import ArctlError
from arctl.experiments import metrics
from arctl.experiments.integrity import Finding, counters
from arctl.experiments.spec import Spec
from arctl.text import clean_block

#: Lines of a crashed run's output that go into the evidence.
TAIL_LINES = 25
#: The largest result file that is read.
MAX_RESULT = 1 << 20
#: What failed, where that was not the training.
STAGES = {
    "prepare": "the preparation of its environment",
    "inputs": "the trusted command that writes the inputs",
    "predict": "the prediction",
    "score": "the trusted command that scores",
}


def read(run: Run, folder: RunFolder, spec: Spec, campaign: Campaign) -> RunEnded:
    """Judge an ended attempt by its exit record, its output and its result file."""
    record = folder.exit()
    if record is None:
        msg = f"{folder.path} holds no exit record"
        raise ArctlError(msg)
    tail = folder.tail()
    evidence: dict[str, Any] = {
        key: record.get(key)
        for key in ("reason", "code", "signal", "cpu_seconds", "max_rss_kb", "orphans", "log_bytes")
    }
    if record.get("log_capped"):
        evidence["log_capped"] = True
    if record.get("suspended_seconds", 0) > 1:
        evidence["suspended_seconds"] = record["suspended_seconds"]
    if record.get("frozen_seconds", 0) > 0:
        evidence["frozen_seconds"] = record["frozen_seconds"]
    outcome, reason = _how(record, spec)
    root = Path(run.tree) / campaign.prefix
    if known := environment.read(folder.path):
        evidence["environment"] = {**known, "seed": run.seed, "device": run.device_name}
    if outcome is Outcome.OK and (touched := seals.broken(folder.path, root)):
        outcome, reason = Outcome.INVALID, f"it changed protected files: {', '.join(touched[:5])}"
        evidence["protected"] = touched
    found: dict[str, float] = {}
    value: float | None = None
    if outcome is Outcome.OK and run.purpose is not Purpose.SETUP:
        said, place = (tail, root) if spec.score is None else (folder.tail(log="score"), folder.scorer)
        primary, found = metrics.outcome(spec.metric, said, _file_reader(place))
        evidence["trust"] = spec.trust
        value = primary.value
        if primary.status != "ok":
            outcome = Outcome.NO_METRIC if primary.status == "missing" else Outcome.NOT_FINITE
            reason = primary.evidence
        if primary.notes:
            evidence["notes"] = list(primary.notes)
        # The scorer's folder was empty when it began.
        file = spec.metric.file if spec.score is None else None
        if outcome is Outcome.OK and file and seals.stale(folder.path, root, file):
            outcome, value, found = Outcome.NO_METRIC, None, {}
            reason = f"{file} is the one that was there before the run: it wrote none"
        evidence["counters"] = counters(spec.metric, said, found, spec.progress.pattern)
        if changed := seals.altered(folder.path, Path(_data(folder))):
            text = f"shared data changed while it ran: {', '.join(changed[:5])}"
            evidence["integrity"] = [Finding("data", "flag", text, run.id).to_dict()]
    if outcome is not Outcome.OK:
        evidence["tail"] = clean_block(tail.decode("utf-8", "replace")).splitlines()[-TAIL_LINES:]
    if outcome is Outcome.CRASHED and run.purpose in (Purpose.SETUP, Purpose.BASELINE):
        # Nobody has changed this code yet: what it lacks is most likely kept from it.
        online = spec.sandbox.network or run.purpose is Purpose.SETUP
        if told := unseen.advice("\n".join(evidence["tail"]), campaign.level, network=online):
            reason = f"{reason} ({told})"
    return RunEnded(
        run=run.id,
        attempt=run.attempt,
        outcome=outcome,
        reason=reason,
        seconds=float(record.get("seconds") or 0.0),
        value=value,
        metrics={name: number if math.isfinite(number) else None for name, number in found.items()},
        evidence=evidence,
    )


def _data(folder: RunFolder) -> str:
    """Return the folder of data that a run was told of."""
    stages = folder.spec().get("stages") or [{}]
    return str((stages[0].get("env") or {}).get("ARCTL_DATA") or folder.path / "no-data")


def _how(record: dict[str, Any], spec: Spec) -> tuple[Outcome, str]:
    """Return how the last command ended, named where that was not the training."""
    outcome, reason = _ended(record, spec)
    stage = STAGES.get(str(record.get("stage")))
    return outcome, f"{stage}: {reason}" if reason and stage else reason


def _ended(record: dict[str, Any], spec: Spec) -> tuple[Outcome, str]:
    stage = record.get("stage")
    after = spec.score is not None and stage in STAGES and stage != "prepare"
    limit = spec.run.setup_timeout if stage == "setup" else spec.run.timeout
    if spec.score is not None and after:
        limit = spec.score.timeout
    match record.get("reason"):
        case "timeout":
            slept = record.get("suspended_seconds") or 0.0
            known = f", {slept:.0f} s of which the machine was suspended" if slept > 1 else ""
            return Outcome.TIMED_OUT, f"still running after {limit:g} s{known}"
        case "stall":
            return Outcome.TIMED_OUT, f"no output for {spec.run.stall or 0:g} s"
        case "stopped":
            return Outcome.CANCELLED, "stopped"
        case "not_started":
            return Outcome.CRASHED, f"could not be started: {record.get('error')}"
        case "memory":
            return Outcome.CRASHED, "it held more memory than [sandbox] memory allows"
        case "not_taken":
            left = "predictions" if after else "artifacts"
            return Outcome.NO_METRIC, f"its {left} cannot be used: {record.get('error')}"
    return _status(record)


def _status(record: dict[str, Any]) -> tuple[Outcome, str]:
    code: int | None = record.get("code")
    number: int | None = record.get("signal")
    if (told := (code or 0) - 128) in signal.valid_signals():
        # A shell reports its command's signal in this way.
        code, number = None, told
    if number == signal.SIGKILL and record.get("oom_kills"):
        return Outcome.CRASHED, "killed by SIGKILL when the machine ran out of memory"
    if number:
        return Outcome.CRASHED, f"killed by {_signal_name(number)}"
    if code == 127:
        return Outcome.CRASHED, "command not found (exit status 127)"
    if code:
        return Outcome.CRASHED, f"exit status {code}"
    return Outcome.OK, ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _file_reader(root: Path) -> Callable[[str], bytes | None]:
    """Return a reader of result files below `root`, which follows no link out of it."""

    def read_file(name: str) -> bytes | None:
        path = root / name
        if not path.resolve().is_relative_to(root.resolve()):
            return None
        try:
            # A job may leave anything under this name; a pipe would be waited for without end.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_RESULT) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None

    return read_file
