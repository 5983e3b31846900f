"""Devices: one row each, with load, memory, their history, and the run that has it or why none does."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.format import NA
from arctl.tui.data.rows import Device
from arctl.tui.data.times import clock, since
from arctl.tui.data.view import Reading
from arctl.tui.look.lines import Cell, Line, Row, Span, Tone, bar, fit, lay, spark
from arctl.tui.look.scene import Scene
from arctl.tui.widgets.pane import Pane

#: A device hotter than this is worth a second look, in degrees Celsius.
HOT = 85.0
#: Seconds of history that the sparkline covers.
SPAN = 120


class DevicesPane(Pane):
    """The devices of this machine."""

    EMPTY = "no device seen yet"
    BEAT = 1.0
    HINTS = "Enter job  p hold  P freeze  x kill"

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the readings and the campaigns."""
        return (scene.view.devices, scene.view.campaigns)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return one row for each device; on a low terminal two beside each other."""
        return [Row(f"device:{row.id}", device_line(row, scene, width)) for row in scene.view.devices]

    def heading(self, scene: Scene) -> str:
        """Return the title with the columns."""
        devices = scene.view.devices
        readings = (
            "util, memory, watts, degrees" if scene.view.playback is None else "readings are not recorded"
        )
        return f"Devices ({len(devices)})  {readings}" if devices else "Devices"


def device_line(row: Device, scene: Scene, width: int) -> Line:
    """Lay out one device: index, load, history, memory, watts, degrees, and what runs on it."""
    if scene.view.playback is not None:
        # Readings are not recorded.
        head: Line = ((f" {row.index:<2} {fit(row.name, 12)} ", "strong"),)
        return (*head, *_job(row, scene, width - 17))
    glyphs = scene.glyphs
    util_bar = max(4, min(24, (width - 60) // 3))
    memory_bar = max(0, min(12, (width - 76) // 4))
    history = max(0, min(20, (width - 116) // 3))
    share = None if row.util is None else row.util / 100
    used, total = row.memory_used_mb, row.memory_total_mb
    filled = used / total if used is not None and total else None
    percent = NA if row.util is None else f"{row.util:.0f}%"
    memory = f"{_gib(used)}/{_gib(total)}G"
    watts = NA if row.power_w is None else f"{row.power_w:.0f}W"
    degrees = NA if row.temperature_c is None else f"{row.temperature_c:.0f}°"
    hot = row.temperature_c is not None and row.temperature_c >= HOT
    tone: Tone = "warn" if row.frozen is not None or row.held else "good" if row.run else "accent"
    spans: list[tuple[Line, int]] = [
        (((f" {row.index:<2}", "strong"),), 3),
        (bar(share, util_bar, glyphs, tone), util_bar),
        (((fit(percent, 4, right=True), "" if row.run else "dim"),), 4),
    ]
    if history:
        told = [value for _, value, _ in recent(scene.view.history.get(row.id, ()), SPAN)]
        spans.append((((spark(told, history, glyphs), "dim"),), history))
    if memory_bar:
        spans.append((bar(filled, memory_bar, glyphs, "second"), memory_bar))
    spans += [
        (((fit(memory, 7, right=True), ""),), 7),
        (((fit(watts, 5, right=True), "" if row.power_w is not None else "dim"),), 5),
        (((fit(degrees, 4, right=True), "bad" if hot else ""),), 4),
    ]
    taken = sum(size + 1 for _, size in spans)
    spans.append((_job(row, scene, width - taken), width - taken))
    line: list[Span] = []
    for piece, _ in spans:
        line += [*piece, (" ", "")]
    return tuple(line[:-1])


def recent(history: Sequence[Reading], seconds: float) -> Sequence[Reading]:
    """Return the readings of the last seconds."""
    if not history:
        return ()
    edge = history[-1][0] - seconds
    return [reading for reading in history if reading[0] > edge]


def _gib(mebibytes: float | None) -> str:
    return NA if mebibytes is None else f"{mebibytes / 1024:.0f}"


def _job(row: Device, scene: Scene, width: int) -> Line:
    """Say what runs, for how long, and how long it may; or why nothing does."""
    if width <= 0:
        return ()
    if not row.run:
        why, tone = _idle(row, scene)
        return ((fit(why, width), tone),)
    if row.frozen is not None:
        holds = f", holds {_gib(row.memory_used_mb)}G" if row.memory_used_mb is not None else ""
        time = f"FROZEN {since(scene.now - row.frozen)}{holds}"
    elif row.started is None:
        time = "starting"
    else:
        time = clock(scene.now - row.started - row.frozen_seconds)
        if row.limit is not None:
            time += f" / {clock(row.limit)}"
    team = row.team_name
    if len(scene.view.campaigns) > 1 and width >= 60:
        team = f"{row.campaign} {team}".strip()
    others = f"+{len(row.runs) - 1}" if len(row.runs) > 1 else ""
    shown = Cell(row.experiment + others, 6 + len(others), "accent")
    cells = [shown, Cell(time, max(13, len(time)), "warn" if row.frozen else "")]
    if width >= 34 and (team or any(each.team_name for each in scene.view.devices)):
        cells.insert(0, Cell(team, min(16, width // 5), "dim"))
    if row.held:
        cells.append(Cell(f"held after this by {row.held}", 0, "warn"))
    elif width >= 40:
        cells.append(Cell(row.title, 0, "dim"))
    return lay(cells, width)


def _idle(row: Device, scene: Scene) -> tuple[str, Tone]:
    view = scene.view
    if row.quarantined or row.barred:
        for_long = f" {since(scene.now - row.quarantined_at)}" if row.quarantined_at is not None else ""
        return f"QUARANTINED{for_long}: {row.quarantined or row.barred}", "bad"
    if row.held:
        return f"held by {row.held}", "warn"
    if row.taken:
        return f"taken by {row.taken}", "warn"
    if row.foreign and row.taken is None:
        memory = f", {_gib(row.foreign_mb)}G" if row.foreign_mb is not None else ""
        return f"taken: {row.foreign} process{'' if row.foreign == 1 else 'es'} of others{memory}", "warn"
    if view.stopping:
        return "idle: the daemon is ending", "dim"
    states = {each.state for each in view.campaigns}
    if states and states <= {"paused", "held", "finished"}:
        return "idle: " + ", ".join(f"{each.id} is {each.state}" for each in view.campaigns[:2]), "dim"
    return "idle", "dim"
