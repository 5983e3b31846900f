"""How things stood: the replies that a daemon would have given at a moment, from a campaign's history; pure.

Times are seconds since the epoch. What a history does not keep (readings of devices, the turns of agents)
is left out rather than made up.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from arctl.tui.data.reading import inner, listed, real, whole, word

Json = dict[str, Any]
Reply = Callable[["History", float, Json], Any]

#: The tables of a history, as the daemon's `history` names them.
TABLES = (
    "experiments", "runs", "teams", "directions", "dead_ends", "posts", "directives", "deeds", "proposals",
)  # fmt: skip
KEPT = ("accepted", "baseline", "by_hand")
#: Verdicts that judged no value.
BROKEN = ("crashed", "timed_out", "no_metric", "not_finite", "lost", "conflict", "invalid", "out_of_scope")


@dataclass(slots=True)
class History:
    """All that is recorded of a campaign with its times; filled page by page."""

    campaign: Json = field(default_factory=dict)
    tables: dict[str, list[Json]] = field(default_factory=lambda: {name: [] for name in TABLES})
    #: What the campaign's state became, and when: (time, state), oldest first.
    states: list[tuple[float, str]] = field(default_factory=list)

    def take(self, page: Any) -> None:
        """Add a page of the daemon's `history`; a row that came before is replaced."""
        self.campaign = inner(page, "campaign") or self.campaign
        for name in TABLES:
            known = {row["id"]: row for row in self.tables[name]}
            known.update(
                {row["id"]: row for row in listed(page, name) if isinstance(row, dict) and "id" in row}
            )
            self.tables[name] = list(known.values())

    @property
    def begin(self) -> float:
        """When the campaign began."""
        return real(self.campaign, "created") or 0.0

    @property
    def end(self) -> float:
        """When the last thing happened that is recorded."""
        names = ("created", "closed", "ended", "started", "acknowledged", "revived")
        times = [real(row, name) for rows in self.tables.values() for row in rows for name in names]
        return max((at for at in times if at is not None), default=self.begin)

    def until(self, table: str, at: float) -> list[Json]:
        """Return the rows that were there at a moment."""
        return [row for row in self.tables[table] if (real(row, "created") or 0.0) <= at]

    def state(self, at: float) -> str:
        """Return the campaign's state at a moment."""
        place = bisect.bisect_right([when for when, _ in self.states], at)
        return self.states[place - 1][1] if place else "running"


def with_states(history: History, events: Iterable[Any]) -> None:
    """Take from events when the campaign was paused, held, resumed, finished."""
    for event in events:
        kind, at = word(event, "kind"), real(event, "at") or 0.0
        verb = kind.removeprefix("campaign.")
        became = {
            "started": "running", "resumed": "running", "paused": "paused", "held": "held",
            "finished": "finished", "killed": "finished",
        }.get(verb)  # fmt: skip
        if kind.startswith("campaign.") and became and (not history.states or history.states[-1][0] <= at):
            history.states.append((at, became))


def reply(history: History, at: float, method: str, params: Json) -> Any:
    """Return what the daemon would have answered; None where a history cannot tell."""
    make = _REPLIES.get(method)
    return make(history, at, params) if make is not None else None


# -- experiments -----------------------------------------------------------------------------------------


def experiments_at(history: History, at: float) -> list[Json]:
    """Return the experiments as they stood: what was not closed yet has no verdict, mean or effect."""
    running: dict[str, list[Json]] = {}
    for run in runs_at(history, at):
        running.setdefault(word(run, "experiment"), []).append(run)
    found = []
    for row in history.until("experiments", at):
        closed = real(row, "closed")
        over = closed is not None and closed <= at
        runs = running.get(word(row, "id"), [])
        open_now = dict.fromkeys(("mean", "effect", "closed")) | {
            "state": "open", "verdict": "", "reason": "", "runs": 0,
        }  # fmt: skip
        found.append({
            **row, **({"state": "closed"} if over else open_now), "held": False,
            "running": [run["id"] for run in runs], "devices": [word(run, "device_name") for run in runs],
        })  # fmt: skip
    return found


def runs_at(history: History, at: float) -> list[Json]:
    """Return the runs that were under way."""
    found = []
    for row in history.tables["runs"]:
        started, ended = real(row, "started"), real(row, "ended")
        if started is not None and started <= at and (ended is None or ended > at):
            found.append(row)
    return found


def champion_at(rows: list[Json]) -> Json:
    """Return the champion among experiments as they stood: the kept one that was closed last."""
    kept = [row for row in rows if word(row, "verdict") in KEPT]
    first = rows[0] if rows else {}
    return max(kept, key=lambda row: real(row, "closed") or 0.0, default=first)


def _status(history: History, at: float, params: Json) -> Json:
    del params
    rows = experiments_at(history, at)
    best = champion_at(rows)
    verdicts = Counter(word(row, "verdict") for row in rows if word(row, "verdict"))
    waiting = [row for row in history.until("posts", at) if _asks(row, at)]
    active = _teams_at(history, at)
    titles = {word(row, "id"): word(row, "title") for row in history.tables["directions"]}
    return {
        "uptime": at - history.begin,
        "devices": len(_devices(history)),
        "campaigns": [{
            "campaign": word(history.campaign, "id"), "state": history.state(at), "reason": "",
            "metric": word(history.campaign, "metric"), "goal": word(history.campaign, "goal"),
            "experiments": max(0, len(rows) - 1), "open": sum(not word(row, "verdict") for row in rows),
            "verdicts": dict(verdicts), "running": len(runs_at(history, at)), "queued": 0,
            "champion": word(best, "id"), "champion_title": word(best, "title"),
            "champion_mean": real(best, "mean"), "champion_runs": whole(best, "runs"),
            "company": {"teams": [
                {"id": row["id"], "name": word(row, "name"), "direction": word(row, "direction"),
                 "title": titles.get(word(row, "direction"), ""), "held": False} for row in active
            ]},
            "questions": len(waiting), "needs": [], "waits": [],
        }],
    }  # fmt: skip


def _experiments(history: History, at: float, params: Json) -> Json:
    rows = experiments_at(history, at)
    best = word(champion_at(rows), "id")
    total_titles = {word(row, "id"): word(row, "name") for row in history.tables["teams"]}
    text = str(params.get("text", "")).lower()
    for name in ("verdict", "state", "team", "direction", "agent"):
        if wanted := params.get(name):
            rows = [row for row in rows if word(row, name) == wanted]
    if text:
        fields = ("id", "title", "axis", "agent", "reason", "verdict")
        inverse = bool(params.get("not"))
        rows = [row for row in rows if any(text in word(row, name).lower() for name in fields) != inverse]
    rows = _sorted(rows, str(params.get("sort", "new")), reverse=bool(params.get("reverse")))
    offset, limit = int(params.get("offset", 0)), int(params.get("limit", 500))
    shown = rows[offset : offset + limit]
    if "sort" not in params and "offset" not in params:
        shown = shown[::-1]
    return {
        "campaign": word(history.campaign, "id"), "metric": word(history.campaign, "metric"),
        "goal": word(history.campaign, "goal"), "champion": best,
        "teams": total_titles, "offset": offset, "total": len(rows), "experiments": shown,
    }  # fmt: skip


def _sorted(rows: list[Json], sort: str, *, reverse: bool) -> list[Json]:
    """Order experiments as the daemon does: the newest, best or longest first, missing values last."""
    if sort in ("title", "verdict"):
        return sorted(rows, key=lambda row: word(row, sort), reverse=reverse)
    name = "number" if sort == "new" else sort

    def rank(row: Json) -> tuple[bool, float]:
        value = real(row, name)
        return value is None, -(value or 0.0) if not reverse else value or 0.0

    return sorted(rows, key=rank)


def _progress(history: History, at: float, params: Json) -> Json:
    del params
    rows = experiments_at(history, at)
    kept = [row for row in rows if word(row, "verdict") in KEPT and real(row, "mean") is not None]
    kept.sort(key=lambda row: real(row, "closed") or 0.0)
    others = [
        [whole(row, "number"), real(row, "mean"), word(row, "id"), word(row, "verdict")]
        for row in rows
        if word(row, "verdict") and row not in kept and real(row, "mean") is not None
    ]
    crashed = sum(word(row, "verdict") in BROKEN for row in rows)
    return {
        "campaign": word(history.campaign, "id"), "metric": word(history.campaign, "metric"),
        "goal": word(history.campaign, "goal"),
        "kept": [
            [
                whole(row, "number"), real(row, "mean"), word(row, "id"), word(row, "title"),
                real(row, "closed"),
            ]
            for row in kept
        ],
        "others": others, "running": [whole(row, "number") for row in rows if not word(row, "verdict")],
        "last": max((whole(row, "number") for row in rows), default=0), "total": len(rows),
        "kept_total": len(kept), "crashed_total": crashed,
        "discarded_total": sum(bool(word(row, "verdict")) for row in rows) - len(kept) - crashed,
    }  # fmt: skip


def _effects(history: History, at: float, params: Json) -> Json:
    del params
    groups: dict[str, list[Json]] = {}
    for row in experiments_at(history, at):
        if word(row, "verdict") and word(row, "axis"):
            groups.setdefault(word(row, "axis"), []).append(row)
    found = []
    for axis, rows in groups.items():
        gains = [gain for row in rows if (gain := real(row, "effect")) is not None]
        mean = math.fsum(gains) / len(gains) if gains else None
        measured = [row for row in rows if real(row, "effect") is not None]
        best = max(measured, key=lambda row: real(row, "effect") or 0.0, default=None)
        kept = sum(word(row, "verdict") in KEPT for row in rows)
        found.append({
            "axis": axis, "n": len(rows), "mean": mean, "low": None, "high": None, "kept": kept,
            "rate": kept / len(rows),
            "best": {"id": best["id"], "effect": real(best, "effect")} if best else None,
            "last": {"id": rows[-1]["id"], "effect": real(rows[-1], "effect")}, "dead": "",
        })  # fmt: skip
    found.sort(key=lambda row: (row["mean"] is None, -(real(row, "mean") or 0.0)))
    return {"campaign": word(history.campaign, "id"), "total": len(found), "axes": found,
            "metric": word(history.campaign, "metric"), "goal": word(history.campaign, "goal")}  # fmt: skip


# -- devices ---------------------------------------------------------------------------------------------


def _devices(history: History) -> dict[str, str]:
    """Return the devices that ever had a run, by id."""
    names = {
        word(row, "device"): word(row, "device_name") for row in history.tables["runs"] if word(row, "device")
    }
    return dict(sorted(names.items(), key=lambda item: (len(item[1]), item[1])))


def _gpus(history: History, at: float, params: Json) -> list[Json]:
    del params
    busy = {word(run, "device"): run for run in runs_at(history, at)}
    titles = {word(row, "id"): row for row in history.tables["experiments"]}
    found = []
    for index, (ident, name) in enumerate(_devices(history).items()):
        run = busy.get(ident, {})
        experiment = titles.get(word(run, "experiment"), {})
        found.append({
            "id": ident, "index": index, "name": name, "sample": None, "run": word(run, "id"),
            "experiment": word(run, "experiment"), "campaign": word(history.campaign, "id") if run else "",
            "started": real(run, "started"), "limit": None, "title": word(experiment, "title"),
            "team": word(experiment, "team"), "seed": whole(run, "seed"),
        })  # fmt: skip
    return found


# -- the company -----------------------------------------------------------------------------------------


def _teams_at(history: History, at: float) -> list[Json]:
    found = []
    for row in history.until("teams", at):
        gone = (
            word(row, "state") == "retired" and (real(row, "ended") or real(row, "since") or math.inf) <= at
        )
        if not gone:
            found.append(row)
    return found


def _teams(history: History, at: float, params: Json) -> Json:
    ident = params.get("id")
    if ident:
        return {}
    rows = experiments_at(history, at)
    directions = {word(row, "id"): row for row in history.until("directions", at)}
    teams = []
    for team in _teams_at(history, at):
        own = [row for row in rows if word(row, "team") == word(team, "id")]
        going = [row for row in own if not word(row, "verdict")]
        done = [row for row in own if word(row, "verdict")]
        record = {"finished": len(done), "accepted": sum(word(row, "verdict") in KEPT for row in done)}
        teams.append({
            **team, "direction": directions.get(word(team, "direction")), "members": [], "record": record,
            "queue": [], "queued": 0, "going": going, "untried": [],
        })  # fmt: skip
    return {
        "kind": "teams", "campaign": word(history.campaign, "id"), "teams": teams, "loose": [], "others": [],
        "standing": [], "discussion": None, "now": at,
    }  # fmt: skip


def _asks(row: Json, at: float) -> bool:
    answered = real(row, "answered")
    return word(row, "kind") == "question" and bool(row.get("open")) and (answered is None or answered > at)


def _forum(history: History, at: float, params: Json) -> Json:
    posts, campaign = history.until("posts", at), word(history.campaign, "id")
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
            "open": any(_asks(post, at) for post in said), "created": real(said[0], "created"),
            "latest": real(said[-1], "created"),
        }
        for top, said in threads.items()
    ]  # fmt: skip
    return {"campaign": campaign, "total": len(shown), "threads": shown}


def _dead_ends(history: History, at: float, params: Json) -> list[Json]:
    everything = bool(params.get("all"))
    found = []
    for row in history.until("dead_ends", at):
        revived = real(row, "revived_at") or real(row, "revived")
        open_again = revived is not None and revived > 1 and revived <= at
        if everything or not open_again:
            found.append({**row, "revived": open_again})
    return found if not params.get("after") or params["after"] == "d0" else []


def _directives(history: History, at: float, params: Json) -> Json:
    del params
    found = []
    for row in history.until("directives", at):
        acknowledged, ended = real(row, "acknowledged"), real(row, "ended")
        heard, over = acknowledged is not None and acknowledged <= at, ended is not None and ended <= at
        state = word(row, "state") if over else "acknowledged" if heard else "issued"
        hidden = {} if heard else {"by": "", "plan": "", "acknowledged": None}
        found.append({**row, **hidden, "state": state, "report": row.get("report", "") if over else ""})
    return {"campaign": word(history.campaign, "id"), "directives": found}


def _nothing(history: History, at: float, params: Json) -> list[Json]:
    del history, at, params
    return []


_REPLIES: dict[str, Reply] = {
    "status": _status,
    "gpus": _gpus,
    "experiments": _experiments,
    "progress": _progress,
    "effects": _effects,
    "teams": _teams,
    "forum": _forum,
    "deadends": _dead_ends,
    "directives": _directives,
    "questions": _nothing,
}
