"""What happened since a moment: gathered from the events and the state, written for a person."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from arctl.format import count, number, signed, word
from arctl.mcp.link import Link
from arctl.mcp.words import ago, clock, fence
from arctl.text import clean

Json = dict[str, Any]

#: Events asked for at once, and looked at in all.
PAGE, MOST = 500, 40_000
#: Lines of one section, and the widest.
LINES, WIDTH = 12, 240

#: The sections that are lists of events: title, and how the kinds in it begin.
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Champions", ("champion.new", "champion.promoting", "champion.rolling_back", "branch.behind")),
    ("Dead ends", ("dead_end.",)),
    (
        "Teams and directions",
        ("team.", "direction.falsified", "direction.retired", "direction.killed", "direction.split",
         "direction.merged", "direction.taken", "direction.standing", "discussion.closed"),
    ),
    ("Members", ("agent.joined", "agent.hired", "agent.retired", "agent.paused", "agent.resumed")),
    ("Directives", ("directive.",)),
    (
        "The campaign itself",
        ("campaign.", "spec.edited", "objective.edited", "edit.refused", "file.", "device.", "action.failed"),
    ),
)  # fmt: skip


@dataclass
class Seen:
    """What the events of a stretch of time said."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    proposed: int = 0
    crashes: int = 0
    posts: int = 0
    runs: int = 0
    total: int = 0
    cut: bool = False

    def take(self, event: Json) -> None:
        """Count an event."""
        kind, text = str(event["kind"]), clean(str(event["text"]), WIDTH)
        self.total += 1
        self.faults[str((event.get("data") or {}).get("fault", "?"))] += kind == "turn.failed"
        self.refused += kind == "proposal.refused"
        self.proposed += kind in ("proposal.made", "proposal.refused")
        self.crashes += kind == "experiment.crashed"
        self.posts += kind == "forum.posted"
        self.runs += kind == "run.ended"
        for title, kinds in SECTIONS:
            if kind.startswith(kinds):
                self.lines.setdefault(title, []).append(f"{clock(float(event['at']))} {text}")


async def night(link: Link, since: float, campaign: str = "") -> str:
    """Return what happened since a moment, as markdown; of every campaign where none is named."""
    status = await link.ask("status")
    rows = [row for row in status["campaigns"] if not campaign or row["campaign"] == campaign]
    if not rows:
        return (
            "There is no campaign yet." if not campaign else f"There is no campaign {clean(campaign, 60)!r}."
        )
    now = time.time()
    head = f"# Since {clock(since)} ({ago(now - since)} ago)"
    parts = [head]
    if status["trouble"]:
        parts.append(f"**The daemon is in trouble: {clean(str(status['trouble']), WIDTH)}**")
    parts += [await _campaign(link, row, since) for row in rows[:8]]
    return "\n\n".join(parts)


async def _campaign(link: Link, row: Json, since: float) -> str:
    name = row["campaign"]
    seen = await gather(link, name, since)
    listed = await link.ask("experiments", campaign=name, limit=1000)
    agents = await link.ask("agents", campaign=name)
    parts = [f"## {name}", _now(row, seen), _needs(row, agents, await link.ask("questions", campaign=name))]
    parts.append(_verdicts(listed, since))
    for title, _ in SECTIONS:
        if lines := seen.lines.get(title):
            parts.append(_section(title, lines))
    parts.append(_thinking(seen))
    costs = await link.ask("costs", campaign=name, since=since)
    parts.append(_costs(costs, await link.ask("costs", campaign=name)))
    return "\n\n".join(part for part in parts if part)


async def gather(link: Link, campaign: str, since: float) -> Seen:
    """Read the events of a campaign since a moment."""
    cursor, seen = await _cursor(link, since), Seen()
    while seen.total < MOST:
        page = await link.ask("events", after=cursor, limit=PAGE, campaign=campaign)
        for event in page:
            if float(event["at"]) >= since:
                seen.take(event)
        if len(page) < PAGE:
            return seen
        cursor = int(page[-1]["seq"])
    seen.cut = True
    return seen


async def _cursor(link: Link, since: float) -> int:
    """Return a number behind which all events since a moment stand: times grow with the numbers."""
    newest = await link.ask("events", limit=1)
    low, high = 0, int(newest[-1]["seq"]) if newest else 0
    while low < high:
        middle = (low + high) // 2
        found = await link.ask("events", after=middle, limit=1)
        if found and float(found[0]["at"]) < since:
            low = int(found[0]["seq"])
        else:
            high = middle
    return low


def _now(row: Json, seen: Seen) -> str:
    why = f", {clean(str(row['reason']), WIDTH)}" if row["reason"] else ""
    champion = f"{row['champion']} {clean(str(row['champion_title']), 100)}"
    value = f"{row['metric']} {number(row['champion_mean'])} over {count(row['champion_runs'], 'run')}"
    work = f"{row['running']} running, {row['queued']} queued, {row['experiments']} experiments in all"
    made = f"{count(seen.proposed, 'proposal')} ({seen.refused} refused)"
    ended = f"{count(seen.runs, 'run')} ended, {count(seen.crashes, 'crash', 'crashes')}"
    lines = [
        f"Now: {row['state']}{why}; {work}.",
        f"Champion: {champion}, {value} ({row['goal']}).",
        f"In this time: {made}, {ended}, {count(seen.posts, 'post')} in the forum.",
    ]
    if seen.cut:
        lines.append(f"More than {MOST} events: only the first {MOST} of them are counted here.")
    return "\n".join(lines)


def _needs(row: Json, agents: Json, questions: list[Json]) -> str:
    """Say what waits for a person."""
    waits = []
    if row["state"] == "held":
        waits.append(f"- the campaign is held: {clean(str(row['reason']), WIDTH)}")
    if row["behind"]:
        waits.append(f"- the branch is behind: {clean(str(row['behind']), WIDTH)}")
    troubles = {clean(str(agent["trouble"]), WIDTH) for agent in agents["agents"] if agent["trouble"]}
    waits += [f"- agents cannot think: {text}" for text in sorted(troubles)]
    for post in questions[-5:]:
        waits.append(f"- {post['author']} asks in {post['id']}; {fence('question', str(post['text']), 600)}")
    if len(questions) > 5:
        waits.append(f"- and {len(questions) - 5} more questions")
    return "\n".join(["### Waits for you", *waits]) if waits else "Nothing waits for you."


def _verdicts(listed: Json, since: float) -> str:
    """Count how experiments ended, and name those with the largest effects."""
    ended = [row for row in listed["experiments"] if row["closed"] and float(row["closed"]) >= since]
    if not ended:
        return "### Verdicts\nNo experiment ended."
    counts = Counter(str(row["verdict"]) for row in ended)
    said = ", ".join(f"{total} {word(verdict)}" for verdict, total in counts.most_common())
    lines = ["### Verdicts", f"{count(len(ended), 'experiment')} ended: {said}."]
    judged = [row for row in ended if isinstance(row["effect"], int | float)]
    best = sorted(judged, key=lambda row: -float(row["effect"]))[:5]
    for row in best:
        effect = signed(float(row["effect"]))
        lines.append(
            f"- {row['id']} {clean(str(row['title']), 120)}: {word(row['verdict'])}, effect {effect}"
        )
    return "\n".join(lines)


def _section(title: str, lines: list[str]) -> str:
    left = len(lines) - LINES
    more = [f"- … {left} earlier ones"] if left > 0 else []
    return "\n".join([f"### {title}", *more, *(f"- {line}" for line in lines[-LINES:])])


def _thinking(seen: Seen) -> str:
    faults = {kind: total for kind, total in seen.faults.items() if total}
    if not faults:
        return ""
    listed = ", ".join(f"{total} {word(kind)}" for kind, total in sorted(faults.items()))
    return f"### Thinking\n{count(sum(faults.values()), 'turn')} failed: {listed}."


def _costs(recent: Json, whole: Json) -> str:
    total = whole["total"]
    if not total["calls"]:
        return "### Cost\nNo language model was called."
    ours = recent["total"]
    caps = "; ".join(
        f"{cap['cap']} {number(cap['spent'])} of {number(cap['limit'])}"
        for cap in whole["caps"]
        if cap["spent"] is not None
    )
    said = f"In this time {number(_spent(ours), 4)} USD for {count(ours['calls'], 'call')}; in all "
    said += f"{number(_spent(total), 4)} USD for {count(total['calls'], 'call')}."
    return f"### Cost\n{said}" + (f" Caps: {caps}." if caps else "")


def _spent(total: Json) -> float:
    """Return what counts as spent: settled, reserved, and of unknown outcome."""
    return float(total["usd"] + total["reserved"] + total["unknown"])
