"""How a run is started: its environment, its commands, what its shim is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arctl.daemon.actions import LaunchRun
from arctl.daemon.jobs import prepared, stages
from arctl.daemon.jobs.cage import Cage
from arctl.daemon.jobs.folder import MARK, RunFolder
from arctl.daemon.rows import Purpose
from arctl.daemon.sandbox.gpu import node_binds
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
    if action.campaign.level > 1:
        # Whatever these name is not there: the job has a home of its own.
        found = {name: value for name, value in found.items() if not name.startswith("XDG_")}
        setup, place = run.purpose is Purpose.SETUP, home.campaign(run.campaign)
        kept = prepared.home(place, spec) if setup else None
        found["HOME"] = str(kept or folder.house)
        if uv := prepared.uv(place, spec):
            found.update(prepared.uv_variables(uv, setup=setup))
        found["TMPDIR"] = "/tmp" if action.campaign.level > 2 else str(folder.house)  # noqa: S108  # its own
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


def prepare(action: LaunchRun, spec: Spec, home: Home) -> None:
    """Lay out a run's folder with all that its shim needs to know; raises `ArctlError` where it cannot be."""
    run, campaign = action.run, action.campaign
    folder = RunFolder(home.run_folder(run.id, run.attempt))
    tree, trusted = Path(run.tree), home.trusted(campaign.id, campaign.base_commit)
    place = home.campaign(campaign.id)
    data, hidden = place / "data", home.hidden(campaign.id)
    kept = tuple(filter(None, (prepared.home(place, spec), prepared.uv(place, spec))))
    for path in (data, hidden, *kept):
        path.mkdir(parents=True, exist_ok=True)
    places = stages.Places(tree / campaign.prefix, trusted / campaign.prefix, data, hidden, kept)
    cage = Cage(home, campaign, spec, folder, tree)
    env, line = environment(action, spec, home), command(action, spec)
    score = spec.score if run.purpose is not Purpose.SETUP else None
    cards = node_binds(action.nodes) if action.nodes and campaign.level > 1 else ()
    if run.purpose is Purpose.SETUP:
        found = [stages.setup(cage, places, line, env, cards)]
    else:
        found = [stages.plain(cage, places, line, env, cards)]
    if score is not None:
        found = stages.scored(cage, places, score, found[0], env, cards)
    told: dict[str, Any] = {
        "run": run.id,
        "attempt": run.attempt,
        "cores": list(action.cores),
        "log_cap": spec.run.log_cap_mb << 20,
        "stages": found,
    }
    folder.create(told, passes=score.passes if score is not None else None)
    if campaign.level > 1 and run.purpose is not Purpose.SETUP and (left := prepared.home(place, spec)):
        prepared.furnish(folder.house, left)
