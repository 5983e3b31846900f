"""Experiments, progress, effects, devices and the status, as the daemon would have told them."""

from __future__ import annotations

import math
from collections import Counter

from arctl.tui.data.reading import real, whole, word
from arctl.tui.source.past.history import (
    BROKEN,
    JUDGED,
    KEPT,
    History,
    Json,
    asks,
    champion_at,
    experiments_at,
    runs_at,
    teams_at,
)


def status(history: History, at: float, params: Json) -> Json:
    """Return the status with the one campaign."""
    del params
    rows = experiments_at(history, at)
    best = champion_at(rows)
    verdicts = Counter(word(row, "verdict") for row in rows if word(row, "verdict"))
    posts = history.until("posts", at)
    waiting = [row for row in posts if asks(posts, row)]
    active = teams_at(history, at)
    titles = {word(row, "id"): word(row, "title") for row in history.tables["directions"].values()}
    return {
        "uptime": at - history.begin,
        "devices": len(devices(history)),
        "campaigns": [{
            "campaign": history.name, "state": history.state(at), "reason": "",
            "metric": word(history.campaign, "metric"), "goal": word(history.campaign, "goal"),
            "experiments": _proposed(rows), "open": sum(not word(row, "verdict") for row in rows),
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


def _proposed(rows: list[Json]) -> int:
    """Count what was proposed: neither the baseline nor what was tried again on a new champion."""
    again = sum(word(row, "verdict") == "rebased" for row in rows)
    return max(0, len(rows) - 1 - again)


def experiments(history: History, at: float, params: Json) -> Json:
    """Return the window of the list that is asked for."""
    rows = experiments_at(history, at)
    best = word(champion_at(rows), "id")
    total_titles = {word(row, "id"): word(row, "name") for row in history.tables["teams"].values()}
    text = str(params.get("text", "")).lower()
    for name in ("verdict", "state", "team", "direction", "agent"):
        if wanted := params.get(name):
            rows = [row for row in rows if word(row, name) == wanted]
    if text:
        fields = ("id", "title", "axis", "agent", "reason", "verdict")
        inverse = bool(params.get("not"))
        rows = [row for row in rows if any(text in word(row, name).lower() for name in fields) != inverse]
    rows = _sorted(
        rows,
        str(params.get("sort", "new")),
        word(history.campaign, "goal"),
        reverse=bool(params.get("reverse")),
    )
    offset, limit = int(params.get("offset", 0)), int(params.get("limit", 500))
    shown = rows[offset : offset + limit]
    if "sort" not in params and "offset" not in params:
        shown = shown[::-1]
    return {
        "campaign": history.name, "metric": word(history.campaign, "metric"),
        "goal": word(history.campaign, "goal"), "champion": best,
        "teams": total_titles, "offset": offset, "total": len(rows), "experiments": shown,
    }  # fmt: skip


def _sorted(rows: list[Json], sort: str, goal: str, *, reverse: bool) -> list[Json]:
    """Order experiments as the daemon does: best or longest first, then the newest, missing ones last."""

    def value(row: Json) -> float | str | None:
        if sort in ("title", "verdict"):
            return word(row, sort).casefold() or word(row, "state")
        found = real(row, "number" if sort == "new" else sort)
        down = sort != "mean" or goal == "maximize"
        return found if found is None or not down else -found

    newest = sorted(rows, key=lambda row: whole(row, "number"), reverse=True)
    known = sorted((row for row in newest if value(row) is not None), key=lambda row: value(row) or 0)
    return (known[::-1] if reverse else known) + [row for row in newest if value(row) is None]


def progress(history: History, at: float, params: Json) -> Json:
    """Return what the champion's curve is drawn from."""
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
        "campaign": history.name, "metric": word(history.campaign, "metric"),
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


def effects(history: History, at: float, params: Json) -> Json:
    """Return what each axis was worth so far; without intervals."""
    del params
    groups: dict[str, list[Json]] = {}
    for row in experiments_at(history, at):
        if word(row, "verdict") in JUDGED and word(row, "axis"):
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
    return {"campaign": history.name, "total": len(found), "axes": found,
            "metric": word(history.campaign, "metric"), "goal": word(history.campaign, "goal")}  # fmt: skip


def devices(history: History) -> dict[str, str]:
    """Return the devices that ever had a run, by id."""
    names = {
        word(row, "device"): word(row, "device_name")
        for row in history.tables["runs"].values()
        if word(row, "device")
    }
    return dict(sorted(names.items(), key=lambda item: (len(item[1]), item[1])))


def gpus(history: History, at: float, params: Json) -> list[Json]:
    """Return the devices with the runs that had them; their readings are not recorded."""
    del params
    busy = {word(run, "device"): run for run in runs_at(history, at)}
    titles = {word(row, "id"): row for row in history.tables["experiments"].values()}
    teams = {word(row, "id"): word(row, "name") for row in history.tables["teams"].values()}
    found = []
    for index, (ident, name) in enumerate(devices(history).items()):
        run = busy.get(ident, {})
        experiment = titles.get(word(run, "experiment"), {})
        found.append({
            "id": ident, "index": index, "name": name, "sample": None, "run": word(run, "id"),
            "experiment": word(run, "experiment"), "campaign": history.name if run else "",
            "started": real(run, "started"), "limit": None, "title": word(experiment, "title"),
            "team": word(experiment, "team"),
            "team_name": teams.get(word(experiment, "team"), ""), "seed": whole(run, "seed"),
        })  # fmt: skip
    return found
