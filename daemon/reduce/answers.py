"""What each move's answer becomes: directions, proposals, critiques, changes; the rest of it is ignored."""

from __future__ import annotations

import dataclasses

from arctl.daemon.actions import BuildCommit, Step
from arctl.daemon.life import proposing
from arctl.daemon.life.binding import axis_is_dead
from arctl.daemon.life.changes import misshapen
from arctl.daemon.life.releasing import TRIES, released
from arctl.daemon.life.talking import say
from arctl.daemon.life.weighing import weighed
from arctl.daemon.rows import (
    ALIVE,
    STANCES,
    Agent,
    Critique,
    Direction,
    DirectionState,
    DirectiveState,
    Discussion,
    Event,
    ExperimentState,
    Json,
    Move,
    PostKind,
    Proposal,
    ProposalState,
    Role,
    Stance,
    Turn,
    bump,
)
from arctl.daemon.state import Ids, State
from arctl.daemon.turns import DirectionDraft, Opinion, Reply
from arctl.experiments.effects import covers
from arctl.text import clean, clean_block

#: Directions of one answer, axes of one direction, opinions of one answer that are taken.
MAX_DIRECTIONS = 3
MAX_AXES = 12
MAX_OPINIONS = 32


def taken(state: State, ids: Ids, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    """Take what the turn's move asked for."""
    match turn.move:
        case Move.DISCUSS:
            return _discussed(state, ids, agent, turn, reply, now)
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


# -- discussion ------------------------------------------------------------------------------------------


def _discussed(state: State, ids: Ids, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    step = Step()
    discussion = state.company.discussions.get(turn.subject)
    if discussion is None or discussion.closed is not None:
        return step
    step.rows.append(bump(discussion, answers=discussion.answers + 1))
    known = list(state.company.all_directions(turn.campaign))
    for draft in reply.directions[:MAX_DIRECTIONS]:
        found = _direction(state, ids, agent, discussion, draft, known, now)
        step.extend(found)
        made = {row.id: row for row in found.rows if isinstance(row, Direction)}
        known = [row for row in known if row.id not in made] + list(made.values())
    for opinion in reply.opinions[:MAX_OPINIONS]:
        row = state.company.directions.get(opinion.subject)
        if opinion.stance not in STANCES or row is None or row.made_by(agent.name):
            continue
        if row.campaign == turn.campaign:
            step.extend(_opinion(state, ids, agent, opinion, discussion.thread, now))
    return step


def _direction(
    state: State,
    ids: Ids,
    agent: Agent,
    discussion: Discussion,
    draft: DirectionDraft,
    known: list[Direction],
    now: float,
) -> Step:
    """Write a direction down, or in its place the one that was objected to; refuse what is closed."""
    axes = tuple(dict.fromkeys(axis for item in draft.axes[:MAX_AXES] if (axis := clean(str(item), 120))))
    title = clean(str(draft.title), 200) or ", ".join(axes) or "untitled"
    own = _objected(state, agent, known) if discussion.round > 1 else None
    # What is written anew may be over the axes that it was over before.
    others = [row for row in known if own is None or row.id != own.id]
    why = _closed(state, agent.campaign, axes, others) if axes else ""
    if own is None and 1 < discussion.round == discussion.rounds:
        why = why or "nobody could judge it any more in the last round"
    if why:
        text = f"{agent.name}'s direction {title} is refused: {why}"
        return Step(events=[Event("direction.refused", agent.campaign, discussion.id, text, agent.name)])
    words = {
        "title": title,
        "hypothesis": clean_block(str(draft.hypothesis))[:2000],
        "axes": axes,
        "prediction": clean_block(str(draft.prediction))[:1000],
        "falsifier": clean_block(str(draft.falsifier))[:1000],
        "first": tuple(clean(str(item), 300) for item in draft.first[:8]),
    }
    step = Step()
    if own is not None:
        row = bump(own, **words)
        for item in state.company.critiques_on(own.id):
            if not item.lifted and item.stance is not Stance.ENDORSE:
                step.rows.append(bump(item, lifted="revised"))
        kind = "direction.revised"
    else:
        row = Direction(
            id=ids.new("h")[0],
            campaign=agent.campaign,
            created=now,
            author=agent.name,
            discussion=discussion.id,
            **words,  # type: ignore[arg-type]  # each under its own name
        )
        kind = "direction.proposed"
    text = f"{row.id} {title}: {row.hypothesis}"
    data = {"axes": list(axes), "prediction": row.prediction, "falsifier": row.falsifier}
    step.rows.append(row)
    step.events.append(Event(kind, agent.campaign, row.id, text, agent.name, data))
    told = f"{title}: {row.hypothesis}\nIt predicts: {row.prediction}\nIt is wrong if: {row.falsifier}"
    step.extend(
        say(
            state, ids, agent.campaign, author=agent.name, kind=PostKind.DIRECTION, text=told, now=now,
            parent=discussion.thread, team=agent.team, links=[row.id],
        )
    )  # fmt: skip
    return step


def standing(state: State, ids: Ids, agent: Agent, draft: DirectionDraft, now: float) -> Step:
    """Write a direction down while nobody discusses any: it waits for a free team."""
    nobody = Discussion("", agent.campaign, now, "", now)
    known = list(state.company.all_directions(agent.campaign))
    step = _direction(state, ids, agent, nobody, draft, known, now)
    for index, row in enumerate(step.rows):
        if isinstance(row, Direction):
            step.rows[index] = dataclasses.replace(row, state=DirectionState.STANDING)
    renamed = {"direction.proposed": "direction.standing"}
    step.events[:] = [
        dataclasses.replace(event, kind=renamed.get(event.kind, event.kind)) for event in step.events
    ]
    return step


def _closed(state: State, campaign: str, axes: tuple[str, ...], known: list[Direction]) -> str:
    """Say why a direction over these axes may not be; empty where it may."""
    ends = state.dead_ends_of(campaign)
    dead = [axis for axis in axes if axis_is_dead(ends, axis)]
    if len(dead) == len(axes):
        return f"all of its axes are dead ends: {', '.join(dead)}"
    for row in known:
        if set(row.axes) != set(axes):
            continue
        if row.state in ALIVE:
            return f"{row.id} {row.title} is over the same axes: endorse it, or object"
        end = next((item for item in ends if item.direction == row.id), None)
        if end is not None:
            return f"{row.id} is closed as {end.id}: {end.reason}"
    return ""


def _objected(state: State, agent: Agent, known: list[Direction]) -> Direction | None:
    """Return the agent's own direction that somebody objects to and that was not written anew yet."""
    for row in known:
        if not row.made_by(agent.name) or row.state is not DirectionState.PROPOSED:
            continue
        if row != state.company.directions.get(row.id):
            # Written anew in this very answer, or new in it.
            continue
        for item in state.company.critiques_on(row.id):
            if not item.lifted and item.stance is not Stance.ENDORSE:
                return row
    return None


def _opinion(state: State, ids: Ids, agent: Agent, opinion: Opinion, thread: str, now: float) -> Step:
    """Write down what somebody thinks; objections are said in the forum, too."""
    stance = Stance(opinion.stance)
    reason = clean_block(str(opinion.reason))[:2000]
    links = tuple(clean(str(link), 40) for link in opinion.links[:16])
    row = Critique(ids.new("c")[0], agent.campaign, now, opinion.subject, agent.name, stance, reason, links)
    text = f"{agent.name}: {stance} {opinion.subject}: {clean(reason, 200)}"
    data = {"stance": stance.value}
    event = Event("critique.made", agent.campaign, opinion.subject, text, agent.name, data)
    step = Step(rows=[row], events=[event])
    if stance is not Stance.ENDORSE:
        words = f"{stance.value} {opinion.subject}: {reason}"
        step.extend(
            say(
                state, ids, agent.campaign, author=agent.name, kind=PostKind.CRITIQUE, text=words, now=now,
                parent=thread, team=agent.team, links=[opinion.subject, *links],
            )
        )  # fmt: skip
    return step


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
    step = _opinion(state, ids, agent, opinion, "", now)
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
