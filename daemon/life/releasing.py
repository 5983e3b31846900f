"""What becomes of the work when a turn on it ends without an answer. Pure."""

from __future__ import annotations

from collections.abc import Collection

from arctl.daemon.actions import Step, StopTurn
from arctl.daemon.life.closing import close
from arctl.daemon.marks import Rest
from arctl.daemon.rows import (
    Event,
    ExperimentState,
    Move,
    ProposalState,
    Turn,
    TurnState,
    Verdict,
    bump,
)
from arctl.daemon.state import State

#: Turns in vain after which an idea waits for a person instead of a further try.
TRIES = 2


def withdrawn(
    state: State, turn: Turn, reason: str, now: float, actor: str = "", *, gone: Collection[str] = ()
) -> Step:
    """End a turn for whose answer nobody waits any more; what was being written is somebody else's again.

    `gone` are the proposals of which the caller says itself what becomes of them.
    """
    text = f"{turn.id} ({turn.move} by {turn.agent}) is withdrawn: {reason}"
    data = {"agent": turn.agent, "move": turn.move.value, "subject": turn.subject}
    step = Step(
        rows=[bump(turn, state=TurnState.WITHDRAWN, ended=now, note=reason)],
        events=[Event("turn.withdrawn", turn.campaign, turn.id, text, actor, data)],
        actions=[StopTurn(turn.id)],
    )
    if turn.move is Move.IMPLEMENT and turn.subject not in gone:
        step.extend(released(state, turn, now, counted=False))
    return step


def released(state: State, turn: Turn, now: float, *, parked: str = "", counted: bool = True) -> Step:
    """Return a turn's subject to the queue.

    `parked` says why nobody is to try it again by itself; a try that failed through no fault of the idea or
    its agent is not `counted`.
    """
    if turn.move is Move.IMPLEMENT:
        return _unwritten(state, turn, parked, counted)
    if turn.move is Move.REPAIR:
        return _unrepaired(state, turn, parked, counted, now)
    if turn.move is Move.PROPOSE and turn.subject:
        return _unrevised(state, turn, parked, counted)
    return Step()


def _unwritten(state: State, turn: Turn, parked: str, counted: bool) -> Step:
    row = state.proposals.get(turn.subject)
    if row is None or row.state is not ProposalState.CLAIMED:
        return Step()
    tries = row.tries + counted
    why = parked or (f"{tries} turns on it ended without a change" if tries >= TRIES else "")
    new = ProposalState.PARKED if why else ProposalState.READY
    text = f"{row.id} {row.title} is {new}" + (f": {why}" if why else " again")
    event = Event("proposal.released", row.campaign, row.id, text, turn.agent)
    return Step(rows=[bump(row, state=new, tries=tries, reason=why)], events=[event])


def _unrepaired(state: State, turn: Turn, parked: str, counted: bool, now: float) -> Step:
    row = state.experiments.get(turn.subject)
    if row is None or row.state is not ExperimentState.REPAIRING:
        return Step()
    proposal = state.proposals[row.proposal]
    tries = proposal.tries + counted
    if not parked and tries < TRIES:
        return Step(rows=[bump(proposal, tries=tries)])
    why = _in_vain(row.reason, "not repaired", parked)
    return close(state, row, Verdict.CRASHED, why, now, actor=turn.agent)


def _in_vain(reason: str, end: str, parked: str) -> str:
    """Say why something was wanted, and how that ended."""
    said = f"{reason}; {end}" if reason else end
    return f"{said}: {parked}" if parked else said


def _unrevised(state: State, turn: Turn, parked: str, counted: bool) -> Step:
    row = state.proposals.get(turn.subject)
    if row is None or row.state is not ProposalState.OBJECTED:
        return Step()
    tries = row.tries + counted
    if not parked and tries < TRIES:
        return Step(rows=[bump(row, tries=tries)])
    why = _in_vain(row.reason, "not written anew", parked)
    text = f"{row.id} {row.title} is withdrawn: {why}"
    event = Event("proposal.withdrawn", row.campaign, row.id, text, turn.agent)
    return Step(rows=[bump(row, state=ProposalState.WITHDRAWN, reason=why)], events=[event])


def woken(state: State, campaign: str) -> Step:
    """Have everybody asked again: what troubled an agent may be mended, what it did not know may be there."""
    step = Step()
    for agent in state.company.agents_of(campaign):
        step.marks.extend((Rest(agent.id, 0.0), Rest(agent.id, 0.0, ideas=True)))
        if agent.trouble or agent.exhausted or agent.failures or agent.fruitless or agent.declined:
            step.rows.append(bump(agent, trouble="", exhausted="", failures=0, fruitless=0, declined=""))
    return step
