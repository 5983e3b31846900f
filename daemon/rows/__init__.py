"""The rows: one frozen dataclass for each table of current state, written whole at every change."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from arctl.daemon.rows.community import OUTSIDE, Agent, Critique, Direction, Discussion, Team, Turn
from arctl.daemon.rows.record import CurvePoint, Event, Json, Result
from arctl.daemon.rows.states import (
    ACCIDENTS,
    ACTIVE,
    ALIVE,
    JUDGED,
    PROPOSED,
    REQUEUE,
    SERVICE_ORDER,
    STANCES,
    TELLING,
    UNTRIED,
    WAITING,
    AgentState,
    CallState,
    CampaignState,
    DirectionState,
    DirectiveState,
    ExperimentState,
    Move,
    Outcome,
    PostKind,
    ProposalState,
    Purpose,
    Role,
    RunState,
    Stance,
    TeamState,
    TurnState,
    Verdict,
)
from arctl.daemon.rows.talk import Call, Deed, Directive, Hold, Post, Quarantine
from arctl.daemon.rows.work import Campaign, DeadEnd, Experiment, Proposal, Run

Row = (
    Campaign
    | Proposal
    | Experiment
    | Run
    | DeadEnd
    | Agent
    | Team
    | Direction
    | Discussion
    | Turn
    | Critique
    | Post
    | Directive
    | Deed
    | Call
    | Hold
    | Quarantine
)
R = TypeVar(
    "R",
    Campaign,
    Proposal,
    Experiment,
    Run,
    DeadEnd,
    Agent,
    Team,
    Direction,
    Discussion,
    Turn,
    Critique,
    Post,
    Directive,
    Deed,
    Call,
    Hold,
    Quarantine,
)

#: Each kind of row, its table, and the letter with which its ids begin; others are named by people.
TABLES: dict[type[Any], str] = {
    Campaign: "campaigns",
    Proposal: "proposals",
    Experiment: "experiments",
    Run: "runs",
    DeadEnd: "dead_ends",
    Agent: "agents",
    Team: "teams",
    Direction: "directions",
    Discussion: "discussions",
    Turn: "turns",
    Critique: "critiques",
    Post: "posts",
    Directive: "directives",
    Deed: "deeds",
    Call: "calls",
    Hold: "holds",
    Quarantine: "quarantines",
}
LETTERS: dict[type[Any], str] = {
    Proposal: "p",
    Experiment: "e",
    Run: "r",
    DeadEnd: "d",
    Agent: "a",
    Team: "t",
    Direction: "h",
    Discussion: "s",
    Turn: "q",
    Critique: "c",
    Post: "m",
    Directive: "i",
    Deed: "u",
    Call: "k",
}


def bump(row: R, **changes: Any) -> R:
    """Return the row with `changes` and its revision one higher."""
    return dataclasses.replace(row, rev=row.rev + 1, **changes)


__all__ = [
    "ACCIDENTS",
    "ACTIVE",
    "ALIVE",
    "JUDGED",
    "LETTERS",
    "OUTSIDE",
    "PROPOSED",
    "REQUEUE",
    "SERVICE_ORDER",
    "STANCES",
    "TABLES",
    "TELLING",
    "UNTRIED",
    "WAITING",
    "Agent",
    "AgentState",
    "Call",
    "CallState",
    "Campaign",
    "CampaignState",
    "Critique",
    "CurvePoint",
    "DeadEnd",
    "Deed",
    "Direction",
    "DirectionState",
    "Directive",
    "DirectiveState",
    "Discussion",
    "Event",
    "Experiment",
    "ExperimentState",
    "Hold",
    "Json",
    "Move",
    "Outcome",
    "Post",
    "PostKind",
    "Proposal",
    "ProposalState",
    "Purpose",
    "Quarantine",
    "R",
    "Result",
    "Role",
    "Row",
    "Run",
    "RunState",
    "Stance",
    "Team",
    "TeamState",
    "Turn",
    "TurnState",
    "Verdict",
    "bump",
]
