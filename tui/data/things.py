"""Things that replies speak of, by their ids: what kind, what it is called, whose it is, how it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from arctl.tui.data.reading import word, yes
from arctl.tui.data.route import is_id

KINDS = {
    "e": "experiment",
    "r": "run",
    "p": "proposal",
    "t": "team",
    "h": "direction",
    "a": "agent",
    "m": "post",
    "i": "directive",
    "d": "dead end",
    "u": "deed",
}
#: Things that are kept in mind; the oldest go first.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Thing:
    """What is known of an id from whatever reply spoke of it last; "" is what no reply told."""

    id: str
    kind: str = ""
    title: str = ""
    campaign: str = ""
    team: str = ""
    direction: str = ""
    experiment: str = ""
    state: str = ""
    verdict: str = ""
    held: bool = False


def harvest(known: Mapping[str, Thing], reply: Any) -> dict[str, Thing]:
    """Return what is known after a reply: every object in it with an id adds to its thing."""
    found = dict(known)
    for data, campaign in _objects(reply, ""):
        ident = str(data["id"])
        new = Thing(
            id=ident,
            kind=KINDS.get(ident[0], ""),
            title=_title(ident, data),
            campaign=word(data, "campaign") or campaign,
            team=_ident(data, "team"),
            direction=_ident(data, "direction"),
            experiment=_ident(data, "experiment"),
            state=word(data, "state"),
            verdict=word(data, "verdict"),
            held=yes(data, "held"),
        )
        old = found.pop(ident, None)
        found[ident] = _added(old, new, data) if old is not None else new
    for ident in list(found)[: max(0, len(found) - MOST)]:
        del found[ident]
    return found


def _title(ident: str, data: Any) -> str:
    """Return what a thing is called; where a team is listed with its direction, its own name counts."""
    first, second = ("name", "title") if ident[0] in "ta" else ("title", "name")
    return word(data, first) or word(data, second)


def _added(old: Thing, new: Thing, data: Any) -> Thing:
    """Return what is known by now: what a reply does not name stays, what it names as nothing is gone."""
    gone = {name for name in ("team", "direction", "experiment") if name in data and not data[name]}
    changes: dict[str, Any] = {
        item.name: getattr(new, item.name) or ("" if item.name in gone else getattr(old, item.name))
        for item in fields(new)
    }
    changes["held"] = new.held if "held" in data else old.held
    return replace(new, **changes)


def _ident(data: Any, name: str) -> str:
    """Return an id, whether the reply has the id itself or the object."""
    value = data.get(name)
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and is_id(value) else ""


def _objects(data: Any, campaign: str) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(data, dict):
        campaign = word(data, "campaign") or campaign
        ident = data.get("id")
        if isinstance(ident, str) and is_id(ident):
            yield data, campaign
        for value in data.values():
            if isinstance(value, dict | list):
                yield from _objects(value, campaign)
    elif isinstance(data, list):
        for value in data:
            if isinstance(value, dict | list):
                yield from _objects(value, campaign)
