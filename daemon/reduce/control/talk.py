"""Say something in the forum; an answer closes the question that it replies to."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.talking import answered, bounded, new_post, posted
from arctl.daemon.reduce.control.base import Done, Request
from arctl.daemon.reduce.control.targets import campaign_of, find, listed, need_campaign, unknown
from arctl.daemon.rows import LETTERS, Agent, Post, PostKind, Team
from arctl.errors import RefusedError, UsageError


def say(request: Request) -> Done:
    """Write a post."""
    if not bounded(str(request.fact.data.get("text") or "")):
        raise UsageError("there is nothing to say", "give the words: arctl say 'look at the warm-up'")
    parent = _parent(request)
    campaign = parent.campaign if parent else _campaign(request)
    links = [_link(request, ident, campaign) for ident in request.words("links")]
    team = ""
    if to := request.word("to"):
        target = find(request.state, to, campaign)
        if target is None:
            raise unknown(request.state, to, campaign)
        if campaign_of(target) != campaign:
            msg = f"{to} is not of campaign {campaign}"
            raise RefusedError(msg, "leave --to out, or say --campaign")
        team = target.id if isinstance(target, Team) else getattr(target, "team", "")
        links.insert(0, target.name if isinstance(target, Agent) else target.id)
    kind = PostKind.ANSWER if parent is not None and parent.open else PostKind.NOTE
    waits = bool(request.fact.data.get("question"))
    post = new_post(
        request.state, request.ids, campaign, author=request.actor,
        kind=PostKind.QUESTION if waits else kind, text=str(request.fact.data["text"]), now=request.now,
        parent=parent.id if parent else "", team=team, links=links, waits=waits,
    )  # fmt: skip
    step = Step(rows=[post], events=[posted(post)])
    if parent is not None and parent.open:
        step.extend(answered(parent, post))
    return Done(
        step, post.id, campaign, answer={"post": post.id, "thread": post.thread, "kind": post.kind.value}
    )


def _campaign(request: Request) -> str:
    return need_campaign(request).id


def _parent(request: Request) -> Post | None:
    ident = request.word("parent")
    if not ident:
        return None
    posts = request.state.company.posts
    if ident not in posts:
        msg = f"there is no post {ident!r}"
        raise RefusedError(msg, f"the newest are {listed(posts)}; `arctl forum`")
    return posts[ident]


def _link(request: Request, ident: str, campaign: str) -> str:
    """Return an id that a post speaks of; it must stand for something."""
    state, company = request.state, request.state.company
    tables = (
        state.experiments, state.runs, state.proposals, state.dead_ends, company.posts, company.teams,
        company.directions, company.directives, company.agents, company.discussions, company.critiques,
    )  # fmt: skip
    if ident[:1] in LETTERS.values() and any(ident in table for table in tables):
        return ident
    if company.named(campaign, ident) is not None:
        return ident
    raise unknown(state, ident, campaign)
