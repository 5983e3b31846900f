"""A brain that asks a language model for each proposal, and nothing else; plugged in by an entry point.

`plug_in` writes the metadata of an installed package into a folder: with that folder on its PYTHONPATH, a
daemon finds the brain as `kind = "calling"`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arctl.daemon.rows import Move
from arctl.daemon.thought import ModelRequest, Services
from arctl.daemon.turns import Draft, Question, Reply
from arctl.experiments.company import Brain as Settings

TOOL = {"name": "propose", "description": "Propose.", "input_schema": {"type": "object"}}


class CallingBrain:
    """Takes each proposal from one call's tool use."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services

    async def answer(self, question: Question) -> Reply:
        if question.move is not Move.PROPOSE:
            return Reply()
        reply = await self._services.model(
            ModelRequest(
                question.campaign.id,
                question.agent.name,
                question.turn.id,
                self._settings,
                ({"type": "text", "text": "Propose a learning rate.", "cache": "1h"},),
                ({"role": "user", "content": f"The values are {question.params}."},),
                (TOOL,),
            )
        )
        used = [block["input"] for block in reply.content if block["type"] == "tool_use"]
        return Reply(drafts=tuple(_draft(given) for given in used))


def _draft(values: dict[str, Any]) -> Draft:
    title = ", ".join(f"{name} = {value}" for name, value in values.items())
    axis = next(iter(values))
    return Draft(title, {"kind": "params", "values": values}, "It helps.", axis, "replace", source=title)


def plug_in(folder: Path) -> dict[str, str]:
    """Write the metadata of a package with this brain, and return the environment that finds it."""
    info = folder / "calling_brain-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: calling-brain\nVersion: 1.0\n")
    entry = "[arctl.brains]\ncalling = tests.support.calling_brain:CallingBrain\n"
    (info / "entry_points.txt").write_text(entry)
    return {"PYTHONPATH": f"{folder}:{Path(__file__).parents[2]}"}
