"""What a key acts on: the thing that a row of a pane stands for, in words, with what ending it costs."""

from __future__ import annotations

from dataclasses import dataclass

from arctl.format import count
from arctl.format import word as written
from arctl.tui.state import View


@dataclass(frozen=True, slots=True)
class Target:
    """A campaign, an experiment or a run; where `id` is empty, `why` says why there is nothing to act on."""

    kind: str = ""
    id: str = ""
    words: str = ""
    #: What Enter shows: an experiment, or a run that stands for its experiment.
    shows: str = ""
    why: str = ""
    cost: tuple[str, ...] = ()


def target(view: View, pane: str, key: str) -> Target:
    """Return what a row stands for."""
    match pane:
        case "campaigns":
            return _campaign(view, key)
        case "experiments":
            return _experiment(view, key)
        case "devices":
            return _device(view, key)
        case "events":
            return _event(view, key)
    return Target(why="this pane has nothing to act on")


def _campaign(view: View, key: str) -> Target:
    row = next((row for row in view.campaigns if row.id == key), None)
    if row is None:
        return Target(why="there is no campaign yet: start one with `arctl start PATH`")
    cost = (
        f"{count(row.running, 'run')} under way and {row.queued} queued are stopped,",
        f"{count(row.open, 'open experiment')} cancelled. What was measured stays.",
    )
    return Target("campaign", row.id, f"campaign {row.id}", cost=cost)


def _experiment(view: View, key: str) -> Target:
    row = view.experiment(key)
    if row is None:
        return Target(why="there is no experiment yet")
    if row.state == "closed" and not row.running:
        why = f"{row.id} has ended: {written(row.verdict)}; Enter shows how"
        return Target("experiment", words=row.id, shows=row.id, why=why)
    running = f"{count(len(row.running), 'run')} under way" if row.running else "No run is under way"
    cost = (row.title, f"{running}; it is cancelled, and the idea is not judged.")
    return Target("experiment", row.id, row.id, row.id, cost=cost)


def _device(view: View, key: str) -> Target:
    row = next((row for row in view.devices if row.id == key), None)
    if row is None:
        return Target(why="there is no device yet")
    if not row.run:
        return Target(why=f"nothing runs on {row.name}")
    words = f"run {row.run} of {row.experiment} on {row.name}"
    return Target("run", row.run, words, row.run, cost=("The run ends now; what it has computed is lost.",))


def _event(view: View, key: str) -> Target:
    row = next((row for row in view.events if str(row.seq) == key), None)
    if row is None:
        return Target(why="nothing has happened yet")
    shows = row.subject if row.subject[:1] in ("e", "r") and row.subject[1:].isdigit() else ""
    why = "an event is past: choose a campaign, an experiment or a device (Tab)"
    return Target(
        "event", shows=shows, why=why if shows else f"this event is about no experiment: {row.kind}"
    )


def verb_for(view: View, chosen: Target) -> str:
    """Say whether `p` pauses or resumes."""
    if chosen.kind == "campaign":
        row = next((row for row in view.campaigns if row.id == chosen.id), None)
        return "pause" if row is not None and row.state == "running" else "resume"
    listed = view.experiment(chosen.id)
    return "resume" if listed is not None and listed.held else "pause"
