"""Full-text search in the forum: words and phrases, never operators."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

from arctl.daemon.store.reader import Reader

#: Posts that one search returns at most.
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
