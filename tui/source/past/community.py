"""Teams, the forum, dead ends and directives, as the daemon would have told them."""

from __future__ import annotations

from arctl.tui.data.reading import listed, real, word
from arctl.tui.source.past.history import (
    KEPT,
    History,
    Json,
    asks,
    directions_at,
    experiments_at,
    queue_at,
    teams_at,
)


def teams(history: History, at: float, params: Json) -> Json | None:
    """Return the teams at work, or with `id` a team or a direction; None of what had not begun."""
    ident, rows = str(params.get("id", "")), experiments_at(history, at)
    queue = queue_at(history, at)
    directions = directions_at(history, at)
    teams = [_team(team, rows, queue, directions) for team in teams_at(history, at)]
    if not ident or ident == history.name:
        return {
            "kind": "teams", "campaign": history.name, "teams": teams, "loose": [], "standing": [],
            "others": [row for row in queue if not word(row, "team")], "discussion": None, "now": at,
        }  # fmt: skip
    spoken = [row for row in directives(history, at, {})["directives"] if word(row, "target") == ident]
    team = next((row for row in teams if word(row, "id") == ident), None)
    if team is not None:
        own = [row for row in rows if word(row, "team") == ident]
        held = dict.fromkeys(word(row, "direction") for row in own)
        return {
            "kind": "team", "campaign": history.name, "team": team, "experiments": own, "total": len(own),
            "directions": [directions[name] for name in held if name in directions],
            "directives": spoken, "now": at,
        }  # fmt: skip
    if ident in directions:
        own = [row for row in rows if word(row, "direction") == ident]
        return {
            "kind": "direction", "campaign": history.name, "direction": directions[ident], "experiments": own,
            "total": len(own), "queue": [row for row in queue if word(row, "direction") == ident],
            "directives": spoken, "now": at,
        }  # fmt: skip
    return None


def _team(team: Json, rows: list[Json], queue: list[Json], directions: dict[str, Json]) -> Json:
    own = [row for row in rows if word(row, "team") == word(team, "id")]
    going = [row for row in own if not word(row, "verdict")]
    done = [row for row in own if word(row, "verdict")]
    record = {"finished": len(done), "accepted": sum(word(row, "verdict") in KEPT for row in done)}
    mine = [row for row in queue if word(row, "team") == word(team, "id")]
    return {
        **team, "direction": directions.get(_held(team, own)), "members": [], "record": record,
        "queue": mine, "queued": len(mine), "going": going, "untried": [],
    }  # fmt: skip


def forum(history: History, at: float, params: Json) -> Json:
    """Return the threads, or the posts of one."""
    posts, campaign = history.until("posts", at), history.name
    if thread := params.get("thread"):
        first = next((row for row in posts if row["id"] == thread), {})
        top = word(first, "thread") or thread
        return {
            "campaign": campaign,
            "thread": top,
            "posts": [p for p in posts if (word(p, "thread") or p["id"]) == top],
        }
    threads: dict[str, list[Json]] = {}
    for post in posts:
        top = word(post, "thread") or post["id"]
        threads.setdefault(top, []).append(post)
        threads[top] = threads.pop(top)
    shown = [
        {
            "thread": top, "author": word(said[0], "author"), "kind": word(said[0], "kind"),
            "text": str(said[0].get("text", "")), "team": word(said[0], "team"),
            "links": listed(said[0], "links"), "posts": len(said),
            "authors": list(dict.fromkeys(word(post, "author") for post in said)),
            "open": any(asks(said, post) for post in said), "created": real(said[0], "created"),
            "latest": real(said[-1], "created"),
        }
        for top, said in threads.items()
    ]  # fmt: skip
    return {"campaign": campaign, "total": len(shown), "threads": shown}


def dead_ends(history: History, at: float, params: Json) -> list[Json]:
    """Return the dead ends; those that were open again only with `all`."""
    found = []
    for row in history.until("dead_ends", at) if params.get("after", "d0") == "d0" else []:
        ident, kinds = word(row, "id"), ("dead_end.closed", "dead_end.reopened", "dead_end.revived")
        open_again = history.last(ident, kinds, at) in kinds[1:]
        if params.get("all") or not open_again:
            found.append({**row, "revived": word(row, "revived") if open_again else "", "evidence": []})
    return found


def directives(history: History, at: float, params: Json) -> Json:
    """Return the directives with what was known of them."""
    del params
    found = []
    for row in history.until("directives", at):
        acknowledged, ended = real(row, "acknowledged"), real(row, "ended")
        heard, over = acknowledged is not None and acknowledged <= at, ended is not None and ended <= at
        state = word(row, "state") if over else "acknowledged" if heard else "issued"
        hidden = {} if heard else {"by": "", "plan": "", "acknowledged": None}
        found.append({**row, **hidden, "state": state, "report": row.get("report", "") if over else ""})
    return {"campaign": history.name, "directives": found}


def _held(team: Json, own: list[Json]) -> str:
    """Return the direction of a team's newest experiment, else the one that is recorded of it."""
    return next((name for row in reversed(own) if (name := word(row, "direction"))), word(team, "direction"))
