"""What people's words do to a proposal: an objection blocks it, a revision or endorsements free it. Pure."""

from __future__ import annotations

from arctl.daemon.rows import Critique, Proposal, ProposalState, Stance, bump
from arctl.daemon.state import State

#: Endorsements that lift an objection which its author did not answer.
LIFTING = 2


def weighed(row: Proposal, critiques: list[Critique]) -> ProposalState:
    """Return where a proposal stands, by each person's latest word; its author's own does not count."""
    latest = {
        (item.by_hand, item.author): item.stance
        for item in critiques
        if not item.lifted and (item.by_hand, item.author) != (row.by_hand, row.agent)
    }
    endorsed = sum(stance is Stance.ENDORSE for stance in latest.values())
    blocked = any(stance is not Stance.ENDORSE for stance in latest.values())
    if blocked and endorsed < LIFTING:
        return ProposalState.OBJECTED
    return ProposalState.READY if latest else ProposalState.PENDING


def blocked(item: Critique) -> bool:
    """Tell whether a word is an objection that stands."""
    return not item.lifted and item.stance is not Stance.ENDORSE


def answered(state: State, subject: str, how: str = "revised") -> list[Critique]:
    """Return the standing objections to a direction or proposal, lifted since it was written anew."""
    return [bump(item, lifted=how) for item in state.company.critiques_on(subject) if blocked(item)]


def let(state: State, row: Proposal) -> bool:
    """Tell whether people let a proposal run: they agreed where that is asked for, and do not hold it."""
    if state.spec(row.campaign).policy.approve and not row.approved and not row.urgent:
        return False
    team = state.company.teams.get(row.team)
    direction = state.company.directions.get(row.direction)
    return not (team is not None and team.held) and not (direction is not None and direction.held)
