"""A brain that takes its time: the search brain, whose every thought takes `THOUGHT` seconds.

`plug_in` writes the metadata of an installed package into a folder: with that folder on its PYTHONPATH, a
daemon finds the brain as `kind = "slow"`.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from arctl.daemon.brains.search import SearchBrain
from arctl.daemon.rows import Move
from arctl.daemon.turns import Question, Reply


class SlowBrain(SearchBrain):
    """Thinks for a while before it proposes."""

    async def answer(self, question: Question) -> Reply:
        if question.move is Move.PROPOSE:
            await asyncio.sleep(float(os.environ["THOUGHT"]))
        return await super().answer(question)


def plug_in(folder: Path, thought: float) -> dict[str, str]:
    """Write the metadata of a package with this brain, and return the environment that finds it."""
    info = folder / "slow_brain-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-brain\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[arctl.brains]\nslow = tests.support.slow_brain:SlowBrain\n")
    return {"PYTHONPATH": f"{folder}:{Path(__file__).parents[2]}", "THOUGHT": str(thought)}
