"""What answers in a discussion become: directions, written anew or refused, and what others think of them."""

from __future__ import annotations

import dataclasses

from arctl.daemon.actions import Step
from arctl.daemon.life.binding import axis_is_dead
from arctl.daemon.life.talking import say
from arctl.daemon.life.weighing import answered
from arctl.daemon.rows import (
    ALIVE,
    STANCES,
    Agent,
    Critique,
    Direction,
    DirectionState,
    Discussion,
    Event,
    PostKind,
    Stance,
    Turn,
    bump,
)
from arctl.daemon.state import Ids, State
from arctl.daemon.turns import DirectionDraft, Opinion, Reply
from arctl.text import clean, clean_block

#: Directions of one answer, axes of one direction, opinions of one answer that are taken.
MAX_DIRECTIONS = 3
MAX_AXES = 12
MAX_OPINIONS = 32


def discussed(state: State, ids: Ids, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    """Take directions and opinions on them in, as long as the discussion goes on."""
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
            step.extend(voiced(state, ids, agent, opinion, discussion.thread, now))
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
        step.rows.extend(answered(state, own.id))
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


def voiced(state: State, ids: Ids, agent: Agent, opinion: Opinion, thread: str, now: float) -> Step:
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
