"""The tables of ``arctl.toml`` that say what a run may see and do, and who computes its metric."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from arctl.experiments.durations import Seconds
from arctl.experiments.rules import Rule
from arctl.experiments.sizes import Size
from arctl.experiments.tables import Flag, Glob, Integer, Path, Table, Text

#: 3 is bubblewrap, 2 Landlock and limits, 1 limits only.
Level = Literal[1, 2, 3]


class Sandbox(Table):
    """What runs may see and do."""

    level: Level = Field(
        3,
        description="3: bubblewrap; 2: Landlock; 1: limits only, which `arctl start` must be allowed.",
    )
    network: Flag = Field(False, description="Whether runs may use the network.")
    read_only: tuple[Text, ...] = Field((), description="Further paths that runs may read.")
    writable: tuple[Text, ...] = Field((), description="Further paths that runs may write to.")
    hide: tuple[Text, ...] = Field(
        (),
        description="Paths that runs must not see although they lie in what they see, at level 3;"
        " `site-packages/…` is looked for in every installation.",
    )
    memory: Size | None = Field(
        None, ge=1, description="Memory that all processes of a run may hold together."
    )
    processes: Integer = Field(
        4096, ge=1, description="Processes and threads that a run may have, at level 3."
    )
    file_size: Size = Field(64 * 10**9, ge=1, description="Size of the largest file that a run may write.")
    shm: Size | None = Field(
        None, ge=1, description="Size of /dev/shm, at level 3; half of the memory by default."
    )


class Score(Table):
    """A metric computed outside of the experiment's reach, on data that no run has seen."""

    command: Text = Field(
        description="Trusted command that prints the metric; it runs in the files of the first commit."
    )
    artifacts: tuple[Path, ...] = Field(
        min_length=1, description="Files or folders that training leaves, and that are judged."
    )
    inputs: Text | None = Field(
        None,
        description="Trusted command that writes what predictions are made from, before each prediction.",
    )
    predict: Text | None = Field(
        None, description="The experiment's own command that makes predictions of artifacts and inputs."
    )
    passes: Integer = Field(
        1, ge=1, le=4, description="How often it predicts, each time from inputs of its own and alone."
    )
    hidden: tuple[Glob, ...] = Field(
        (), description="Globs of files of the repository that training and predicting do not see."
    )
    size: Size = Field(
        4 * 10**9, ge=1, description="Bytes that artifacts may have in all, and so predictions."
    )
    timeout: Seconds = Field(
        600.0, description="Time that predicting may take, and each trusted command likewise."
    )

    def rules(self) -> list[Rule]:
        """Inputs and passes are for a prediction."""
        if self.predict is not None:
            return []
        return [
            Rule(key, f"{key} needs predict.", 'Name the command: predict = "python predict.py".')
            for key, given in (("inputs", self.inputs is not None), ("passes", self.passes > 1))
            if given
        ]
