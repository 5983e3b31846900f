"""Devices: one row each, with its load, its memory and the run that has it."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.format import NA
from arctl.tui.lines import Line, Row, Span, bar, fit
from arctl.tui.rows import Device
from arctl.tui.state import View, clock
from arctl.tui.widgets.pane import Pane

#: A device hotter than this is worth a second look, in degrees Celsius.
HOT = 85.0


class DevicesPane(Pane):
    """The devices of this machine."""

    EMPTY = "no device seen yet"

    def rows(self, view: View, now: float, width: int) -> Sequence[Row]:
        """Return one row for each device."""
        return [Row(row.id, device_line(row, view, now, width)) for row in view.devices]

    def heading(self, view: View) -> str:
        """Return the title."""
        return f"Devices ({len(view.devices)})" if view.devices else "Devices"


def device_line(row: Device, view: View, now: float, width: int) -> Line:
    """Lay out one device: index, load, memory, watts, degrees, and what runs on it."""
    util_bar = max(4, min(24, (width - 56) // 3))
    memory_bar = max(0, min(12, (width - 70) // 4))
    share = None if row.util is None else row.util / 100
    used, total = row.memory_used_mb, row.memory_total_mb
    filled = used / total if used is not None and total else None
    percent = NA if row.util is None else f"{row.util:.0f}%"
    memory = f"{_gib(used)}/{_gib(total)}G"
    watts = NA if row.power_w is None else f"{row.power_w:.0f}W"
    degrees = NA if row.temperature_c is None else f"{row.temperature_c:.0f}°"
    hot = row.temperature_c is not None and row.temperature_c >= HOT
    spans: list[tuple[Line, int]] = [
        (((f" {row.index:<2}", "strong"),), 3),
        (bar(share, util_bar, "good" if row.run else "accent"), util_bar),
        (((fit(percent, 4, right=True), "" if row.run else "dim"),), 4),
    ]
    if memory_bar:
        spans.append((bar(filled, memory_bar, "accent"), memory_bar))
    spans += [
        (((fit(memory, 7, right=True), ""),), 7),
        (((fit(watts, 5, right=True), "" if row.power_w is not None else "dim"),), 5),
        (((fit(degrees, 4, right=True), "bad" if hot else ""),), 4),
    ]
    taken = sum(size + 1 for _, size in spans)
    spans.append((_job(row, view, now, width - taken), width - taken))
    line: list[Span] = []
    for piece, _ in spans:
        line += [*piece, (" ", "")]
    return tuple(line[:-1])


def _gib(mebibytes: float | None) -> str:
    return NA if mebibytes is None else f"{mebibytes / 1024:.0f}"


def _job(row: Device, view: View, now: float, width: int) -> Line:
    """Say what runs, for how long, and how long it may; or why nothing does."""
    if not row.run:
        why = f"barred: {row.barred}" if row.barred else _idle(view)
        return ((fit(why, width), "warn" if row.barred else "dim"),)
    time = "starting" if row.started is None else clock(now - row.started)
    if row.started is not None and row.limit is not None:
        time += f" / {clock(row.limit)}"
    name = f"{row.experiment} {row.run}"
    listed = view.experiment(row.experiment)
    title = listed.title if listed else ""
    if len(view.campaigns) > 1 and width >= 56:
        title = f"{row.campaign}: {title}" if title else row.campaign
    left = width - 12 - 14
    pieces: Line = ((fit(name, 11), "accent"), (" ", ""), (fit(time, 13), ""))
    return (*pieces, (" ", ""), (fit(title, left), "dim")) if left > 6 else pieces


def _idle(view: View) -> str:
    if view.stopping:
        return "idle: the daemon is ending"
    states = {row.state for row in view.campaigns}
    if states and states <= {"paused", "held", "finished"}:
        return "idle: " + ", ".join(f"{row.id} is {row.state}" for row in view.campaigns[:2])
    return "idle"
