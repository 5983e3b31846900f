"""A person's proposals, and a person's word on those of agents."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from arctl.cli import common
from arctl.cli.control import reason_option, told
from arctl.errors import UsageError


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a parameter; may be repeated."
)
@click.option("--title", metavar="TEXT", help="What it is called.")
@click.option("-a", "--axis", metavar="AXIS", help="What it moves, as in optimizer.lr.")
@click.option("--hypothesis", metavar="TEXT", help="Why it should work.")
@click.option("--base", metavar="EXPERIMENT", help="Build it on this experiment; the champion by default.")
@common.campaign_option
@common.json_option
def propose(
    file: Path | None,
    settings: tuple[str, ...],
    title: str | None,
    axis: str | None,
    hypothesis: str | None,
    base: str | None,
    campaign: str | None,
    as_json: bool,
) -> None:
    """Propose an experiment: a patch (a unified difference, or a deck's card), or values of parameters.

    It goes in front of the agents' proposals, under the same rules: a dead end refuses it, and what was
    tried already is not run again. `-` reads the patch from stdin.

    Example: arctl propose --set LR=0.03 --set WIDTH=64
    """
    words = {"title": title, "axis": axis, "hypothesis": hypothesis, "base": base}
    if (file is None) == (not settings):
        msg = "a proposal is either a patch or values"
        raise UsageError(msg, "give a file: arctl propose idea.patch; or --set NAME=VALUE")
    if file is not None:
        name = "the patch" if str(file) == "-" else file.name
        answer = common.ask(
            "propose", patch=read_text(file), name=name, campaign=campaign, key=common.new_key(), **words
        )
    else:
        values = dict(pair(item) for item in settings)
        answer = common.ask("propose", values=values, campaign=campaign, key=common.new_key(), **words)
    told(answer, as_json=as_json)


def read_text(file: Path) -> str:
    """Return the text of a patch or a card; `-` stands for stdin."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        msg = f"{file} cannot be read: {(error.strerror or 'it cannot be opened').lower()}"
        raise UsageError(
            msg, "name a patch or a card that is there, or pipe it in: `git diff | arctl propose -`"
        ) from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{file} is not UTF-8 text"
        raise UsageError(msg, "write one with `git diff > idea.patch`") from error


def pair(text: str) -> tuple[str, str]:
    """Split NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        msg = f"{text!r} sets nothing"
        raise UsageError(msg, "write --set NAME=VALUE, as in --set LR=0.03")
    return name.strip(), value.strip()


_proposals = click.argument("proposals", nargs=-1, metavar="[PROPOSAL]...")
_all_option = click.option("-a", "--all", "everything", is_flag=True, help="All that are open.")


@click.command()
@_proposals
@_all_option
@reason_option
@common.campaign_option
@common.json_option
def approve(
    proposals: tuple[str, ...], everything: bool, reason: str, campaign: str | None, as_json: bool
) -> None:
    """Agree to proposals; where [policy] approve is set, nothing runs without that.

    A proposal that you name is taken over an objection, and out of the backlog; --all leaves those alone.

    Example: arctl approve p4 p7
    """
    _judge("approve", proposals, reason, campaign, everything=everything, as_json=as_json)


@click.command()
@_proposals
@_all_option
@reason_option
@common.campaign_option
@common.json_option
def reject(
    proposals: tuple[str, ...], everything: bool, reason: str, campaign: str | None, as_json: bool
) -> None:
    """Withdraw proposals of which no experiment was made yet.

    Example: arctl reject p5 --reason "we know that from last year"
    """
    _judge("reject", proposals, reason, campaign, everything=everything, as_json=as_json)


def _judge(
    verb: str,
    proposals: tuple[str, ...],
    reason: str,
    campaign: str | None,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    if bool(proposals) == everything:
        msg = "say which proposals"
        raise UsageError(msg, f"arctl {verb} p4 p7, or arctl {verb} --all")
    answer = common.ask(
        verb, proposals=list(proposals) or None, all=everything or None, reason=reason or None,
        campaign=campaign, key=common.new_key(),
    )  # fmt: skip
    told(answer, as_json=as_json)
