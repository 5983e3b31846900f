"""A turn is a lease: when it runs out, or nobody waits for it any more, the work returns to the queue."""

from __future__ import annotations

from arctl.daemon.actions import Step, StopTurn
from arctl.daemon.life.releasing import released
from arctl.daemon.rows import AgentState, Event, Turn, TurnState, bump
from arctl.daemon.state import State

#: Seconds of silence after which a member from outside counts as gone.
SILENCE = 3600.0


def expire(state: State, now: float) -> Step:
    """End the first lease that ran out."""
    for campaign in state.campaigns:
        for turn in state.company.asked(campaign):
            if now > turn.expires:
                return lose(state, turn, "its lease ran out", now)
        if step := _gone(state, campaign, now):
            return step
    return Step()


def _gone(state: State, campaign: str, now: float) -> Step:
    """Let a silent member from outside go, so that nobody waits for what it left open."""
    for agent in state.company.agents_of(campaign):
        if not agent.outside or agent.state is not AgentState.ACTIVE or now <= agent.seen + SILENCE:
            continue
        if state.company.turn_of(agent) is None:
            # Its team is kept: under the same name it comes back to it.
            text = f"{agent.name} has not been heard of for {SILENCE / 3600:g} h and counts as gone"
            row = bump(agent, state=AgentState.RETIRED)
            return Step(rows=[row], events=[Event("agent.retired", campaign, agent.id, text)])
    return Step()


def lose(state: State, turn: Turn, reason: str, now: float, *, counted: bool = True) -> Step:
    """Give a turn up as lost and return what it was about to the queue; `counted` as a try in vain or not."""
    row = bump(turn, state=TurnState.LOST, ended=now, note=reason)
    text = f"the turn of {turn.agent} ({turn.move} {turn.subject}) is lost: {reason}"
    step = Step(rows=[row], actions=[StopTurn(turn.id)])
    step.events.append(Event("turn.lost", turn.campaign, turn.id, text))
    agent = state.company.named(turn.campaign, turn.agent)
    # A stranger's silence says nothing about the idea.
    step.extend(released(state, turn, now, counted=counted and (agent is None or not agent.outside)))
    return step
