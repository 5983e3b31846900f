"""Listings: experiments, differences, dead ends, and the ledger as a table."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import click

from arctl.cli import common
from arctl.errors import RefusedError
from arctl.format import NA, count, number, signed, table, word, wrapped
from arctl.text import clean, clean_block


def width() -> int:
    """Return how wide a table may be: the terminal, 80 columns where there is none."""
    return shutil.get_terminal_size((80, 24)).columns


@click.command()
@common.campaign_option
@click.option("--verdict", metavar="VERDICT", help="Only these: accepted, rejected, inconclusive, crashed, …")
@click.option("--state", metavar="STATE", help="Only these: building, open, promoting, closed.")
@click.option(
    "-n", "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="The newest."
)
@click.option("--team", metavar="TEAM", help="Only this team's, by its name or id.")
@click.option("--direction", metavar="DIRECTION", help="Only those of this direction.")
@click.option("--agent", metavar="AGENT", help="Only those that this agent, or you, proposed.")
@common.json_option
def experiments(
    campaign: str | None,
    verdict: str | None,
    state: str | None,
    limit: int,
    team: str | None,
    direction: str | None,
    agent: str | None,
    as_json: bool,
) -> None:
    """List a campaign's experiments, the newest last; * is the champion, GAIN is positive when better.

    Example: arctl experiments --verdict accepted --team alpha
    """
    filters = {"verdict": verdict, "state": state, "team": team, "direction": direction, "agent": agent}
    found = common.ask("experiments", campaign=campaign, limit=limit, **filters)
    if as_json:
        common.document(found)
        return
    rows = found["experiments"]
    if not rows:
        common.narrate("no experiment fits" if any(filters.values()) else "no experiment yet")
        return
    for line in listed(found, width()):
        click.echo(line)
    if found["total"] > len(rows):
        common.narrate(f"{found['total'] - len(rows)} older ones are left out (--limit)")


def listed(found: common.Reply, wide: int) -> list[str]:
    """Write experiments as a table; with a column for the team where any of them has one."""
    rows = [_row(row, found["champion"], found["teams"]) for row in found["experiments"]]
    head: tuple[str, ...] = ("", "ID", "VERDICT", clean(found["metric"], 16), "GAIN", "RUNS", "TEAM", "TITLE")
    if not any(row["team"] for row in found["experiments"]):
        head, rows = head[:6] + head[7:], [row[:6] + row[7:] for row in rows]
    return table(head, rows, right=(3, 4, 5), width=wide)


def _row(row: common.Reply, champion: str, teams: common.Reply) -> tuple[str, ...]:
    stage = word(row["verdict"] or row["state"])
    if row["held"]:
        stage = "paused"
    elif row["running"]:
        stage = "running" if not row["verdict"] else stage
    mark = "*" if row["id"] == champion else ""
    runs = str(row["runs"] or NA)
    gain, team = signed(row["effect"]), clean(str(teams.get(row["team"], row["team"])), 12) or NA
    return mark, row["id"], stage, number(row["mean"]), gain, runs, team, row["title"]


@click.command()
@click.argument("ident", metavar="EXPERIMENT")
@common.json_option
def diff(ident: str, as_json: bool) -> None:
    """Show what an experiment changed on its base.

    Example: arctl diff e7
    """
    found = common.ask("diff", id=ident)
    if as_json:
        common.document(found)
        return
    if found["diff"]:
        show_diff(found["diff"])
    else:
        common.narrate(
            f"{clean(found['id'])} has no difference to show: {clean(found['note']) or 'it is empty'}"
        )


def show_diff(text: str) -> None:
    """Print a unified difference, coloured where stdout is a terminal."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in clean_block(text).splitlines():
        plain = line.startswith(("+++", "---"))
        click.echo(click.style(line, fg=None if plain else colours.get(line[:1]), bold=plain or None))


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Those that were opened again as well.")
@common.campaign_option
@common.json_option
def deadends(everything: bool, campaign: str | None, as_json: bool) -> None:
    """List what was given up, why, and what would reopen it.

    Example: arctl deadends
    """
    found: list[common.Reply] = []
    with common.connect() as client:
        while more := client.call(
            "deadends", campaign=campaign, all=everything or None, after=found[-1]["id"] if found else None
        ):
            found += more
    if as_json:
        common.document(found)
        return
    if not found:
        common.narrate("nothing was given up so far")
    for row in found:
        for line in dead_end(row, width()):
            click.echo(line)


def dead_end(row: common.Reply, wide: int) -> list[str]:
    """Write a dead end: the axis with its range or the direction, why, the evidence, what reopens it."""
    what = row["axis"] or f"direction {row['direction']} {row['title']}"
    lines = [
        click.style(clean(f"{row['id']} {what}{_range(row)}"), bold=True) + f" of {clean(row['campaign'])}"
    ]
    effects = row["evidence"].get("effects") or {}
    tried = ", ".join(f"{ident} {signed(effect)}" for ident, effect in effects.items())
    origin = f"direction {row['direction']} {row['title']}" if row["axis"] and row["direction"] else ""
    for label, text in (
        ("why", row["reason"]),
        ("of", origin),
        ("gains", tried),
        ("by", row["closed_by"] if row["closed_by"] not in ("gate", "arctl") else ""),
        ("reopen", row["reopen"] if not row["revived"] else ""),
        ("open", f"again: {row['revived']}" if row["revived"] else ""),
    ):
        said = wrapped(text, max(40, wide - 12))
        lines += [f"  {label if not number else '':7} {line}" for number, line in enumerate(said)]
    return lines


def _range(row: common.Reply) -> str:
    """Say which values of an axis are closed, where not all of them are."""
    low, high = row["low"], row["high"]
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f" up to {number(high)}" if low is None else f" from {number(low)} on"
    return f" from {number(low)} to {number(high)}"


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@common.campaign_option
@click.option("-f", "--force", is_flag=True, help="Replace a file that is there already.")
@common.json_option
def export(file: Path | None, campaign: str | None, force: bool, as_json: bool) -> None:
    """Write the ledger as autoresearch's results.tsv, to a file or to stdout.

    Example: arctl export results.tsv
    """
    if file is not None and file.exists() and not force:
        msg = f"{file} exists"
        raise RefusedError(msg, "name another file, or replace it with --force")
    with common.connect() as client:
        found = client.call("export", campaign=campaign)
        while found["next"] is not None:
            more = client.call("export", campaign=campaign, after=found["next"])
            found = {**more, "text": found["text"] + more["text"]}
    if as_json:
        common.document(found)
        return
    # Titles are foreign text: cleaned cell by cell, for the tabs must stay.
    lines = ["\t".join(map(clean, line.split("\t"))) for line in found["text"].splitlines()]
    text = "\n".join(lines) + "\n"
    if file is None:
        click.echo(text, nl=False)
        return
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
    common.narrate(f"wrote {count(len(lines) - 1, 'experiment')} to {file}")
