"""Which sandbox a campaign's runs get; one that cannot be had is said, and never left out in silence."""

from __future__ import annotations

from typing import cast

from arctl.daemon.actions import AdmitCampaign
from arctl.daemon.sandbox import SandboxError, levels
from arctl.errors import RefusedError
from arctl.experiments.confinement import Level
from arctl.experiments.spec import Spec


def level_of(action: AdmitCampaign, spec: Spec) -> Level:
    """Return the level asked for; raises `RefusedError` where it is not allowed, or cannot be had."""
    if action.sandbox == "best":
        level = levels.best()
    else:
        level = cast("Level", int(action.sandbox)) if action.sandbox else spec.sandbox.level
    if level == 1 and not action.allow_unsandboxed:
        msg = "its runs would have no sandbox: they could read, change and send whatever you can"
        raise RefusedError(msg, "`arctl start --allow-unsandboxed` if that is what you want")
    try:
        levels.check(level)
    except SandboxError as error:
        others = "or choose another level: `arctl start --sandbox best`; `arctl doctor` tells what each holds"
        raise RefusedError(error.message, f"{error.remedy}; {others}") from error
    return level


def told_of(level: Level, spec: Spec) -> tuple[str, ...]:
    """Return what somebody who starts a campaign has to know of its sandbox."""
    notes: list[str] = []
    if level < 3:
        kind = "Landlock" if level == 2 else "limits of size and number only"
        notes.append(f"runs are in a sandbox of level {level} ({kind}); see `arctl doctor --level {level}`")
    if level == 2:
        notes.append(
            "a run can make no new files beside protected ones, only in folders or $ARCTL_RUN_FOLDER"
        )
        notes += [] if spec.sandbox.network else ["a run cannot talk to itself by TCP without a network"]
    if level < 3 and spec.sandbox.hide:
        notes.append("what [sandbox] hide names is not hidden at this level")
    if level == 1 and spec.score is not None:
        notes.append("nothing keeps a run from the data that it is scored on at this level")
    return tuple(notes)
