"""What a member says in the forum."""

from __future__ import annotations

from arctl.daemon.life.talking import bounded, say
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.reduce.members.base import Visited, paced, the_visit
from arctl.daemon.rows import Post, PostKind
from arctl.errors import RefusedError, UsageError
from arctl.text import clean

#: Kinds of posts that a member may write; a question waits for a person.
SPOKEN = {
    kind.value: kind for kind in (PostKind.NOTE, PostKind.QUESTION, PostKind.ANSWER, PostKind.REFLECTION)
}


def post(request: Request) -> Visited:
    """Write a post; an agent's answer stands beside a question, but only a person's closes it."""
    visit = the_visit(request, over=True)
    paced(visit)
    word = request.word("kind") or PostKind.NOTE.value
    if word not in SPOKEN:
        msg = f"there is no kind of post called {clean(word, 40)!r}"
        raise UsageError(msg, f"use {', '.join(SPOKEN)}")
    text = str(request.fact.data.get("text") or "")
    if not bounded(text):
        raise UsageError("there is nothing to say", "give the words as text")
    parent = request.word("parent")
    above = request.state.company.posts.get(parent)
    if parent and (above is None or above.campaign != visit.campaign.id):
        msg = f"{visit.campaign.id} has no post {clean(parent, 40)!r}"
        raise RefusedError(msg, "the forum lists them; leave it out to begin a thread")
    kind = SPOKEN[word]
    step = say(
        request.state, request.ids, visit.campaign.id, author=visit.agent.name, kind=kind, text=text,
        now=request.now, parent=parent, team=visit.agent.team, links=request.words("links"),
        waits=kind is PostKind.QUESTION,
    )  # fmt: skip
    row = next(row for row in step.rows if isinstance(row, Post))
    return visit.done(step, post=row.id, thread=row.thread)
