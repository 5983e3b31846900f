"""How a job is started: its environment, its command, its shim."""

from __future__ import annotations

import os
from typing import Any

from arctl.daemon.actions import LaunchRun
from arctl.daemon.jobs.folder import MARK, RunFolder
from arctl.daemon.rows import Purpose
from arctl.environment import inherited
from arctl.experiments.spec import Spec
from arctl.paths import Home

#: Every library that starts threads of its own is told how many cores the slot has.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def environment(action: LaunchRun, spec: Spec, home: Home) -> dict[str, str]:
    """Return a job's whole environment."""
    run = action.run
    folder = RunFolder(home.run_folder(run.id, run.attempt))
    found = inherited(action.campaign.env, spec.run.env_pass)
    found.update(
        PYTHONUNBUFFERED="1",
        ARCTL_CAMPAIGN=run.campaign,
        ARCTL_EXPERIMENT=run.experiment,
        ARCTL_RUN=run.id,
        ARCTL_RUN_FOLDER=str(folder.files),
        ARCTL_SEED=str(run.seed),
        ARCTL_DATA=str(home.campaign(run.campaign) / "data"),
        CUDA_DEVICE_ORDER="PCI_BUS_ID",
        CUDA_VISIBLE_DEVICES=action.gpu or "",
    )
    if action.cores:
        found.update(dict.fromkeys(THREADS, str(len(action.cores))))
    if spec.seed is not None and spec.seed.env:
        found[spec.seed.env] = str(run.seed)
    found.update(spec.run.env)
    found[MARK] = str(folder.path)
    return found


def command(action: LaunchRun, spec: Spec) -> str:
    """Return the shell command of a run, its seed bound where the seed is an argument."""
    if action.run.purpose is Purpose.SETUP:
        return spec.run.setup or "true"
    if spec.seed is not None and spec.seed.arg:
        return f"{spec.run.command} {spec.seed.arg.format(seed=action.run.seed)}"
    return spec.run.command


def shim_spec(action: LaunchRun, spec: Spec, home: Home) -> dict[str, Any]:
    """Return what the shim needs to know of a run."""
    return {
        "run": action.run.id,
        "attempt": action.run.attempt,
        "cores": list(action.cores),
        "log_cap": spec.run.log_cap_mb << 20,
        "stages": [
            {
                "name": "train",
                "argv": ["/bin/sh", "-c", command(action, spec)],
                "cwd": os.path.join(action.run.tree, action.campaign.prefix),  # noqa: PTH118
                "env": environment(action, spec, home),
                "timeout": spec.run.timeout,
                "stall": spec.run.stall,
            }
        ],
    }
