"""How posts of the forum begin, and what is said when one is written: shared by all who talk there. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from arctl.daemon.actions import Step
from arctl.daemon.rows import (
    Campaign,
    CampaignState,
    DirectionState,
    Discussion,
    Event,
    Move,
    Post,
    PostKind,
    Role,
    bump,
)
from arctl.daemon.state import Ids, State
from arctl.text import clean, clean_block

#: The longest post that is kept, and how much of it an event repeats.
MAX_POST = 20_000
MAX_SAID = 160
#: Ids that one post may speak of.
MAX_LINKS = 32


def new_post(
    state: State,
    ids: Ids,
    campaign: str,
    *,
    author: str,
    kind: PostKind,
    text: str,
    now: float,
    parent: str = "",
    team: str = "",
    links: Iterable[str] = (),
    waits: bool = False,
) -> Post:
    """Make a post of foreign words: escapes are taken out, its length is bounded.

    A reply joins the thread of its parent; a parent that is not there, or of another campaign, begins a new
    one. `waits` is for a question that waits for a person.
    """
    ident, _ = ids.new("m")
    above = state.company.posts.get(parent)
    if above is not None and above.campaign != campaign:
        above = None
    return Post(
        id=ident,
        campaign=campaign,
        created=now,
        author=author,
        kind=kind,
        text=bounded(text),
        thread=(above.thread or above.id) if above else ident,
        parent=above.id if above else "",
        team=team or (above.team if above else ""),
        links=tuple(dict.fromkeys(clean(link, 40) for link in links if link))[:MAX_LINKS],
        open=waits,
    )


def bounded(text: str) -> str:
    """Return text as the forum keeps it: harmless, without blank ends, at most `MAX_POST` characters."""
    text = clean_block(str(text)).strip()
    return text if len(text) <= MAX_POST else text[: MAX_POST - 9] + "\n[cut]"


def posted(post: Post) -> Event:
    """Return the event of a post."""
    what = "asks" if post.open else "says"
    text = f"{post.id} {post.author} {what}: {clean(post.text, MAX_SAID)}"
    data = {"kind": post.kind.value, "thread": post.thread, "parent": post.parent, "links": list(post.links)}
    return Event("forum.posted", post.campaign, post.id, text, post.author, data)


def say(
    state: State,
    ids: Ids,
    campaign: str,
    *,
    author: str,
    kind: PostKind,
    text: str,
    now: float,
    parent: str = "",
    team: str = "",
    links: Iterable[str] = (),
    waits: bool = False,
) -> Step:
    """Write a post with its event; nothing where there are no words."""
    if not bounded(text):
        return Step()
    post = new_post(
        state, ids, campaign, author=author, kind=kind, text=text, now=now, parent=parent, team=team,
        links=links, waits=waits,
    )  # fmt: skip
    return Step(rows=[post], events=[posted(post)])


def answered(question: Post, post: Post) -> Step:
    """Close a question that somebody answered."""
    text = f"{question.id} is answered by {post.author} in {post.id}"
    event = Event("question.answered", question.campaign, question.id, text, post.author, {"answer": post.id})
    return Step(rows=[bump(question, open=False)], events=[event])


def unanswered(state: State, campaign: str) -> Discussion | None:
    """Return the discussion in which nobody answered and that waits to be asked again; None without one."""
    last = _latest(state, campaign)
    return last if last is not None and not last.answers else None


def declined(state: State, campaign: str) -> Discussion | None:
    """Return the discussion of which nothing came as agents declined it, or to go on from it, if any.

    It waits for a person.
    """
    last = _latest(state, campaign)
    if last is None or state.company.directions_of(campaign, DirectionState.ACTIVE):
        return None
    refused = [row.declined for row in state.company.agents_of(campaign)]
    to_talk = not last.formed and any(words.startswith(Move.DISCUSS) for words in refused)
    return last if to_talk or any(words.startswith(Move.PROPOSE) for words in refused) else None


def spent(state: State, campaign: Campaign) -> Discussion | None:
    """Return the discussion that left a finished campaign without a direction; None where one waits."""
    if campaign.state is not CampaignState.FINISHED:
        return None
    company = state.company
    waiting = company.directions_of(campaign.id, DirectionState.STANDING)
    if company.directions_of(campaign.id, DirectionState.ACTIVE) or any(row.by_hand for row in waiting):
        return None
    return _latest(state, campaign.id)


def anew(state: State, row: Discussion, now: float) -> Step:
    """Have a discussion that is over begin from its first round."""
    deadline = now + state.spec(row.campaign).teams.discussion
    again = bump(row, closed=None, round=1, asked=(), answers=0, formed=0, deadline=deadline)
    return Step(
        rows=[again], events=[Event("discussion.opened", row.campaign, row.id, f"{row.id} begins anew")]
    )


def talks(state: State, campaign: str) -> bool:
    """Tell whether a campaign works in directions: not with a solo agent, nor where that is switched off."""
    if "directions" in state.spec(campaign).teams.off:
        return False
    return any(row.role is Role.ANALYST and not row.outside for row in state.company.agents_of(campaign))


def _latest(state: State, campaign: str) -> Discussion | None:
    """Return the newest discussion where it is over, in a campaign that has them."""
    if not talks(state, campaign):
        return None
    last = next(iter(reversed(state.company.discussions_of(campaign))), None)
    return last if last is not None and last.closed is not None else None
