"""Pause, resume, kill: on every level, from a campaign to a run, an agent or a device."""

from __future__ import annotations

from typing import Any

import click

from arctl.cli import common
from arctl.text import clean

reason_option = click.option("-r", "--reason", default="", metavar="TEXT", help="Why; it is recorded.")
if_rev_option = click.option(
    "--if-rev", type=int, metavar="REV", help="Only if it has not changed since this revision."
)


@click.command()
@click.argument("target", required=False)
@click.option("--drain", is_flag=True, help="Let what was begun come to its verdict; nothing new begins.")
@reason_option
@if_rev_option
@common.campaign_option
@common.json_option
def pause(
    target: str | None, drain: bool, reason: str, if_rev: int | None, campaign: str | None, as_json: bool
) -> None:
    """Start nothing more of a campaign, team, direction, agent, experiment, run or device.

    Runs under way end as usual. Without a target it is the campaign, where there is only one. With --drain,
    of a campaign, team or direction, what was begun still gets the runs that it needs to be judged.

    Example: arctl pause t1 --drain --reason "let us look first"
    """
    mode = "drain" if drain else None
    act("pause", target, reason, if_rev, campaign, as_json=as_json, mode=mode)


@click.command()
@click.argument("target", required=False)
@reason_option
@if_rev_option
@common.campaign_option
@common.json_option
def resume(target: str | None, reason: str, if_rev: int | None, campaign: str | None, as_json: bool) -> None:
    """Let a campaign, team, direction, agent, experiment, run or device go on.

    Without a target it is the campaign, where there is only one. An agent that waited for a key or a bill is
    asked again.

    Example: arctl resume digits
    """
    act("resume", target, reason, if_rev, campaign, as_json=as_json)


@click.command()
@click.argument("target")
@reason_option
@if_rev_option
@common.campaign_option
@common.json_option
def kill(target: str, reason: str, if_rev: int | None, campaign: str | None, as_json: bool) -> None:
    """End a campaign, team, direction, agent, experiment or run now; what was measured stays recorded.

    A direction's axes become dead ends with your reason. A team's direction waits for another team. An agent
    is retired. A device is paused, and the run on it is queued again.

    Example: arctl kill h2 --reason "needs more memory than we have"
    """
    act("kill", target, reason, if_rev, campaign, as_json=as_json)


def act(
    verb: str,
    target: str | None,
    reason: str,
    if_rev: int | None,
    campaign: str | None,
    *,
    as_json: bool,
    **data: Any,
) -> None:
    """Ask for something about a target, by default the campaign, and say what was done."""
    with common.connect() as client:
        if target is None:
            target = common.the_campaign(client.call("status"), campaign)["campaign"]
        answer = client.call(
            verb,
            target=target,
            reason=reason or None,
            if_rev=if_rev,
            campaign=campaign,
            key=common.new_key(),
            **data,
        )
    told(answer, as_json=as_json)


def told(answer: common.Reply, *, as_json: bool) -> None:
    """Print what was done, and how it is taken back."""
    if as_json:
        common.document(answer)
        return
    common.narrate(clean(f"{answer['text']} (revision {answer['rev']})"))
    if answer.get("undoable"):
        common.narrate(f"take it back with `arctl undo {answer['deed']}`")
