"""The queue in your hands: reorder, stash, edit, and try again what ended by accident."""

from __future__ import annotations

from pathlib import Path

import click

from arctl.cli import common
from arctl.cli.control import act, if_rev_option, reason_option
from arctl.cli.propose import pair, read_text
from arctl.errors import UsageError


@click.command()
@click.argument("target", metavar="PROPOSAL|EXPERIMENT")
@click.option("--up", "way", flag_value="up", help="One place sooner.")
@click.option("--down", "way", flag_value="down", help="One place later.")
@click.option("--top", "way", flag_value="top", help="Sooner than all others.")
@click.option("--bottom", "way", flag_value="bottom", help="Later than all others, of those to come, too.")
@click.option("--before", metavar="OTHER", help="Right before this one.")
@click.option("--after", metavar="OTHER", help="Right after this one.")
@reason_option
@if_rev_option
@common.json_option
def move(
    target: str,
    way: str | None,
    before: str | None,
    after: str | None,
    reason: str,
    if_rev: int | None,
    as_json: bool,
) -> None:
    """Change when a proposal, or an experiment that has not started, comes to run.

    Your order beats the ranking and stays over a restart. What people proposed goes ahead of the rest
    all the same. `arctl teams` shows the queue as it will run.

    Example: arctl move p7 --before p3
    """
    said: list[tuple[str, str]] = [
        (to, other) for to, other in (("before", before), ("after", after)) if other is not None
    ]
    said += [(way, "")] if way else []
    if len(said) != 1:
        msg = "say where it is to stand, once"
        raise UsageError(msg, f"arctl move {target} --up, --down, --top, --bottom, --before ID or --after ID")
    ((to, other),) = said
    act("move", target, reason, if_rev, None, as_json=as_json, to=to, other=other or None)


@click.command()
@click.argument("target", metavar="PROPOSAL|EXPERIMENT")
@reason_option
@if_rev_option
@common.json_option
def stash(target: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Set a proposal, or an experiment that has not started, aside until you take it back.

    It is kept, and meanwhile neither run, nor looked at, nor counted as supply.

    Example: arctl stash p7 --reason "after the data is fixed"
    """
    act("stash", target, reason, if_rev, None, as_json=as_json)


@click.command()
@click.argument("target", metavar="PROPOSAL|EXPERIMENT")
@reason_option
@if_rev_option
@common.json_option
def unstash(target: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Take back what was stashed: it stands where it stood.

    Example: arctl unstash p7
    """
    act("unstash", target, reason, if_rev, None, as_json=as_json)


@click.command()
@click.argument("proposal")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a parameter; may be repeated."
)
@click.option("--unset", "unset", multiple=True, metavar="NAME", help="Set a parameter no more.")
@click.option(
    "--patch",
    "file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Another change: a patch or a card.",
)
@click.option("--title", metavar="TEXT", help="What it is called.")
@click.option("-a", "--axis", metavar="AXIS", help="What it moves, as in optimizer.lr.")
@click.option("--hypothesis", metavar="TEXT", help="Why it should work.")
@click.option("--expected", metavar="TEXT", help="What you expect to see.")
@click.option("--if-works", metavar="TEXT", help="What follows if it works.")
@click.option("--if-fails", metavar="TEXT", help="What follows if it fails.")
@click.option("--difference", metavar="TEXT", help="In what it differs from what is near it.")
@reason_option
@if_rev_option
@common.json_option
def edit(
    proposal: str,
    settings: tuple[str, ...],
    unset: tuple[str, ...],
    file: Path | None,
    title: str | None,
    axis: str | None,
    hypothesis: str | None,
    expected: str | None,
    if_works: str | None,
    if_fails: str | None,
    difference: str | None,
    reason: str,
    if_rev: int | None,
    as_json: bool,
) -> None:
    """Write a proposal anew before an experiment is made of it; what you do not name stays.

    Its author stays; objections are lifted, as by a revision. What binds a new proposal binds this one.

    Example: arctl edit p7 --set LR=0.02 --hypothesis "the champion is slower by now"
    """
    words = {
        "title": title, "axis": axis, "hypothesis": hypothesis, "expected": expected, "if_works": if_works,
        "if_fails": if_fails, "difference": difference,
    }  # fmt: skip
    if file is not None and (settings or unset):
        raise UsageError("a proposal is either a patch or values", "leave one of the two out")
    if file is None and not settings and not unset and all(word is None for word in words.values()):
        msg = f"say what {proposal} is to say"
        raise UsageError(msg, f"arctl edit {proposal} --set NAME=VALUE; `arctl edit --help` lists the rest")
    change: dict[str, object] = {}
    if file is not None:
        change = {"patch": read_text(file), "name": "the patch" if str(file) == "-" else file.name}
    elif settings or unset:
        change = {"values": {**dict.fromkeys(unset), **dict(pair(item) for item in settings)}}
    act("edit", proposal, reason, if_rev, None, as_json=as_json, **change, **words)


@click.command()
@click.argument("experiment")
@reason_option
@if_rev_option
@common.json_option
def rerun(experiment: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Try again an experiment that ended without a verdict on its merits: crashed, timed out, lost, ….

    Its change goes to the front of the queue as a proposal of yours, on today's champion. What was judged is
    not asked again: `arctl fork` builds on it.

    Example: arctl rerun e12 --reason "the disk was full"
    """
    act("rerun", experiment, reason, if_rev, None, as_json=as_json)
