"""Pause, resume, kill: on every level, from a campaign to a run, an agent or a device."""

from __future__ import annotations

from typing import Any

import click

from arctl.cli import common
from arctl.errors import UsageError
from arctl.text import clean

reason_option = click.option("-r", "--reason", default="", metavar="TEXT", help="Why; it is recorded.")
if_rev_option = click.option(
    "--if-rev", type=int, metavar="REV", help="Only if it has not changed since this revision."
)


@click.command()
@click.argument("target", required=False)
@click.option("--drain", is_flag=True, help="Let what was begun come to its verdict; nothing new begins.")
@click.option("--freeze", is_flag=True, help="Have the runs under way stand still until you resume.")
@click.option("-a", "--all", "everything", is_flag=True, help="Every campaign that runs, as one deed.")
@reason_option
@if_rev_option
@common.campaign_option
@common.json_option
def pause(
    target: str | None,
    drain: bool,
    freeze: bool,
    everything: bool,
    reason: str,
    if_rev: int | None,
    campaign: str | None,
    as_json: bool,
) -> None:
    """Start nothing more of a campaign, team, direction, agent, experiment, run or device.

    Runs under way end as usual. Without a target it is the campaign, where there is only one. With --drain,
    of a campaign, team or direction, what was begun still gets the runs that it needs to be judged. With
    --freeze, where arctl.toml says `freezable = true`, its runs stand still and keep their device's memory;
    their limits count no frozen time.

    Example: arctl pause t1 --drain --reason "let us look first"
    """
    if drain and freeze:
        msg = "--drain and --freeze exclude each other"
        raise UsageError(msg, "let what was begun come to its verdict, or have it stand still")
    mode = "drain" if drain else "freeze" if freeze else None
    target = _all(target, campaign) if everything else target
    act("pause", target, reason, if_rev, campaign, as_json=as_json, mode=mode, all=everything or None)


@click.command()
@click.argument("target", required=False)
@click.option("-a", "--all", "everything", is_flag=True, help="Every campaign that a person paused.")
@reason_option
@if_rev_option
@common.campaign_option
@common.json_option
def resume(
    target: str | None,
    everything: bool,
    reason: str,
    if_rev: int | None,
    campaign: str | None,
    as_json: bool,
) -> None:
    """Let a campaign, team, direction, agent, experiment, run or device go on; what was frozen with it, too.

    Without a target it is the campaign, where there is only one. An agent that waited for a key or a bill is
    asked again.

    Example: arctl resume digits
    """
    target = _all(target, campaign) if everything else target
    act("resume", target, reason, if_rev, campaign, as_json=as_json, all=everything or None)


def _all(target: str | None, campaign: str | None) -> str:
    """Return what stands for every campaign; raises `UsageError` where one is named as well."""
    if target is not None or campaign is not None:
        msg = f"--all means every campaign, not only {target or campaign}"
        raise UsageError(msg, "leave one of the two out")
    return "all"


@click.command()
@click.argument("target")
@click.option("--force", is_flag=True, help="Give its runs no time to end by themselves: SIGKILL at once.")
@reason_option
@if_rev_option
@common.campaign_option
@common.json_option
def kill(
    target: str, force: bool, reason: str, if_rev: int | None, campaign: str | None, as_json: bool
) -> None:
    """End a campaign, team, direction, agent, experiment or run now; what was measured stays recorded.

    A direction's axes become dead ends with your reason. A team's direction waits for another team. An agent
    is retired. A device is paused, and the run on it is queued again. With --force, runs that were being
    ended already get no more time either.

    Example: arctl kill h2 --reason "needs more memory than we have"
    """
    act("kill", target, reason, if_rev, campaign, as_json=as_json, force=force or None)


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
