"""What the panes about teams ask the daemon, and the phrases that several of them share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from arctl.format import word as written
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, real, whole, word, words, yes
from arctl.tui.data.times import since
from arctl.tui.look.lines import Tone
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import STATES
from arctl.tui.widgets.page import campaign_of


def company(campaign: str) -> list[Query]:
    """Return the query of all of a campaign's teams and directions, the ended ones, too."""
    return [query("teams", campaign=campaign, all=True)] if campaign else []


def one(ident: str) -> Query:
    """Return the query of one team, direction or proposal in full."""
    return query("teams", id=ident)


def agent(ident: str) -> Query:
    """Return the query of one agent in full."""
    return query("agents", id=ident)


def agents(campaign: str) -> list[Query]:
    """Return the query of a campaign's agents."""
    return [query("agents", campaign=campaign)] if campaign else []


def open_campaign(scene: Scene) -> str:
    """Return the campaign of what is open."""
    return campaign_of(scene.view, scene.route.id)


def reply(scene: Scene, wanted: Iterable[Query]) -> Any:
    """Return the first reply of some queries; None where none came."""
    return next((scene.view.answer(each).reply for each in wanted), None)


def ago(scene: Scene, at: float | None) -> str:
    """Write how long ago something was."""
    return "" if at is None else since(scene.now - at)


def past(scene: Scene, at: float | None) -> str:
    """Say how long ago something was: `4m ago`, `just now`; "" where that is not known."""
    told = ago(scene, at)
    return "just now" if told == "now" else f"{told} ago" if told else ""


def state_of(name: str) -> tuple[str, Tone]:
    """Return a state as a word with its tone."""
    return written(name), STATES.get(name, "")


def doing(data: Any, scene: Scene) -> tuple[str, Tone]:
    """Say what an agent does now, or why it does nothing."""
    if trouble := word(data, "trouble"):
        return trouble, "bad"
    asked = inner(data, "asked")
    if asked:
        said = f"{word(asked, 'move')} {word(asked, 'subject')}".rstrip()
        return f"{said} {ago(scene, real(asked, 'since'))}", "accent"
    if word(data, "state") == "paused":
        return "paused", "warn"
    if word(data, "state") == "retired":
        return "retired", "dim"
    if declined := word(data, "declined"):
        return f"declined: {declined}", "warn"
    if yes(data, "exhausted"):
        return "has nothing more to propose here", "dim"
    rests = (real(data, "rests_until") or 0.0) - scene.now
    if rests > 1:
        return "rests", "dim"
    return "free", "dim"


def waits(data: Any, *, approve: bool = False) -> tuple[str, Tone]:
    """Say why a proposal does not run yet."""
    state, reason = word(data, "state"), word(data, "reason")
    if state == "ready":
        if approve and not yes(data, "approved"):
            return "waits for your word: A approves", "warn"
        place = whole(data, "rank")
        said = "runs next" if place == 1 else "in its turn"
        if yes(data, "urgent"):
            said += ", urgent"
        if yes(data, "uncritiqued"):
            said += ", nobody criticised it"
        return (f"{said}; {reason}" if reason else said), "dim"
    told = {
        "pending": "waits for a critique",
        "objected": "an objection stands",
        "claimed": f"{word(data, 'writer') or 'somebody'} writes its change",
        "parked": "set aside",
        "stashed": "set aside by you: S takes it back",
        "backlog": "nobody has written its change yet",
    }.get(state, "")
    tone: Tone = "warn" if state in ("objected", "parked", "stashed") else "dim"
    if reason.startswith(told.partition(" by ")[0]):
        return reason, tone
    return ": ".join(each for each in (told, reason) if each), tone


def directive_for(found: Iterable[Any]) -> Any:
    """Return the newest directive that stands; None where none does."""
    standing = [item for item in found if word(item, "state") in ("issued", "acknowledged")]
    return standing[-1] if standing else None


def axes_of(data: Any) -> str:
    """Return a direction's axes as words."""
    return ", ".join(words(data, "axes"))


def lies_on(axis: str, axes: Iterable[str]) -> bool:
    """Tell whether an axis is one of some, or a part of one: `optimizer.lr` lies on `optimizer`."""
    names = [each.strip() for each in axis.replace("+", ",").split(",")]
    return any(name == each or name.startswith(each + ".") for each in axes for name in names if each)


def tally(record: Any) -> str:
    """Write what came of an agent's proposals: kept of made."""
    kept, made = whole(record, "accepted"), whole(record, "made")
    return f"{kept}/{made}" if made else "-"


def thousands(number: int) -> str:
    """Write a count of tokens in at most five characters; "-" for none."""
    if number <= 0:
        return "-"
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def money(usd: float | None) -> str:
    """Write what was paid; "-" where nothing was."""
    return "-" if not usd else f"${usd:.2f}" if usd >= 0.01 else "<$.01"
