"""The devices: their load, what runs on them and what keeps runs off; and whether they may be used."""

from __future__ import annotations

import time

import click

from arctl.cli import common
from arctl.cli.control import act, if_rev_option, reason_option
from arctl.cli.look import width
from arctl.errors import UsageError
from arctl.format import NA, count, duration, table
from arctl.text import clean


@click.group(invoke_without_command=True)
@common.json_option
@click.pass_context
def gpus(ctx: click.Context, as_json: bool) -> None:
    """Show the devices, their load and what runs on them; a missing reading is "-".

    Example: arctl gpus
    """
    if ctx.invoked_subcommand is not None:
        return
    with common.connect() as client:
        found = client.call("gpus")
        host = client.call("host") if as_json else None
    if as_json:
        common.document({"devices": found, "host": host})
        return
    if not found:
        common.narrate("no device is known yet: the daemon has only just begun, see `arctl logs`")
        return
    head = ("#", "NAME", "UTIL%", "MEM GiB", "W", "°C", "RUN", "TIME", "NOTE")
    rows = [_device(row, time.time()) for row in found]
    for line in table(head, rows, right=(2, 3, 4, 5, 7), width=width()):
        click.echo(line)


@gpus.command()
@click.argument("device")
@reason_option
@if_rev_option
@common.json_option
def deny(device: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Start nothing more on a device; what runs there ends as usual. It is the same as to pause it.

    Example: arctl gpus deny gpu1 --reason "Ada needs it this week"
    """
    _known(device)
    act("pause", device, reason, if_rev, None, as_json=as_json)


@gpus.command()
@click.argument("device")
@reason_option
@if_rev_option
@common.json_option
def allow(device: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Let runs start on a device again that was denied, or paused.

    Example: arctl gpus allow gpu1
    """
    _known(device)
    act("resume", device, reason, if_rev, None, as_json=as_json)


@gpus.command()
@click.argument("device")
@reason_option
@common.json_option
def release(device: str, reason: str, as_json: bool) -> None:
    """Let a device out of quarantine, once you have seen to it; a fault that goes on puts it back.

    Example: arctl gpus release gpu3 --reason "reset with nvidia-smi -r"
    """
    act("release", device, reason, None, None, as_json=as_json)


def _known(device: str) -> None:
    """Raise `UsageError` where a name stands for no device: all else has commands of its own."""
    rows = common.ask("gpus")
    if not any(device in names(row) for row in rows):
        there = ", ".join(_short(row) for row in rows) or "none yet"
        msg = f"there is no device {device!r}"
        raise UsageError(msg, f"there are {there}")


def names(row: common.Reply) -> set[str]:
    """Return what people may call a device."""
    index, kind = row["index"], row["kind"]
    kinds = {kind} if kind == "cpu" else {kind, "gpu"}
    called = {f"{each}{mark}{index}" for each in kinds for mark in ("", ":")}
    return called | {row["id"], str(index), _short(row)}


def _short(row: common.Reply) -> str:
    return str(row["name"]).partition(" ")[0]


def _device(row: common.Reply, now: float) -> tuple[str, ...]:
    sample = row["sample"] or {}
    used, total = sample.get("memory_used_mb"), sample.get("memory_total_mb") or row["memory_mb"]
    memory = NA if used is None else f"{used / 1024:.1f}" + (f"/{total / 1024:.0f}" if total else "")
    run = f"{row['run']} ({row['experiment']})" if row["run"] else NA
    if (more := len(row["runs"]) - 1) > 0:
        run += f" +{more}"
    elapsed = NA
    if row["run"] and row["started"] is not None:
        # Frozen time counts for no limit.
        spent = (row["frozen"] or now) - row["started"] - row["frozen_seconds"]
        elapsed = f"{duration(spent)}/{duration(row['limit'])}"
    util, watts, heat = (
        NA if sample.get(key) is None else f"{sample[key]:.0f}"
        for key in ("util", "power_w", "temperature_c")
    )
    note = clean("; ".join(device_notes(row, now)))
    return str(row["index"]), clean(row["name"], 24), util, memory, watts, heat, run, elapsed, note


def device_notes(row: common.Reply, now: float) -> list[str]:
    """Say what is out of the ordinary with a device: quarantined, frozen, paused, used by others, slow."""
    found = []
    if quarantine := row["quarantine"]:
        since = duration(max(0.0, now - quarantine["created"]))
        found.append(f"quarantined: {row['quarantined']}, {since} ago; `arctl gpus release {_short(row)}`")
    if row["frozen"] is not None:
        used = (row["sample"] or {}).get("memory_used_mb")
        # What a slot of the host reads is the whole host's memory.
        holds = f", holds {used / 1024:.1f} GiB" if used is not None and row["kind"] != "cpu" else ""
        found.append(f"frozen {duration(now - row['frozen'])}{holds}")
    if held := row["held"]:
        why = f": {held['reason']}" if held["reason"] else ""
        found.append(f"paused by {held['by']}{why}")
    if row["taken"]:
        found.append(f"taken by {row['taken']}")
    elif (others := row["foreign"]) and others["processes"]:
        size = f", {others['memory_mb'] / 1024:.1f} GiB" if others["memory_mb"] is not None else ""
        found.append(f"{count(others['processes'], 'process', 'processes')} of others{size}")
    if slow := (row["sample"] or {}).get("throttle"):
        found.append(f"throttled: {', '.join(slow)}")
    return found
