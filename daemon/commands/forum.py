"""The forum: threads, posts, questions that wait for a person, and full-text search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, plain, the_campaign
from arctl.daemon.commands.paging import fitting
from arctl.daemon.state import State
from arctl.daemon.store.forum import MAX_FOUND, search
from arctl.errors import RefusedError

#: Threads and posts that one answer carries at most.
MAX_THREADS = 200
MAX_POSTS = 500


@method("forum")
async def forum(context: Context, caller: Caller, params: Params) -> Any:
    """Return threads, or a thread's posts, or the posts that fit a search; `by` keeps one author's."""
    del caller
    state = context.state
    thread = params.get("thread", str, "")
    first = state.company.posts.get(thread)
    name = params.get("campaign", str, "") or (first.campaign if first else "")
    campaign = the_campaign(state, name).id
    author, query = params.get("by", str, ""), params.get("search", str, "")
    limit = max(1, params.get("limit", int, 30))
    if query:
        posts = await search(context.reader, campaign, query, limit if not author else MAX_FOUND)
        posts = [post for post in posts if not author or post["author"] == author][:limit]
        return {"campaign": campaign, "search": query, "posts": posts}
    if thread:
        return {"campaign": campaign, **_thread(state, thread, author)}
    if author:
        said = [state.company.posts[ident] for ident in state.company.said_by(campaign, author)]
        posts = fitting(map(plain, reversed(said)), min(limit, MAX_POSTS))[::-1]
        return {"campaign": campaign, "by": author, "posts": posts}
    shown = fitting(_threads(state, campaign), min(limit, MAX_THREADS))[::-1]
    return {"campaign": campaign, "total": len(state.company.threads(campaign)), "threads": shown}


def _thread(state: State, ident: str, author: str) -> dict[str, Any]:
    post = state.company.posts.get(ident)
    if post is None:
        msg = f"there is no post {ident!r}"
        raise RefusedError(msg, "`arctl forum` lists the threads; posts are called m12")
    top = post.thread or post.id
    posts = [state.company.posts[ident] for ident in state.company.threads(post.campaign)[top]]
    posts = [row for row in posts if not author or row.author == author]
    return {"thread": top, "posts": fitting(map(plain, reversed(posts)), MAX_POSTS)[::-1]}


def _threads(state: State, campaign: str) -> Iterator[dict[str, Any]]:
    """Yield the threads as lines of the list, the one with the newest post first."""
    threads = state.company.threads(campaign)
    for top in reversed(threads):
        yield _line(state, top, threads[top])


def _line(state: State, top: str, idents: Sequence[str]) -> dict[str, Any]:
    """Return a thread as a line of the list."""
    posts = [state.company.posts[ident] for ident in idents]
    return {
        "thread": top,
        "author": posts[0].author,
        "kind": posts[0].kind.value,
        "text": posts[0].text,
        "team": posts[0].team,
        "links": list(posts[0].links),
        "posts": len(posts),
        "authors": list(dict.fromkeys(post.author for post in posts)),
        "open": any(post.open for post in posts),
        "created": posts[0].created,
        "latest": posts[-1].created,
    }


@method("questions")
async def questions(context: Context, caller: Caller, params: Params) -> Any:
    """Return the questions that wait for a person, oldest first; of all campaigns where none is named."""
    del caller
    state = context.state
    name = params.get("campaign", str, "")
    names = [the_campaign(state, name).id] if name else list(state.campaigns)
    return [plain(post) for item in names for post in state.company.questions(item)]
