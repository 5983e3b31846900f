"""The commands of a run, one after the other: training, and where its metric is scored, what comes after.

    training --artifacts--> inputs (trusted) --> prediction, once a pass --> score (trusted) --> the metric

Training and predicting are the experiment's code: they see no hidden data, and a prediction neither the work
tree's writable side nor another pass. Inputs and score are the campaign's own code as it was at its first
commit, in files that no experiment has touched; they see predictions and artifacts as data only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arctl.daemon.jobs.cage import Cage
from arctl.daemon.sandbox import Bind
from arctl.experiments.confinement import Score

#: A stage of `spec.json`, as the shim reads it.
Stage = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one run that its commands share: whose they are changes from command to command."""

    #: The campaign's folder in the work tree, and in the files of its first commit.
    own: Path
    trusted: Path
    data: Path
    hidden: Path
    #: The home that setup has, and what else only setup writes to, for those that come after it.
    home: Path | None = None
    kept: tuple[Path, ...] = ()


def train(cage: Cage, places: Places, command: str, env: dict[str, str], cards: Sequence[Bind] = ()) -> Stage:
    """Return the stage of a run that prints its own metric, or the first of one that is scored."""
    words = cage.wrap(
        _shell(command),
        places.own,
        house=cage.folder.house,
        reads=[places.data, *cage.linked(), *cage.prepared(), *cage.protected()],
        writes=[cage.tree, cage.folder.files, *cage.pinned()],
        devices=cards,
    )
    return _stage(cage, "train", words, places.own, env)


def setup(cage: Cage, places: Places, command: str, env: dict[str, str], cards: Sequence[Bind] = ()) -> Stage:
    """Return the campaign's own preparation: it fills the data folders, and may load them from somewhere."""
    words = cage.wrap(
        _shell(command),
        places.own,
        house=places.home or cage.folder.house,
        reads=cage.linked(),
        writes=[*places.kept, places.data, places.hidden, cage.tree, cage.folder.files],
        network=True,
        trusted=True,
        devices=cards,
    )
    stage = _stage(cage, "setup", words, places.own, {**env, "ARCTL_HIDDEN": str(places.hidden)})
    return {**stage, "timeout": cage.spec.run.setup_timeout, "stall": None}


def scored(
    cage: Cage,
    places: Places,
    score: Score,
    train: Stage,
    env: dict[str, str],
    cards: Sequence[Bind] = (),
) -> list[Stage]:
    """Return all stages of a run whose metric is computed out of the experiment's reach."""
    folder = cage.folder
    take = {"source": str(places.own), "names": list(score.artifacts), "target": str(folder.artifacts)}
    found = [{**train, "take": [{**take, "cap": score.size}]}]
    shared = {**env, "ARCTL_ARTIFACTS": str(folder.artifacts)}
    trusted = {**shared, "ARCTL_SCORER": str(folder.scorer), "ARCTL_HIDDEN": str(places.hidden)}
    open_to_scorer = [places.trusted, places.data, places.hidden, *cage.prepared(), folder.artifacts]
    if score.inputs is not None:
        words = cage.wrap(
            _shell(score.inputs),
            places.trusted,
            reads=open_to_scorer,
            house=folder.house,
            writes=[folder.scorer, folder.inputs],
            network=False,
            trusted=True,
            devices=cards,
        )
        told = {**trusted, "ARCTL_INPUTS": str(folder.inputs)}
        found.append(_stage(cage, "inputs", words, places.trusted, told, score))
    for number in range(1, score.passes + 1) if score.predict is not None else ():
        seen, left = folder.inputs / str(number), folder.predictions / str(number)
        words = cage.wrap(
            _shell(score.predict or ""),
            places.own,
            reads=[cage.tree, places.data, *cage.linked(), *cage.prepared(), folder.artifacts, seen],
            house=folder.shelter(number),
            writes=[left],
            network=False,
            devices=cards,
        )
        told = {
            **shared,
            "ARCTL_INPUTS": str(seen),
            "ARCTL_PREDICTIONS": str(left),
            "ARCTL_RUN_FOLDER": str(left),
            "HOME": str(cage.home_of(folder.shelter(number))),
        }
        order = {"source": str(left), "target": str(folder.taken / str(number)), "cap": score.size}
        found.append({**_stage(cage, "predict", words, places.own, told, score), "take": [order]})
    words = cage.wrap(
        _shell(score.command),
        places.trusted,
        reads=[*open_to_scorer, folder.taken],
        house=folder.house,
        writes=[folder.scorer],
        network=False,
        trusted=True,
        devices=cards,
    )
    told = {**trusted, "ARCTL_PREDICTIONS": str(folder.taken)}
    found.append({**_stage(cage, "score", words, places.trusted, told, score), "log": "score"})
    return found


def _shell(command: str) -> list[str]:
    return ["/bin/sh", "-c", command]


def _stage(
    cage: Cage, name: str, words: list[str], cwd: Path, env: dict[str, str], score: Score | None = None
) -> Stage:
    run = cage.spec.run
    return {
        "name": name,
        "argv": words,
        "cwd": str(cwd),
        "env": env,
        "timeout": run.timeout if score is None else score.timeout,
        "stall": run.stall if score is None else None,
        "memory": cage.spec.sandbox.memory,
    }
