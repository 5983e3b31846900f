"""The forum: threads, posts, questions that wait for a person, and full-text search."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, plain, the_campaign
from arctl.daemon.rows import Post
from arctl.daemon.state import State
from arctl.daemon.store import Reader
from arctl.errors import RefusedError

#: Threads and posts that one answer carries at most.
MAX_THREADS = 200
MAX_POSTS = 500
MAX_FOUND = 100
#: Words of a query that are looked for; a longer one is no query.
MAX_WORDS = 32

_WORD = re.compile(r"\w*[^\W_]\w*")
_SEARCH = (
    "SELECT posts.*, snippet(posts_fts, 0, '', '', '…', 24) AS snippet FROM posts_fts"
    " JOIN posts ON posts.rowid = posts_fts.rowid WHERE posts_fts MATCH ? AND posts.campaign = ?"
    " ORDER BY bm25(posts_fts), posts.created DESC LIMIT ?"
)


async def search(reader: Reader, campaign: str, query: str, limit: int) -> list[dict[str, Any]]:
    """Return the posts that fit a query, best first (bm25): those with all of its words, else with any.

    A query is words and "phrases in quotes"; nothing in it is an operator, and nothing in it is an error.
    """
    terms = _terms(query)
    if not terms:
        return []
    found: list[dict[str, Any]] = []
    for joint in (" AND ", " OR ") if len(terms) > 1 else (" AND ",):
        values = (joint.join(terms), campaign, max(1, min(limit, MAX_FOUND)))
        found = await reader.ask(lambda connection, values=values: _rows(connection, values))  # type: ignore[misc]
        if found:
            break
    return found


def _terms(query: str) -> list[str]:
    """Write a person's words as FTS5 strings, which hold no operators.

    Quoted words stay together, and so do the parts of `warm-up` and `lr_matrix`.
    """
    terms: dict[str, None] = {}
    for index, part in enumerate(str(query).split('"')):
        for chunk in [part] if index % 2 else part.split():
            if words := _WORD.findall(chunk):
                terms['"' + " ".join(words) + '"'] = None
    return list(terms)[:MAX_WORDS]


def _rows(connection: sqlite3.Connection, values: tuple[str, str, int]) -> list[dict[str, Any]]:
    found = [dict(row) for row in connection.execute(_SEARCH, values)]
    return [{**row, "links": json.loads(row["links"]), "open": bool(row["open"])} for row in found]


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
        said = [post for post in state.company.posts_of(campaign) if post.author == author]
        return {
            "campaign": campaign,
            "by": author,
            "posts": [plain(p) for p in said[-min(limit, MAX_POSTS) :]],
        }
    threads = _threads(state, campaign)
    shown = threads[-min(limit, MAX_THREADS) :]
    return {"campaign": campaign, "total": len(threads), "threads": shown}


def _thread(state: State, ident: str, author: str) -> dict[str, Any]:
    post = state.company.posts.get(ident)
    if post is None:
        msg = f"there is no post {ident!r}"
        raise RefusedError(msg, "`arctl forum` lists the threads; posts are called m12")
    top = post.thread or post.id
    posts = [row for row in state.company.posts_of(post.campaign) if (row.thread or row.id) == top]
    posts = [row for row in posts if not author or row.author == author]
    return {"thread": top, "posts": [plain(row) for row in posts[-MAX_POSTS:]]}


def _threads(state: State, campaign: str) -> list[dict[str, Any]]:
    """Return the threads, the one with the newest post last."""
    threads: dict[str, list[Post]] = {}
    for post in state.company.posts_of(campaign):
        top = post.thread or post.id
        threads.setdefault(top, []).append(post)
        threads[top] = threads.pop(top)  # the order is that of the newest posts
    return [
        {
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
        for top, posts in threads.items()
    ]


@method("questions")
async def questions(context: Context, caller: Caller, params: Params) -> Any:
    """Return the questions that wait for a person, oldest first; of all campaigns where none is named."""
    del caller
    state = context.state
    name = params.get("campaign", str, "")
    names = [the_campaign(state, name).id] if name else list(state.campaigns)
    return [plain(post) for item in names for post in state.company.posts_of(item) if post.open]
