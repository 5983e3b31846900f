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


def cage_of(action: LaunchRun, spec: Spec, home: Home) -> Cage:
    """Return a run's surroundings."""
    folder = RunFolder(home.run_folder(action.run.id, action.run.attempt))
    return Cage(home, action.campaign, spec, folder, Path(action.run.tree))


def environment(action: LaunchRun, cage: Cage) -> dict[str, str]:
    """Return a job's whole environment."""
    run, spec, folder = action.run, cage.spec, cage.folder
    setup = run.purpose is Purpose.SETUP
    found = inherited(action.campaign.env, spec.run.env_pass, online=setup or spec.sandbox.network)
    if action.campaign.level > 1:
        # Whatever these name is not there: the job has a home of its own.
        found = {name: value for name, value in found.items() if not name.startswith("XDG_")}
        place = cage.home.campaign(run.campaign)
        kept = prepared.home(place, spec) if setup else None
        found["HOME"] = str(cage.home_of(kept or folder.house))
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
        ARCTL_DATA=str(cage.home.campaign(run.campaign) / "data"),
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


def prepare(action: LaunchRun, cage: Cage, *, arranged: bool = True) -> dict[str, str]:
    """Lay out a run's folder with all that its shim needs to know, and return its job's whole environment.

    Where what `run.prepare` makes is not `arranged`, that is the first thing to be done. Raises `ArctlError`
    where the run cannot be started.
    """
    run, campaign, spec, folder = action.run, action.campaign, cage.spec, cage.folder
    places, env, line = _places(cage), environment(action, cage), command(action, spec)
    score = spec.score if run.purpose is not Purpose.SETUP else None
    cards = node_binds(action.nodes) if action.nodes and campaign.level > 1 else ()
    if run.purpose is Purpose.SETUP:
        found = [stages.setup(cage, places, line, env, cards)]
    else:
        found = [stages.train(cage, places, line, env, cards)]
    if score is not None:
        found = stages.scored(cage, places, score, found[0], env, cards)
    if not arranged:
        found = [_arranging(action, cage, env), *found]
    folder.create(_told(action, cage, found), passes=score.passes if score is not None else None)
    cage.furnish()
    return env


def arrange(action: LaunchRun, cage: Cage) -> None:
    """Lay out the folder of the command that makes a run's environment ahead."""
    stage = _arranging(action, cage, environment(action, cage))
    cage.folder.create(_told(action, cage, [{**stage, "argv": ["nice", "-n", "10", *stage["argv"]]}]))
    cage.furnish()


def _arranging(action: LaunchRun, cage: Cage, env: dict[str, str]) -> stages.Stage:
    line = cage.spec.run.prepare or "true"
    return {**stages.train(cage, _places(cage), line, env), "name": "prepare"}


def _places(cage: Cage) -> stages.Places:
    campaign, spec = cage.campaign, cage.spec
    place, trusted = cage.home.campaign(campaign.id), cage.home.trusted(campaign.id, campaign.base_commit)
    data, hidden, house = place / "data", cage.home.hidden(campaign.id), prepared.home(place, spec)
    kept = tuple(filter(None, [prepared.uv(place, spec)]))
    for path in filter(None, (data, hidden, house, *kept)):
        path.mkdir(parents=True, exist_ok=True)
    return stages.Places(cage.tree / campaign.prefix, trusted / campaign.prefix, data, hidden, house, kept)


def _told(action: LaunchRun, cage: Cage, found: list[stages.Stage]) -> dict[str, Any]:
    """Return what a shim is told."""
    return {
        "run": action.run.id,
        "attempt": action.run.attempt,
        "cores": list(action.cores),
        "log_cap": cage.spec.run.log_cap_mb << 20,
        "stages": found,
    }
