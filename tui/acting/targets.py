"""What a key acts on: the thing that a row stands for, and what it belongs to, from the inside out."""

from __future__ import annotations

from dataclasses import dataclass

from arctl.format import count, duration
from arctl.format import word as written
from arctl.tui.data.route import is_id
from arctl.tui.data.rows import Device
from arctl.tui.data.view import View

#: The kinds of things that a verb takes; where a row stands for another kind, what it belongs to is meant.
ACCEPTS: dict[str, frozenset[str]] = {
    "pause": frozenset({"campaign", "team", "direction", "agent", "experiment", "run", "device"}),
    "freeze": frozenset({"campaign", "team", "direction", "experiment", "run", "device"}),
    "kill": frozenset({"campaign", "team", "direction", "agent", "experiment", "run", "device"}),
    "redirect": frozenset({"campaign", "team", "direction"}),
    "move": frozenset({"proposal", "experiment"}),
    "stash": frozenset({"proposal", "experiment"}),
    "edit": frozenset({"proposal"}),
    "approve": frozenset({"proposal"}),
    "reject": frozenset({"proposal"}),
    "rerun": frozenset({"experiment"}),
    "release": frozenset({"experiment", "device"}),
    "invalidate": frozenset({"experiment"}),
    "promote": frozenset({"experiment"}),
    "rollback": frozenset({"experiment"}),
    "fork": frozenset({"experiment"}),
    "withdraw": frozenset({"directive", "direction"}),
    "revive": frozenset({"dead end"}),
    "undo": frozenset({"deed"}),
    "redo": frozenset({"deed"}),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A thing as the wire names it, and as people do; `held` tells that it was paused."""

    kind: str
    id: str
    words: str
    held: bool = False
    #: It has ended: nothing about it can be paused or killed any more.
    over: str = ""


def chain(view: View, key: str) -> tuple[Target, ...]:
    """Return what a row stands for, then what that belongs to: run, experiment, direction, team, campaign."""
    kind, _, rest = key.partition(":")
    if kind == "device":
        return _device(view, rest)
    if kind == "campaign":
        return _campaign(view, rest)
    if kind == "event":
        event = next((row for row in view.events if str(row.seq) == rest), None)
        if event is None:
            return _campaign(view, view.chosen)
        subject, campaign = event.subject, event.campaign or view.chosen
        return _thing(view, subject, campaign) if is_id(subject) else _campaign(view, campaign)
    if kind == "axis" or not is_id(key):
        return _campaign(view, view.chosen)
    return _thing(view, key)


def pick(found: tuple[Target, ...], verb: str) -> Target | None:
    """Return the first of a chain that a verb takes."""
    if verb == "pause" and len(found) > 1 and found[1].kind == "device" and not found[0].held:
        found = found[1:]  # a run under way cannot be paused, its device can: nothing more starts there
    return next((target for target in found if target.kind in ACCEPTS[verb]), None)


def _thing(view: View, ident: str, campaign: str = "") -> tuple[Target, ...]:
    """Return the chain of a thing; `campaign` is whose it is where no reply told of the thing itself."""
    thing = view.thing(ident)
    campaign = thing.campaign or campaign or view.chosen
    title = f" {thing.title}" if thing.title and thing.kind not in ("run", "post") else ""
    over = ""
    if thing.kind == "experiment" and thing.state == "closed":
        over = f"{ident} has ended: {written(thing.verdict)}"
    if thing.kind == "run" and thing.state == "ended":
        over = f"{ident} has ended"
    if thing.kind in ("team", "agent") and thing.state == "retired":
        over = f"{ident} is no more at work"
    if thing.kind == "direction" and thing.state not in ("", "active", "standing", "proposed"):
        over = f"{ident} has ended: {written(thing.state)}"
    held = thing.held or thing.state == "held"
    found = [Target(thing.kind, ident, f"{thing.kind} {ident}{title}", held, over)]
    if thing.experiment and thing.kind == "run":
        return (*found, *_thing(view, thing.experiment, campaign))
    if thing.direction and thing.direction != ident and thing.kind != "team":
        found += [each for each in _thing(view, thing.direction, campaign) if each.kind != "campaign"]
    if thing.kind != "team" and thing.team and all(each.id != thing.team for each in found):
        # Its team may work in another direction by now: that one it does not belong to.
        kinds = ("team",) if thing.direction else ("team", "direction")
        found += [each for each in _thing(view, thing.team, campaign) if each.kind in kinds]
    elif thing.kind == "team" and thing.direction:
        inner = view.thing(thing.direction)
        words = f"direction {inner.id} {inner.title}".rstrip()
        found.append(Target("direction", inner.id, words, inner.held))
    return (*found, *_campaign(view, campaign))


def _campaign(view: View, name: str) -> tuple[Target, ...]:
    row = next((row for row in view.campaigns if row.id == name), None)
    if row is None:
        return ()
    over = f"campaign {name} is finished" if row.state == "finished" else ""
    return (Target("campaign", name, f"campaign {name}", row.state in ("paused", "held", "finished"), over),)


def _device(view: View, ident: str) -> tuple[Target, ...]:
    row = next((row for row in view.devices if row.id == ident), None)
    if row is None:
        return ()
    own = Target("device", row.id, f"device {row.name}", bool(row.held))
    if not row.run:
        return (own,)
    run = Target("run", row.run, f"run {row.run} of {row.experiment}", view.thing(row.run).held)
    return (run, own, *_thing(view, row.experiment, row.campaign))


def stands_still(view: View, target: Target) -> bool:
    """Tell whether a thing was frozen: it is held, and of its runs one is frozen or none is under way."""
    runs = [row for row in view.devices if row.run and _within(view, row, target)]
    frozen = any(row.frozen is not None for row in runs)
    if target.kind in ("run", "experiment"):
        return frozen or (target.held and not runs)  # resumed by name it goes on, whatever froze it
    return target.held and (frozen or not runs)


def cost(view: View, target: Target, now: float) -> list[str]:
    """Say what ending a thing costs: the runs that end, with the device time spent on them, and the rest."""
    runs = [row for row in view.devices if row.run and _within(view, row, target)]
    spent = sum(_worked(row, now) for row in runs)
    # One run may have several devices, and several runs one.
    shared = target.kind == "device"
    ended = {run for row in runs for run in ((shared and row.runs) or (row.run,))}
    said = f"{count(len(ended), 'run')} under way" if runs else "no run is under way"
    if runs:
        ends = "ends" if len(ended) == 1 else "end"
        said += f" {ends} now: {duration(spent)} of device time without a result"
    lines = [said[0].upper() + said[1:] + "."]
    lines += {
        "campaign": ["Its experiments are cancelled and every agent is let go; what was measured stays.",
                     "`resume` lets it go on from the champion."],
        "team": ["Its queue is given up, its direction waits for another team."],
        "direction": ["Its queue is given up, and each of its axes becomes a dead end with your reason."],
        "agent": ["It is retired; what it was writing goes back to the queue."],
        "experiment": ["The idea is not judged; it can be rerun."],
        "run": ["What it has computed is lost; its experiment is judged without it, or not at all."],
        "device": ["It is paused, and the run on it is queued again elsewhere." if runs else "It is paused."],
    }.get(target.kind, [])  # fmt: skip
    return lines


def _worked(row: Device, now: float) -> float:
    """Return for how many seconds a device's run has worked: frozen it does not."""
    if row.started is None:
        return 0.0
    return max(0.0, (now if row.frozen is None else row.frozen) - row.started - row.frozen_seconds)


def _within(view: View, row: Device, target: Target) -> bool:
    if target.kind == "device":
        return row.id == target.id
    if target.kind == "team" and row.team:
        return row.team == target.id
    found = (Target("run", row.run, row.run), *_thing(view, row.experiment, row.campaign))
    return any(each.kind == target.kind and each.id == target.id for each in found)
