"""Pause, resume, kill: of a campaign, an experiment or a run."""

from __future__ import annotations

import click

from arctl.cli import common
from arctl.text import clean

_reason = click.option("-r", "--reason", default="", metavar="TEXT", help="Why; it is recorded.")
_if_rev = click.option(
    "--if-rev", type=int, metavar="REV", help="Only if it has not changed since this revision."
)


@click.command()
@click.argument("target", required=False)
@_reason
@_if_rev
@common.json_option
def pause(target: str | None, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Start nothing more of a campaign, an experiment or a run; runs under way end as usual.

    Without a target it is the campaign, where there is only one.

    Example: arctl pause e12 --reason "wait for the other GPU"
    """
    _control("pause", target, reason, if_rev, as_json=as_json)


@click.command()
@click.argument("target", required=False)
@_reason
@_if_rev
@common.json_option
def resume(target: str | None, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Let a campaign, an experiment or a run go on.

    Without a target it is the campaign, where there is only one.

    Example: arctl resume digits
    """
    _control("resume", target, reason, if_rev, as_json=as_json)


@click.command()
@click.argument("target")
@_reason
@_if_rev
@common.json_option
def kill(target: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """End a campaign, an experiment or a run now; what was measured stays recorded.

    Example: arctl kill r40
    """
    _control("kill", target, reason, if_rev, as_json=as_json)


def _control(verb: str, target: str | None, reason: str, if_rev: int | None, *, as_json: bool) -> None:
    with common.connect() as client:
        if target is None:
            target = common.the_campaign(client.call("status"), None)["campaign"]
        answer = client.call(verb, target=target, reason=reason or None, if_rev=if_rev, key=common.new_key())
    if as_json:
        common.document(answer)
    else:
        common.narrate(clean(f"{answer['text']} (revision {answer['rev']})"))
