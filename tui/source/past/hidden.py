"""What the daemon tells of an experiment today, without what was not known yet at a moment."""

from __future__ import annotations

from typing import Any

from arctl.tui.data.reading import inner, listed, real, word
from arctl.tui.source.past.history import History, Json, champion_at, experiments_at

#: What of an experiment is known only when it is closed.
VERDICT: Json = {
    "verdict": "", "reason": "", "mean": None, "values": [], "bank": [], "evidence": {}, "closed": None,
    "state": "open", "promoted": "", "seconds": 0.0, "metrics": {},
}  # fmt: skip
#: What of a run is known only when it has ended.
OUTCOME: Json = {"outcome": "", "reason": "", "value": None, "ended": None, "state": "running", "metrics": {}}


def without_what_came_later(history: History, at: float, method: str, reply: Any) -> Any:
    """Return the daemon's answer as it would have been at a moment, as far as that can be told."""
    if reply is None:  # it was refused
        return None
    if method == "show":
        return _experiment(history, at, reply)
    if method == "tree":
        nodes = [_node(node, _then(history, at).get(word(node, "id"))) for node in listed(reply, "nodes")]
        best = word(champion_at(experiments_at(history, at)), "id")
        return {**reply, "nodes": [node for node in nodes if node], "champion": best, "path": []}
    if method == "proposal":
        return {**reply, "critiques": _until(listed(reply, "critiques"), at)}
    return reply


def _then(history: History, at: float) -> dict[str, Json]:
    return {word(row, "id"): row for row in experiments_at(history, at)}


def _experiment(history: History, at: float, reply: Any) -> Any:
    row = inner(reply, "experiment")
    then = _then(history, at).get(word(row, "id"))
    over = then is not None and word(then, "state") == "closed"
    company = inner(reply, "company")
    runs = [
        run if (ended := real(run, "ended")) is not None and ended <= at else {**run, **OUTCOME}
        for run in listed(reply, "runs")
        if (started := real(run, "started")) is not None and started <= at
    ]
    return {
        **reply,
        "experiment": row if over else {**row, **VERDICT},
        "champion": word(champion_at(experiments_at(history, at)), "id") == word(row, "id"),
        "runs": runs,
        "events": _until(listed(reply, "events"), at, "at"),
        "company": {
            **company,
            "critiques": _until(listed(company, "critiques"), at),
            "posts": _until(listed(company, "posts"), at),
        },
    }


def _node(node: Any, then: Json | None) -> Any:
    if then is None:
        return None
    over = word(then, "state") == "closed"
    blank = {"verdict": "", "effect": None, "mean": None, "state": "open"}
    return {**node, "running": bool(listed(then, "running")), **({} if over else blank)}


def _until(rows: list[Any], at: float, name: str = "created") -> list[Any]:
    return [row for row in rows if (real(row, name) or 0.0) <= at]
