"""`arctl champion`: what it is, how it came about, what it cost, and its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arctl.cli import common
from arctl.cli.look import show_diff, width
from arctl.format import NA, count, duration, interval, number, signed, table
from arctl.text import clean

if TYPE_CHECKING:
    from arctl.client import Client


@click.group(invoke_without_command=True)
@common.campaign_option
@common.json_option
@click.pass_context
def champion(ctx: click.Context, campaign: str | None, as_json: bool) -> None:
    """Show the best accepted experiment: its lineage, how sure it is, what it cost.

    Example: arctl champion
    """
    ctx.obj = campaign
    if ctx.invoked_subcommand is not None:
        return
    with common.connect() as client:
        found = whole(client, campaign)
    if as_json:
        common.document(found)
        return
    for line in card(found):
        click.echo(line)


def whole(client: Client, campaign: str | None) -> common.Reply:
    """Ask for the champion with all of its lineage, which comes in pieces where it is long."""
    found: common.Reply = client.call("champion", campaign=campaign)
    while len(found["lineage"]) < found["steps"]:
        more = client.call("champion", campaign=found["campaign"], after=len(found["lineage"]))
        if more["champion"]["id"] != found["champion"]["id"]:  # it changed meanwhile: begin anew
            found = {**more, "lineage": []}
        elif not more["lineage"]:
            break
        else:
            found["lineage"] += more["lineage"]
    return found


@champion.command("diff")
@common.campaign_option
@common.json_option
@click.pass_obj
def champion_diff(outer: str | None, campaign: str | None, as_json: bool) -> None:
    """Show what the champion changed since the campaign began.

    Example: arctl champion diff > best.patch
    """
    found = common.ask("champion.diff", campaign=campaign or outer)
    if as_json:
        common.document(found)
    elif found["diff"]:
        show_diff(found["diff"])
    else:
        common.narrate(f"the champion of {clean(found['campaign'])} is the baseline: nothing is changed")


@champion.command()
@click.argument("folder", type=click.Path(path_type=Path))
@common.campaign_option
@common.json_option
@click.pass_obj
def checkout(outer: str | None, folder: Path, campaign: str | None, as_json: bool) -> None:
    """Write the champion's files into a new folder.

    Example: arctl champion checkout ~/best
    """
    found = common.ask(
        "champion.checkout", campaign=campaign or outer, folder=str(folder.absolute()), key=common.new_key()
    )
    if as_json:
        common.document(found)
    else:
        said = f"{found['champion']} ({found['commit'][:9]}) of {found['campaign']} is in {found['folder']}"
        common.narrate(clean(said))


def card(found: common.Reply) -> list[str]:
    """Write what is known of a champion as lines."""
    best, lineage = found["champion"], found["lineage"]
    metric, first = clean(found["metric"]), lineage[0]
    lines = [click.style(clean(f"{best['id']}  {best['title']}"), bold=True)]
    lines.append(
        f"campaign  {clean(found['campaign'])}, {found['state']}; {found['goal']} {metric}, {found['trust']}"
    )
    now, then = mean_of(best), mean_of(first)
    lines.append(f"value     {number(now)} over {count(len(best['bank'] or best['values']), 'run')}")
    if len(lineage) == 1:
        lines.append("lineage   it is the baseline: nothing was accepted so far")
    else:
        lines.append(f"baseline  {number(then)} over {count(len(first['bank']), 'run')}; {against(found)}")
        lines += ["", "lineage"]
        head = ("ID", metric, "GAIN", "INTERVAL", "RUNS", "TITLE")
        lines += table(head, [_step(row) for row in lineage], right=(1, 2, 4), width=width())
        level = 100 * (1 - 2 * found["alpha"])
        if found["policy"] == "sequential":
            lines.append(f"intervals hold at {level:g} % over all looks; a gain is positive when better")
        lines.append("")
    lines.append(f"cost      {cost(found)}")
    lines.append(f"accepted  {found['accepted']} of {count(found['experiments'], 'experiment')}")
    if len(lineage) > 1:
        branch = clean(found["branch"])
        if found["behind"]:
            lines.append(f"branch    {clean(found['behind'])}")
            lines.append("take it   `arctl champion checkout DIR`")
        else:
            lines.append(f"branch    {branch} in {clean(found['root'])}")
            lines.append(f"take it   git merge {branch}, or `arctl champion checkout DIR`")
    return lines


def _step(row: common.Reply) -> tuple[str, ...]:
    evidence = row["evidence"]
    limits = interval(evidence.get("effect_low"), evidence.get("effect_high"))
    runs = f"{evidence['n']} vs {evidence['m']}" if evidence.get("n") else NA
    gain = signed(evidence.get("effect"))
    return row["id"], number(mean_of(row)), gain, limits, runs, row["title"]


def mean_of(row: common.Reply) -> float | None:
    """Return an experiment's mean: of its fresh runs, else of those that won."""
    values = row["bank"] or row["values"]
    return sum(values) / len(values) if values else None


def against(found: common.Reply) -> str:
    """Say how the champion stands against the baseline."""
    now, then = mean_of(found["champion"]), mean_of(found["lineage"][0])
    if now is None or then is None:
        return "not measured yet"
    gain = then - now if found["goal"] == "minimize" else now - then
    share = f" ({100 * gain / abs(then):+.1f} %)" if then else ""
    return (
        f"better by {number(gain, 4)}{share}"
        if gain > 0
        else f"the fresh runs are not better: {signed(gain)}"
    )


def cost(found: common.Reply) -> str:
    """Say what the campaign cost so far."""
    return f"{count(found['runs'], 'run')}, {duration(found['device_seconds'])} on devices"
