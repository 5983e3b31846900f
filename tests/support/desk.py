"""A place for a `command` brain to work: a real repository, real services, questions as agents get them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arctl.daemon.brains.command import CommandBrain
from arctl.daemon.rows import Agent, Campaign, CampaignState, Experiment, Move, Proposal, Role, Turn
from arctl.daemon.rows.states import ExperimentState
from arctl.daemon.thought import BrainFault, ModelReply, ModelRequest, Services
from arctl.daemon.turns import Past, Question, Reply
from arctl.daemon.workspace import Archive
from arctl.experiments.company import Brain as Settings
from arctl.paths import Home
from tests.support.campaigns import git, make_repo

AGENT = Path(__file__).with_name("fake_agent.py")


async def no_model(request: ModelRequest) -> ModelReply:
    raise BrainFault("none", "there is no model here")


@dataclass
class Stage:
    """One campaign `toy` and the state folder of a daemon that does not run."""

    home: Home
    repo: Path
    prefix: str = ""
    env: dict[str, str] = field(default_factory=dict)
    log: str = ""
    beats: list[str] = field(default_factory=list)
    turns: int = 0

    @property
    def scratch(self) -> Path:
        return self.home.root / "scratch"

    @property
    def bare(self) -> Path:
        return self.home.campaign("toy") / "repo.git"

    @property
    def commit(self) -> str:
        return git(self.bare, "rev-parse", "HEAD")

    def services(self) -> Services:
        async def log_tail(run: str, size: int) -> str:
            return self.log

        async def forum(campaign: str, query: str, limit: int) -> list[dict[str, Any]]:
            return []

        async def experiment(campaign: str, name: str) -> dict[str, Any] | None:
            return None

        return Services(
            no_model, Archive(self.home), forum, log_tail, experiment, self.scratch, self.beats.append
        )

    def settings(self, *options: str, **changes: Any) -> Settings:
        """Return the settings of a brain that runs the scripted agent."""
        command = (sys.executable, str(AGENT), *options)
        return Settings(**{"kind": "command", "command": command, "timeout": 60.0, **changes})

    def question(self, move: Move, settings: Settings, **changes: Any) -> Question:
        """Return what an agent is asked on the champion of the campaign."""
        self.turns += 1
        campaign = Campaign(
            "toy", str(self.repo), (self.repo / self.prefix / "arctl.toml").read_text(),
            CampaignState.RUNNING, 0.0, prefix=self.prefix, env=self.env, objective="Lower the loss.",
        )  # fmt: skip
        agent = Agent("a1", "toy", "ada", Role.ANALYST, "command", 0.0, notes="I was here.")
        values: dict[str, Any] = {
            "turn": Turn(f"q{self.turns}", "toy", "ada", move, 0.0, 1.0, base="e1"),
            "campaign": campaign,
            "agent": agent,
            "move": move,
            "settings": settings,
            "base": "e1",
            "commit": self.commit,
            "params": {"LR": 0.01, "WIDTH": 32},
            "history": (Past("e1", "baseline", "", "baseline", {"LR": 0.01, "WIDTH": 32}, 1.3),),
            "want": 2,
        }
        return Question(**{**values, **changes})

    async def ask(self, move: Move, *options: str, of: dict[str, Any] | None = None, **changes: Any) -> Reply:
        """Put a question to a brain; options are the scripted agent's, `changes` those of the settings."""
        settings = self.settings(*options, **changes)
        brain = CommandBrain(settings, self.services())
        return await brain.answer(self.question(move, settings, **(of or {})))

    def apply(self, patch: str, commit: str = "") -> str:
        """Return train.py with a patch of the campaign's folder applied."""
        folder = self.home.root / f"applied{self.turns}"
        git(self.bare, "worktree", "add", "--quiet", "--detach", str(folder), commit or self.commit)
        (self.home.root / "the.patch").write_text(patch)
        where = [f"--directory={self.prefix.rstrip('/')}"] if self.prefix else []
        git(folder, "apply", *where, str(self.home.root / "the.patch"))
        return (folder / self.prefix / "train.py").read_text()


def stage(tmp_path: Path, *, prefix: str = "", **more: Any) -> Stage:
    """Make a campaign's repository, and the daemon's own copy of it."""
    home = Home(tmp_path / "arctl")
    repo = tmp_path / "repo"
    made = make_repo(repo / prefix if prefix else repo, **more)
    if prefix:
        # The repository is the folder above.
        (made / ".git").rename(repo / ".git")
        git(repo, "add", "--all")
        git(repo, "commit", "--quiet", "--message=below")
    bare = home.campaign("toy") / "repo.git"
    bare.parent.mkdir(parents=True)
    git(repo, "clone", "--quiet", "--bare", str(repo), str(bare))
    (home.root / "scratch").mkdir()
    return Stage(home, repo, prefix)


def proposal(title: str = "LR at 0.02", **changes: Any) -> Proposal:
    values: dict[str, Any] = {
        "id": "p1", "campaign": "toy", "created": 0.0, "agent": "bob", "brain": "command", "title": title,
        "change": {"kind": "idea"}, "base": "e1", "axis": "LR",
        "hypothesis": "The champion is beside the optimum; set LR to 0.02 to see.",
    }  # fmt: skip
    return Proposal(**{**values, **changes})


def experiment(**changes: Any) -> Experiment:
    values: dict[str, Any] = {
        "id": "e2", "campaign": "toy", "number": 2, "created": 0.0, "state": ExperimentState.REPAIRING,
        "title": "LR at 0.02",
    }  # fmt: skip
    return Experiment(**{**values, **changes})
