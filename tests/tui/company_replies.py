"""Replies about a company as a daemon writes them, one text in all of their fields: for tests of lines."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from arctl.tui.data import view as views
from arctl.tui.data.query import Answer, Query, query
from arctl.tui.data.route import Route, Screen
from arctl.tui.data.view import Link, Phase, View
from arctl.tui.look.glyphs import BRAILLE, Glyphs
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked, history, roster
from arctl.tui.panes.about_proposal import full

NOW = 1_800_000_000.0
Json = dict[str, Any]


def direction(text: str, ident: str = "h1", **more: Any) -> Json:
    """Return a direction as the listing has it."""
    return {
        "id": ident, "campaign": "c", "created": NOW - 3600, "author": text, "title": text,
        "hypothesis": text,
        "axes": ["LR", text], "prediction": text, "falsifier": text, "first": [text], "state": "active",
        "team": "t1", "base": "", "parents": [], "held": False, "reason": text, "since": NOW - 600,
        "team_name": text, "endorsed": 2, "objected": 1, "cold": False, "experiments": 4, "accepted": 1,
        "dead_end": "d1", **more,
    }  # fmt: skip


def proposal(text: str, ident: str = "p7", **more: Any) -> Json:
    """Return a proposal with the fields of its line and of its page."""
    return {
        "id": ident, "campaign": "c", "title": text, "state": "ready", "rank": 1, "score": 0.1, "agent": text,
        "writer": text, "axis": text, "direction": "h1", "team": "t1", "urgent": True, "directive": "i1",
        "approved": False, "uncritiqued": True, "reason": text, "created": NOW - 60, "hypothesis": text,
        "move": text, "expected": text, "if_works": text, "if_fails": text, "cost": text, "difference": text,
        "source": text, "base": "e1", "of": "p1", "tries": 2, "near": ["e1"], **more,
    }  # fmt: skip


def experiment(text: str, ident: str = "e12", **more: Any) -> Json:
    """Return an experiment as a line of a window."""
    return {
        "id": ident, "number": 12, "campaign": "c", "title": text, "axis": "LR", "state": "closed",
        "verdict": "rejected", "reason": text, "base": "e1", "mean": 1.25, "runs": 2, "effect": -0.01,
        "held": False, "team": "t1", "direction": "h1", "agent": text, "running": [], "devices": [text],
        "created": NOW - 120, "closed": NOW - 30, "seconds": 61.0, **more,
    }  # fmt: skip


def agent(text: str, ident: str = "a1", **more: Any) -> Json:
    """Return an agent as a line of the list."""
    return {
        "id": ident, "name": text, "role": text, "team": "t1", "team_name": text, "brain": text,
        "model": text,
        "state": "active", "trouble": "", "declined": "", "exhausted": False, "seen": NOW - 5, "turns": 9,
        "asked": {"move": text, "subject": "p7", "since": NOW - 21, "beat": NOW - 2}, "failures": 1,
        "rests_until": 0.0, "record": {"made": 14, "accepted": 2, "rejected": 5}, "usd": 1.5, "tokens": 18200,
        **more,
    }  # fmt: skip


def directive(text: str, **more: Any) -> Json:
    """Return a directive that was acknowledged."""
    return {
        "id": "i1", "campaign": "c", "created": NOW - 300, "target": "t1", "text": text, "author": text,
        "state": "acknowledged", "by": text, "acknowledged": NOW - 200, "plan": text, "report": text,
        "thread": "m1", "parked": ["p8", text], **more,
    }  # fmt: skip


def post(text: str, ident: str = "m3", **more: Any) -> Json:
    """Return a post."""
    return {"id": ident, "created": NOW - 9, "author": text, "kind": text, "text": text, "links": [], **more}


def critique(text: str, stance: str, lifted: str = "") -> Json:
    """Return an opinion."""
    return {
        "id": "c1", "subject": "p7", "author": text, "stance": stance, "reason": text, "links": ["e12", text],
        "lifted": lifted, "by_hand": True, "created": NOW - 50,
    }  # fmt: skip


def dead_end(text: str, ident: str = "d1", **more: Any) -> Json:
    """Return a dead end of an axis."""
    return {
        "id": ident, "campaign": "c", "axis": "LR", "created": NOW - 70, "reason": text, "reopen": text,
        "closed_by": text, "direction": "", "low": 0.1, "high": None, "revived": text, "title": text,
        "evidence": {"experiments": ["e2", text], "effects": {"e2": -0.02, text: 0.01}}, **more,
    }  # fmt: skip


PATCH = """diff --git a/train.py b/train.py
--- a/train.py
+++ b/train.py
@@ -1,2 +1,2 @@
-LR = 0.02
+LR = 0.3
"""


def replies(text: str, change: Json | None = None) -> dict[Query, Any]:
    """Return what the daemon answers to all that the pages of teams ask."""
    member = {"id": "a1", "name": text, "role": text, "state": "active", "trouble": "",
              "asked": {"move": text, "subject": text, "since": NOW - 3}}  # fmt: skip
    team = {
        "id": "t1", "campaign": "c", "name": text, "created": NOW - 4000, "state": "active", "held": False,
        "direction": direction(text), "members": [member], "queue": [proposal(text)], "queued": 1,
        "record": {"finished": 9, "rejected": 2, "accepted": 0, "open": 1, "measured": 1},
        "going": [{"id": "e40", "running": ["r1"]}], "reason": text,
    }  # fmt: skip
    company = {
        "campaign": "c", "approve": False, "teams": [team], "others": [proposal(text, "p9", rank=2, team="")],
        "discussion": {"round": 1, "rounds": 3, "thread": "m1", "reason": text}, "loose": [],
        "standing": [direction(text, "h2", state="standing", team="")],
        "ended": {"directions": [direction(text, "h3", state="falsified")], "directions_total": 1,
                  "teams": [{**team, "id": "t9", "state": "retired"}]},
    }  # fmt: skip
    one_direction = {
        "direction": direction(text), "record": team["record"], "untried": [text], "stall_after": 10,
        "falsify_after": 3, "base": experiment(text, "e1"), "total": 5, "queue": [proposal(text)],
        "critiques": [critique(text, "endorse"), critique(text, "object", text), critique(text, "revise")],
        "experiments": [experiment(text), experiment(text, "e13", axis=text, verdict="accepted")],
        "parents": [direction(text, "h4", state="split")], "children": [direction(text, "h5")],
        "dead_end": dead_end(text), "directives": [directive(text)],
    }  # fmt: skip
    one_proposal = {
        "proposal": {**proposal(text), "state": "parked"}, "rank": None, "team": text, "approve": True,
        "direction": direction(text), "critiques": one_direction["critiques"], "experiment": None,
        "near": [experiment(text, "e1", state="rejected")], "directive": directive(text),
        "asked": [{"agent": text, "move": text, "since": NOW - 3}],
    }  # fmt: skip
    one_agent = {
        "agent": agent(text, trouble=text), "created": NOW - 900, "notes": text, "direction": direction(text),
        "directives": [directive(text)], "proposals_total": 1, "posts": [post(text)], "posts_total": 1,
        "proposals": [{**proposal(text), "wrote": True, "experiment": "e12", "verdict": "rejected",
                       "effect": 0.1}],
        "turns": [{"id": "q1", "move": text, "subject": "p7", "created": NOW - 9, "ended": NOW - 8,
                   "state": "failed", "fault": text, "note": text}],
    }  # fmt: skip
    window = {"total": 250, "experiments": [experiment(text, f"e{n}") for n in range(400, 300, -1)]}
    work = {"total": 2, "experiments": [experiment(text, "e40", state="open", verdict="", running=["r1"]),
                                        experiment(text, "e41")]}  # fmt: skip
    found: dict[Query, Any] = {
        asked.company("c")[0]: company,
        asked.agents("c")[0]: {"agents": [agent(text)]},
        asked.agent("a1"): one_agent,
        asked.one("t1"): {"team": team, "directions": [direction(text)], "total": 7,
                          "directives": [directive(text)]},
        asked.one("h1"): one_direction,
        asked.one("p7"): one_proposal,
        full("p7"): {"change": change or {"kind": "patch", "patch": PATCH + "+" + text + "\n"}},
        query("board", campaign="c"): {"surface": {"LR": {"low": 0.0, "high": 1.0, "value": 0.02}}},
        query("directives", campaign="c", all=True): {"directives": [directive(text)]},
        query("deadends", campaign="c"): [dead_end(text), dead_end(text, "d2", axis="other")],
        roster.newest("c"): window,
        roster.kept("c", "t1"): {"total": 3, "experiments": [experiment(text, "e3", verdict="accepted")]},
    }  # fmt: skip
    for whose, ident in (("team", "t1"), ("direction", "h1")):
        given: Json = {"campaign": "c", "sort": "new", "offset": 0, whose: ident}
        found[query("experiments", limit=100, **given)] = work
        found[query("experiments", state="closed", limit=history.PAGE, **given)] = window
    return found


def scene(text: str, ident: str = "", glyphs: Glyphs = BRAILLE, change: Json | None = None) -> Scene:
    """Return a scene in which all of it is known, with one thing open."""
    status = {"campaigns": [{"campaign": "c", "state": "running", "metric": "loss", "goal": "minimize"}]}
    known = View(link=Link(Phase.LIVE, epoch="x"), host="ws")
    known = views.with_status(known, status, NOW)
    answers = {asking: Answer(reply, at=1.0) for asking, reply in replies(text, change).items()}
    known = views.with_answers(known, MappingProxyType(answers))
    return Scene(known, Route(Screen.TEAMS, ident), NOW, glyphs)
