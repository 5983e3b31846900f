"""All of a campaign with its times, in pages: enough to say how things stood at any moment."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from arctl.daemon import clock
from arctl.daemon.commands.base import Caller, Context, Params, method, the_campaign
from arctl.daemon.commands.paging import ROOM, fitting, size
from arctl.daemon.life.titles import told
from arctl.daemon.rows import Experiment
from arctl.daemon.state import State
from arctl.daemon.store import events as log
from arctl.errors import UsageError

#: Ids of one kind that one page passes at most; another campaign's may lie between.
MAX_IDS = 20_000
#: Rows that are looked at before others get their turn.
PIECE = 200
#: Events that one page looks at and brings, and what of a text it repeats.
MAX_SEEN = 50_000
MAX_CHANGES = 2000
MAX_TEXT = 200
TEXTS = frozenset({"title", "reason", "reopen", "revived", "text"})

Line = list[Any]


def _experiment(state: State, row: Experiment) -> Line:
    proposal = state.proposals.get(row.proposal)
    return [
        row.id,
        row.number,
        told(state, row)[:MAX_TEXT],
        row.axis,
        row.team,
        row.direction,
        proposal.agent if proposal is not None else "",
        row.base,
        row.created,
        row.closed,
        row.verdict,
        row.reason[:MAX_TEXT],
        row.mean,
        row.evidence.get("effect"),
        len(row.record),
    ]


def _plain(row: Any, columns: Sequence[str]) -> Line:
    """Return what a row has under these names; long texts are cut: the page of one thing has them whole."""
    return [_value(getattr(row, name), MAX_TEXT if name in TEXTS else None) for name in columns]


def _value(value: Any, most: int | None) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value if most is None else value[:most]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row: the letter of its ids, where they are, and what a line of one holds."""

    letter: str
    rows: Callable[[State], dict[str, Any]]
    columns: Sequence[str]

    def line(self, state: State, row: Any) -> Line:
        """Return one row as a line."""
        return _experiment(state, row) if isinstance(row, Experiment) else _plain(row, self.columns)


def _kind(letter: str, rows: Callable[[State], dict[str, Any]], names: str) -> Kind:
    return Kind(letter, rows, tuple(names.split()))


KINDS = {
    "teams": _kind("t", lambda s: s.company.teams, "id name created since state direction reason"),
    "directions": _kind(
        "h", lambda s: s.company.directions, "id title created since state team author reason"
    ),
    "proposals": _kind(
        "p",
        lambda s: s.proposals,
        "id created state title axis team direction agent experiment directive",
    ),
    "experiments": _kind(
        "e",
        lambda s: s.experiments,
        "id number title axis team direction agent base created closed verdict reason mean effect runs",
    ),
    "runs": _kind(
        "r",
        lambda s: s.runs,
        "id experiment device device_name seed purpose created started ended outcome value seconds",
    ),
    "dead_ends": _kind(
        "d", lambda s: s.dead_ends, "id created axis direction low high reason reopen revived"
    ),
    "posts": _kind("m", lambda s: s.company.posts, "id created author kind thread team open text"),
    "directives": _kind(
        "i", lambda s: s.company.directives, "id created target author state acknowledged ended text"
    ),
    "deeds": _kind("u", lambda s: s.company.deeds, "id created actor verb target undone text"),
}
#: What of the events says when rows changed that carry no time of it themselves.
CHANGES = tuple(
    f"{kind}."
    for kind in (
        "campaign",
        "champion",
        "team",
        "direction",
        "dead_end",
        "directive",
        "proposal",
        "discussion",
        "agent",
    )
)
COLUMNS: dict[str, Sequence[str]] = {name: kind.columns for name, kind in KINDS.items()} | {
    "changes": ["seq", "at", "kind", "subject", "text"]
}


@method("history")
async def history(context: Context, caller: Caller, params: Params) -> Any:
    """Return all of a campaign with its times, in pages: `after` is the `cursor` of the page before.

    Each kind of row comes as lines of the values that `columns` names, each row once, as it is when its page
    is made. `changes` are the events that say when something else changed. Where `more` is false, the cursor
    brings what is new since.
    """
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    seen = _cursor(params.get("after", str, ""))
    last = context.engine.last_event
    page: dict[str, list[Line]] = {}
    room, more = ROOM, False
    for name, kind in KINDS.items():
        begin = seen.get(kind.letter, 0)
        page[name], seen[kind.letter], room = await _lines(state, campaign.id, kind, begin, room)
        more = more or seen[kind.letter] < state.last_number(kind.letter)
    begin = seen.get("v", 0)
    wanted = log.Wanted(campaign.id, kinds=CHANGES)

    def changed(connection: sqlite3.Connection) -> list[dict[str, Any]]:
        return log.within(connection, wanted, begin, min(last, begin + MAX_SEEN), MAX_CHANGES)

    changes = await context.reader.study(changed) if begin < last and room > 0 else []
    lines = [[e["seq"], e["at"], e["kind"], e["subject"], e["text"][:MAX_TEXT]] for e in changes]
    page["changes"] = fitting(lines, MAX_CHANGES, max(1, room)) if lines else []
    if len(page["changes"]) < len(lines) or len(lines) == MAX_CHANGES:
        seen["v"] = page["changes"][-1][0]
    elif room > 0:
        seen["v"] = max(begin, min(last, begin + MAX_SEEN))
    spec = state.spec(campaign.id)
    return {
        "campaign": campaign.id,
        "created": campaign.created,
        "state": campaign.state.value,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "baseline": state.baseline_of(campaign.id).id,
        "columns": COLUMNS,
        **page,
        "cursor": ",".join(f"{letter}{number}" for letter, number in seen.items()),
        "more": more or seen.get("v", 0) < last,
        "now": clock.now(),
    }


def _cursor(text: str) -> dict[str, int]:
    """Read how far a history was seen: the last number of each kind."""
    found = {}
    for part in filter(None, text.split(",")):
        if not part[1:].isdecimal():
            msg = f"{text!r} is no cursor of a history"
            raise UsageError(msg, "pass on what the page before returned")
        found[part[0]] = int(part[1:])
    return found


async def _lines(
    state: State, campaign: str, kind: Kind, seen: int, room: int
) -> tuple[list[Line], int, int]:
    """Return the next lines of a kind, the number of the last one, and the bytes that are left."""
    rows, last = kind.rows(state), state.last_number(kind.letter)
    found: list[Line] = []
    reached = min(last, seen + MAX_IDS)
    for number in range(seen + 1, reached + 1):
        if not number % PIECE:
            await asyncio.sleep(0)
        row = rows.get(f"{kind.letter}{number}")
        if row is not None and row.campaign == campaign:
            made = kind.line(state, row)
            room -= size(made)
            if room < 0:
                return found, number - 1, room
            found.append(made)
    return found, max(seen, reached), room
