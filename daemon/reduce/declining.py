"""An agent declined what it was asked for: that is shown once, and it is not asked for it in a loop."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.releasing import released
from arctl.daemon.life.talking import say
from arctl.daemon.reduce import answers
from arctl.daemon.rows import Agent, Event, Move, PostKind, Turn
from arctl.daemon.state import Ids, State
from arctl.daemon.turns import Reply
from arctl.text import clean

#: How the reason of an idea begins that is set aside because nobody would write it.
DECLINED = "declined: "
#: Moves of which nothing but the agent remembers that they were declined.
KEPT = frozenset({Move.PROPOSE, Move.CRITIQUE, Move.DISCUSS})
#: The newest posts among which an earlier word on a refusal is looked for.
RECENT = 500


def declined(state: State, ids: Ids, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    """Show a refusal and park what it was about: it is never asked for again in a loop."""
    why = clean(str(reply.declined), 500)
    text = f"{_begins(agent.name)}{what(turn)}): {why}"
    step = Step(events=[Event("turn.declined", turn.campaign, turn.subject or agent.id, text, agent.name)])
    step.extend(_said(state, ids, agent, turn, text, now))
    step.extend(released(state, turn, now, parked=f"{DECLINED}{why}"))
    if turn.move in (Move.CRITIQUE, Move.DISCUSS):
        # Nothing to say is a word, too: who declines is not asked for the same again.
        step.extend(answers.taken(state, ids, agent, turn, Reply(), now))
    return step


def what(turn: Turn) -> str:
    """Return what an agent was asked for, as `critique p3`."""
    return f"{turn.move} {turn.subject}".strip()


def kept(agent: Agent, turn: Turn, reply: Reply) -> str:
    """Return what an agent is known to have declined last, after one more answer of it."""
    if reply.declined and turn.move in KEPT:
        return f"{what(turn)}: {clean(str(reply.declined), 500)}"
    return "" if agent.declined.startswith(turn.move) else agent.declined


def _begins(name: str) -> str:
    return f"{name} declined ("


def _said(state: State, ids: Ids, agent: Agent, turn: Turn, text: str, now: float) -> Step:
    """Say it in the one thread that a campaign has for refusals; what was said there is not said again."""
    told = [
        post
        for post in state.company.latest_posts(turn.campaign, RECENT)
        if post.kind is PostKind.NOTE and post.text.startswith(_begins(post.author))
    ]
    if any(post.text == text for post in told):
        return Step()
    return say(
        state, ids, turn.campaign, author=agent.name, kind=PostKind.NOTE, text=text, now=now,
        parent=told[-1].thread if told else "", team=agent.team, links=[turn.subject] if turn.subject else [],
    )  # fmt: skip
