"""What each move's answer becomes: proposals, critiques, changes; the rest of it is ignored."""

from __future__ import annotations

from arctl.daemon.actions import BuildCommit, Step
from arctl.daemon.life import proposing
from arctl.daemon.life.changes import misshapen
from arctl.daemon.life.releasing import TRIES, released
from arctl.daemon.life.weighing import weighed
from arctl.daemon.reduce import discussing
from arctl.daemon.rows import (
    STANCES,
    Agent,
    Critique,
    DirectiveState,
    Event,
    ExperimentState,
    Json,
    Move,
    Proposal,
    ProposalState,
    Role,
    Turn,
    bump,
)
from arctl.daemon.state import Ids, State
from arctl.daemon.turns import Reply
from arctl.experiments.effects import covers
from arctl.text import clean


def taken(state: State, ids: Ids, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    """Take what the turn's move asked for."""
    match turn.move:
        case Move.DISCUSS:
            return discussing.discussed(state, ids, agent, turn, reply, now)
        case Move.PROPOSE if turn.subject:
            return _revised(state, ids, turn, reply, now)
        case Move.PROPOSE:
            return _proposed(state, ids, agent, turn, reply, now)
        case Move.CRITIQUE:
            return _critiqued(state, ids, agent, turn, reply, now)
        case Move.IMPLEMENT:
            return _implemented(state, turn, reply, now)
        case Move.REPAIR:
            return _repaired(state, agent, turn, reply, now)
        case Move.REFLECT:
            return Step()


# -- proposals -------------------------------------------------------------------------------------------


def _proposed(state: State, ids: Ids, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    """Admit what was proposed, on different axes; each draft is checked against those before it."""
    step = Step()
    campaign = state.campaigns[turn.campaign]
    team = state.company.teams.get(agent.team)
    direction = team.direction if team is not None else ""
    # Who was asked under another direction may have answered for that one.
    held = state.company.directions.get(direction)
    late = held.axes if held is not None and held.since > turn.created else ()
    heard = state.company.directives_for(agent)
    directive = next((row.id for row in reversed(heard) if row.state is not DirectiveState.DONE), "")
    axes: set[str] = set()
    sources: set[str] = set()
    for raw in reply.drafts[: turn.want]:
        draft = proposing.tidy(raw)
        why = misshapen(draft.change, idea=True)
        if late and not any(covers(axis, draft.axis) for axis in late):
            why = f"the direction is {direction} by now, which is about other axes"
        if (agent.role is not Role.SOLO and draft.axis and draft.axis in axes) or draft.source in sources:
            why = f"a second proposal on {clean(draft.axis, 120)} in one turn"
        if why:
            text = f"{clean(draft.title, 120)} is left out: {why}"
            step.events.append(Event("proposal.left_out", campaign.id, agent.id, text, agent.name))
            continue
        axes.add(draft.axis)
        sources |= {draft.source} - {""}
        step.extend(
            proposing.admit(
                state, ids, campaign, draft, author=agent.name, brain=agent.brain, base=turn.base, now=now,
                team=agent.team, direction=direction, directive=directive,
            )
        )  # fmt: skip
    return step


def _revised(state: State, ids: Ids, turn: Turn, reply: Reply, now: float) -> Step:
    row = state.proposals.get(turn.subject)
    if row is None or row.state is not ProposalState.OBJECTED:
        return Step()
    if not reply.drafts:
        return released(state, turn, now, parked="its author has no better words for it")
    if why := misshapen(reply.drafts[0].change, idea=True):
        return released(state, turn, now, parked=why)
    return proposing.revise(state, ids, row, reply.drafts[0], now)


def _critiqued(state: State, ids: Ids, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    """Weigh a critic's word; a critic without one is not asked for ever."""
    row = state.proposals.get(turn.subject)
    if row is None or row.state not in (ProposalState.PENDING, ProposalState.OBJECTED):
        return Step()
    mine = (item for item in reply.opinions if item.subject == row.id and item.stance in STANCES)
    opinion = next(mine, None)
    if opinion is None:
        return _no_word(row)
    step = discussing.voiced(state, ids, agent, opinion, "", now)
    critique = next(item for item in step.rows if isinstance(item, Critique))
    step.extend(judged(state, row, critique))
    author = None if row.by_hand else state.company.named(row.campaign, row.agent)
    ready = any(isinstance(item, Proposal) and item.state is ProposalState.READY for item in step.rows)
    if ready and author is not None and author.fruitless:
        step.rows.append(bump(author, fruitless=0))
    return step


def _no_word(row: Proposal) -> Step:
    """Let a proposal go on of which critics had nothing to say; an objection that stands goes on standing."""
    if row.state is not ProposalState.PENDING:
        return Step()
    if row.tries + 1 < TRIES:
        return Step(rows=[bump(row, tries=row.tries + 1)])
    text = f"{row.id} {row.title} is ready: its critics had nothing to say"
    event = Event("proposal.uncritiqued", row.campaign, row.id, text)
    return Step(rows=[bump(row, tries=0, uncritiqued=True, state=ProposalState.READY)], events=[event])


def judged(state: State, row: Proposal, critique: Critique) -> Step:
    """Return what one more critique makes of a proposal."""
    if row.state not in (ProposalState.PENDING, ProposalState.OBJECTED):
        return Step()
    new = weighed(row, [*state.company.critiques_on(row.id), critique])
    if new is row.state:
        return Step()
    reason = critique.reason if new is ProposalState.OBJECTED else ""
    text = f"{row.id} {row.title} is {new}" + (f": {reason}" if reason else "")
    event = Event(f"proposal.{new}", row.campaign, row.id, text, critique.author)
    # What critics tried in vain does not count against who writes it.
    return Step(rows=[bump(row, state=new, reason=reason, tries=0)], events=[event])


# -- code ------------------------------------------------------------------------------------------------


def usable(change: Json | None) -> bool:
    """Tell whether an answer holds a change that can be built; whether it applies is for git to say."""
    return change is not None and not misshapen(change)


def _implemented(state: State, turn: Turn, reply: Reply, now: float) -> Step:
    row = state.proposals.get(turn.subject)
    if row is None or row.state is not ProposalState.CLAIMED:
        return Step()
    if reply.change is None or not usable(reply.change):
        return released(state, turn, now)
    text = f"{turn.agent} wrote {row.id} {row.title}"
    event = Event("proposal.written", row.campaign, row.id, text, turn.agent)
    written = bump(row, state=ProposalState.READY, change=reply.change, tries=0)
    return Step(rows=[written], events=[event])


def _repaired(state: State, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    """Build a crashed experiment anew from the change that was mended."""
    row = state.experiments.get(turn.subject)
    if row is None or row.state is not ExperimentState.REPAIRING:
        return Step()
    if reply.change is None or not usable(reply.change):
        return released(state, turn, now, parked=f"{agent.name} found no repair")
    proposal = bump(state.proposals[row.proposal], change=reply.change, tries=0)
    row = bump(
        row,
        state=ExperimentState.BUILDING,
        repairs=row.repairs + 1,
        reason="",
        commit="",
        tree="",
        params={},
        values=(),
        metrics={},
    )
    text = f"{agent.name} repaired {row.id} {row.title}, try {row.repairs}"
    event = Event("experiment.repaired", row.campaign, row.id, text, agent.name)
    foundation = state.experiments[row.base]
    base = foundation.promoted or foundation.commit
    build = BuildCommit(state.campaigns[row.campaign], row, proposal, base)
    return Step(rows=[proposal, row], events=[event], actions=[build])
