"""A question and services for brains, without a daemon: plain data, and a repository in memory."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from arctl.daemon.rows import (
    Agent,
    Campaign,
    CampaignState,
    Json,
    Move,
    Role,
    Turn,
)
from arctl.daemon.thought import ModelReply, ModelRequest, Services
from arctl.daemon.turns import Past, Question
from arctl.experiments.company import Brain
from tests.support.campaigns import SCRIPT, SPEC

TOML = SPEC.format(name="toy", command="python3 train.py", experiments=6)
FILES = {"train.py": SCRIPT, "evaluate.py": "# protected\n", "arctl.toml": TOML}
BASELINE = Past("e1", "baseline", "", "baseline", {"LR": 0.01, "WIDTH": 32}, 1.3)


class Shelf:
    """A library of commits held in memory: `{commit: {path: text}}`."""

    def __init__(self, commits: dict[str, dict[str, str]] | None = None) -> None:
        self.commits = commits or {"c1": dict(FILES)}

    async def paths(self, campaign: str, commit: str) -> list[str]:
        return sorted(self.commits[commit])

    async def file(self, campaign: str, commit: str, path: str) -> str | None:
        return self.commits[commit].get(path)

    async def export(self, campaign: str, commit: str, folder: Path) -> None:
        raise NotImplementedError

    async def changes(self, campaign: str, commit: str, folder: Path) -> str:
        raise NotImplementedError

    async def diff(self, campaign: str, old: str, new: str) -> str:
        before, after = self.commits[old], self.commits[new]
        parts = []
        for path in sorted({*before, *after}):
            texts = [files.get(path, "").splitlines(keepends=True) for files in (before, after)]
            parts += difflib.unified_diff(*texts, f"a/{path}", f"b/{path}")
        return "".join(parts)


def unasked(request: ModelRequest) -> Awaitable[ModelReply]:
    raise AssertionError("no model was to be called")


@dataclasses.dataclass
class Stage:
    """Services whose answers a test sets, and which remember the beats."""

    model: Callable[[ModelRequest], Awaitable[ModelReply]] = unasked
    shelf: Shelf = dataclasses.field(default_factory=Shelf)
    log: str = ""
    found: list[Json] = dataclasses.field(default_factory=list)
    experiments: dict[str, Json] = dataclasses.field(default_factory=dict)
    beats: list[str] = dataclasses.field(default_factory=list)

    @property
    def services(self) -> Services:
        async def forum(campaign: str, query: str, limit: int) -> list[Json]:
            return self.found[:limit]

        async def log_tail(run: str, size: int) -> str:
            return self.log[-size:]

        async def experiment(campaign: str, ident: str) -> Json | None:
            return self.experiments.get(ident)

        return Services(
            model=self.model,
            library=self.shelf,
            forum=forum,
            log_tail=log_tail,
            experiment=experiment,
            scratch=Path("/nowhere"),
            beat=self.beats.append,
        )


def settings(**changes: Any) -> Brain:
    values = {"kind": "anthropic", "model": "fake-model", "base_url": "http://127.0.0.1:1", "steps": 8}
    return Brain.model_validate({**values, **changes})


def campaign(extra: str = "", **changes: Any) -> Campaign:
    made = Campaign(
        "toy",
        "/nowhere",
        TOML + extra,
        CampaignState.RUNNING,
        1.0,
        champion="e1",
        objective="Make val_loss small.",
    )
    return dataclasses.replace(made, **changes)


def question(move: Move | str, **changes: Any) -> Question:
    values: dict[str, Any] = {
        "turn": Turn("q1", "toy", "ada", Move(move), 1.0, 2.0),
        "campaign": campaign(),
        "agent": Agent("a1", "toy", "ada", Role.SOLO, "anthropic", 1.0),
        "move": Move(move),
        "settings": settings(),
        "base": "e1",
        "commit": "c1",
        "params": {"LR": 0.01, "WIDTH": 32},
        "history": (BASELINE,),
        "want": 2,
    }
    return Question(**{**values, **changes})
