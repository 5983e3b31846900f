"""`arctl quarantine`: results that are not believed before a person looked at them."""

from __future__ import annotations

import shutil

import click

from arctl.cli import common
from arctl.cli.control import act, if_rev_option, reason_option
from arctl.cli.look import show_diff
from arctl.cli.show import finding_lines
from arctl.format import count, number
from arctl.text import clean


@click.group(invoke_without_command=True)
@common.campaign_option
@common.json_option
@click.pass_context
def quarantine(ctx: click.Context, campaign: str | None, as_json: bool) -> None:
    """List doubtful results, and release or reject them.

    An experiment in quarantine is neither judged, nor promoted, nor run again until you decide; others go on.

    Example: arctl quarantine
    """
    if ctx.invoked_subcommand is not None:
        return
    found = common.ask("quarantine", campaign=campaign)
    if as_json:
        common.document(found)
        return
    if not found["experiments"]:
        common.narrate(f"nothing of {found['campaign']} is in quarantine")
        return
    width = shutil.get_terminal_size((80, 24)).columns
    for index, row in enumerate(found["experiments"]):
        if index:
            click.echo()
        for line in _heading(row, found["metric"]):
            click.echo(line)
        for line in finding_lines(row["quarantined"].get("findings", []), width):
            click.echo(line)
        for line in row["hint"]:
            click.echo(f"    {clean(line, max(20, width - 6))}")
    first = found["experiments"][0]["id"]
    common.narrate(f"look: `arctl quarantine show {first}`; then `release` or `reject`")


def _heading(row: common.Reply, metric: str) -> list[str]:
    runs = count(row["runs_done"], "run")
    value = f"{metric} {number(row['mean'])} over {runs}, the champion {row['champion']} "
    value += number(row["champion_mean"])
    return [click.style(f"{row['id']} {clean(row['title'])}", bold=True), f"  {value}"]


@quarantine.command("show")
@click.argument("experiment")
@common.json_option
def show(experiment: str, as_json: bool) -> None:
    """Show why an experiment is, or was, in quarantine, what its runs said, and its edit.

    Example: arctl quarantine show e12
    """
    found = common.ask("quarantine", id=experiment)
    if as_json:
        common.document(found)
        return
    width = shutil.get_terminal_size((80, 24)).columns
    for line in _heading(found, "value"):
        click.echo(line)
    click.echo(f"  {_fate(found)}")
    for line in finding_lines(found["findings"], width):
        click.echo(line)
    for run in found["runs"]:
        said = ", ".join(f"{name} {_counter(value)}" for name, value in run["counters"].items())
        click.echo(
            f"  {run['id']} seed {run['seed']}: {number(run['value'])}" + (f"; {said}" if said else "")
        )
    click.echo()
    show_diff(found["diff"])


def _fate(found: common.Reply) -> str:
    said = found["quarantined"]
    because = f": {clean(said['reason'])}" if said.get("reason") else ""
    if said.get("cleared"):
        return f"released by {clean(said.get('by', ''))}{because}"
    if said.get("rejected"):
        return f"rejected by {clean(said.get('by', ''))}{because}"
    return "waits for you" if found["waits"] else f"ended: {found['verdict']}"


def _counter(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={item:.6g}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(f"{item:.6g}" if isinstance(item, float) else str(item) for item in value)
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


@quarantine.command("release")
@click.argument("experiment")
@reason_option
@if_rev_option
@common.json_option
def release(experiment: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Have an experiment judged as any other; what was found stays in its evidence.

    Example: arctl quarantine release e12 --reason "the larger batch explains it"
    """
    act("release", experiment, reason, if_rev, None, as_json=as_json)


@quarantine.command("reject")
@click.argument("experiment")
@reason_option
@if_rev_option
@common.json_option
def reject(experiment: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """End an experiment in quarantine with the verdict invalid.

    Example: arctl quarantine reject e12 --reason "it trains on the validation set"
    """
    act("invalidate", experiment, reason, if_rev, None, as_json=as_json)
