"""Steering: directives, directions and forks, dead ends and the champion by hand, undo."""

from __future__ import annotations

import math
import time

import click

from arctl.cli import common
from arctl.cli.control import act, if_rev_option, reason_option, told
from arctl.cli.look import width
from arctl.cli.page import heading
from arctl.errors import UsageError
from arctl.format import count, duration, table, word, wrapped
from arctl.text import clean

_axes_option = click.option(
    "-a", "--axis", "axes", multiple=True, metavar="AXIS", help="An axis that it moves."
)
_title_option = click.option("--title", metavar="TEXT", help="A short name; the first line otherwise.")
_prediction_option = click.option("--prediction", metavar="TEXT", help="What you expect to see.")
_falsifier_option = click.option("--falsifier", metavar="TEXT", help="What would show that it is wrong.")


@click.command()
@click.argument("target")
@click.argument("text")
@reason_option
@common.campaign_option
@common.json_option
def redirect(target: str, text: str, reason: str, campaign: str | None, as_json: bool) -> None:
    """Give a campaign, a team or a direction an instruction.

    Its analysts acknowledge it with a plan, work under it and report on it. What they had queued before is
    set aside; what you proposed yourself stays.

    Example: arctl redirect t1 "leave the optimizer alone, look at the data order"
    """
    act("redirect", target, reason, None, campaign, as_json=as_json, text=text)


@click.command()
@click.argument("target", metavar="DIRECTIVE|DIRECTION")
@reason_option
@common.json_option
def withdraw(target: str, reason: str, as_json: bool) -> None:
    """End a directive and queue again what it set aside.

    A direction of yours that no team has taken up yet is taken back.

    Example: arctl withdraw i3
    """
    act("withdraw", target, reason, None, None, as_json=as_json)


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Those that have ended as well.")
@common.campaign_option
@common.json_option
def directives(everything: bool, campaign: str | None, as_json: bool) -> None:
    """List the instructions that stand: who acknowledged them, the plan, what came of them.

    Example: arctl directives --all
    """
    found = common.ask("directives", campaign=campaign, all=everything or None)
    if as_json:
        common.document(found)
        return
    if not found["directives"]:
        common.narrate(
            f"no directive {'was given' if everything else 'stands'} in {clean(found['campaign'])}"
        )
    for row in found["directives"]:
        head = f"{row['id']} for {row['target']}: {row['text']}"
        for line in (*heading(head, width()), *_fate(row)):
            click.echo(line)


def _fate(row: common.Reply) -> list[str]:
    said = f"{word(row['state'])}, by {row['author']}, {duration(time.time() - row['created'])} ago"
    lines = [f"  {clean(said)}"]
    if row["by"]:
        lines += wrapped(f"{row['by']}: {row['plan'] or 'acknowledged'}", width() - 2, "  ")
    lines += wrapped(f"report: {row['report']}", width() - 2, "  ") if row["report"] else []
    came = row["progress"]
    if came["proposals"] or came["experiments"]:
        verdicts = ", ".join(f"{n} {word(name)}" for name, n in sorted(came["verdicts"].items()))
        said = f"{count(came['proposals'], 'proposal')}, {count(came['experiments'], 'experiment')}"
        lines.append(clean(f"  so far: {said}" + (f" ({verdicts})" if verdicts else "")))
    if row["parked"]:
        lines.append(clean(f"  set aside: {', '.join(row['parked'])}"))
    return lines


@click.command()
@click.argument("text")
@_axes_option
@_title_option
@_prediction_option
@_falsifier_option
@click.option("--first", multiple=True, metavar="TEXT", help="What to try first; may be repeated.")
@common.campaign_option
@common.json_option
def direction(
    text: str,
    axes: tuple[str, ...],
    title: str | None,
    prediction: str | None,
    falsifier: str | None,
    first: tuple[str, ...],
    campaign: str | None,
    as_json: bool,
) -> None:
    """Write down a direction: a hypothesis with its axes; the next free team takes it up.

    Example: arctl direction "a longer warm-up helps" -a schedule.warmup
    """
    answer = common.ask(
        "direction", text=text, axes=list(axes) or None, title=title, prediction=prediction,
        falsifier=falsifier, first=list(first) or None, campaign=campaign, key=common.new_key(),
    )  # fmt: skip
    told(answer, as_json=as_json)


@click.command()
@click.argument("experiment")
@click.argument("text")
@_axes_option
@_title_option
@_prediction_option
@_falsifier_option
@common.json_option
def fork(
    experiment: str,
    text: str,
    axes: tuple[str, ...],
    title: str | None,
    prediction: str | None,
    falsifier: str | None,
    as_json: bool,
) -> None:
    """Make an experiment, kept or not, the base of a direction.

    Near-misses are stepping stones: what is built on it is judged against the champion all the same.

    Example: arctl fork e123 "it lost by a hair: try it with more warm-up"
    """
    act(
        "fork", experiment, "", None, None, as_json=as_json, text=text, axes=list(axes) or None, title=title,
        prediction=prediction, falsifier=falsifier,
    )  # fmt: skip


@click.command()
@click.argument("axis")
@click.option("--from", "low", type=float, metavar="LOW", help="Only values from here on.")
@click.option("--to", "high", type=float, metavar="HIGH", help="Only values up to here.")
@reason_option
@common.campaign_option
@common.json_option
def mark(
    axis: str, low: float | None, high: float | None, reason: str, campaign: str | None, as_json: bool
) -> None:
    """Mark an axis, or a range of its values, as a dead end: proposals inside it are refused.

    Example: arctl mark LR --from 0.1 --reason "diverges there"
    """
    for option, bound in (("--from", low), ("--to", high)):
        if bound is not None and not math.isfinite(bound):  # it would be sent as no bound at all
            msg = f"{option} {bound:g} is no bound"
            raise UsageError(msg, f"write {option} 0.1, or leave it out for no bound")
    answer = common.ask(
        "mark", axis=axis, low=low, high=high, reason=reason or None, campaign=campaign, key=common.new_key()
    )
    told(answer, as_json=as_json)


@click.command()
@click.argument("dead_end", metavar="DEADEND")
@reason_option
@common.json_option
def revive(dead_end: str, reason: str, as_json: bool) -> None:
    """Open a dead end again; what it refused is not brought back by itself.

    Example: arctl revive d3 --reason "the new champion changes the scale"
    """
    act("revive", dead_end, reason, None, None, as_json=as_json)


@click.command()
@click.argument("experiment")
@reason_option
@if_rev_option
@common.json_option
def promote(experiment: str, reason: str, if_rev: int | None, as_json: bool) -> None:
    """Make an experiment champion by hand, whatever its verdict; it is recorded as by hand.

    Example: arctl promote e12 --reason "it is as good, and half as long"
    """
    act("promote", experiment, reason, if_rev, None, as_json=as_json)


@click.command()
@click.argument("experiment", required=False)
@reason_option
@common.campaign_option
@common.json_option
def rollback(experiment: str | None, reason: str, campaign: str | None, as_json: bool) -> None:
    """Make an earlier champion champion again: the one before, or a named one.

    Example: arctl rollback e7 --reason "e12 cannot be trained on other data"
    """
    answer = common.ask(
        "rollback", target=experiment, reason=reason or None, campaign=campaign, key=common.new_key()
    )
    told(answer, as_json=as_json)


@click.command()
@click.argument("deed", required=False)
@click.option("-l", "--list", "listing", is_flag=True, help="List what was done, and what can be undone.")
@reason_option
@common.campaign_option
@common.json_option
def undo(deed: str | None, listing: bool, reason: str, campaign: str | None, as_json: bool) -> None:
    """Take back what you did last, or a named deed; what was measured, said or stopped stays so.

    Example: arctl undo
    """
    if listing:
        _deeds(common.ask("deeds", campaign=campaign), as_json=as_json)
        return
    answer = common.ask("undo", target=deed, reason=reason or None, campaign=campaign, key=common.new_key())
    told(answer, as_json=as_json)


@click.command()
@click.argument("deed", required=False)
@reason_option
@common.campaign_option
@common.json_option
def redo(deed: str | None, reason: str, campaign: str | None, as_json: bool) -> None:
    """Do again what you took back last, or a named deed that was undone.

    Example: arctl redo u5
    """
    answer = common.ask("redo", target=deed, reason=reason or None, campaign=campaign, key=common.new_key())
    told(answer, as_json=as_json)


def _deeds(rows: list[common.Reply], *, as_json: bool) -> None:
    if as_json:
        common.document(rows)
        return
    if not rows:
        common.narrate("nobody did anything by hand so far")
        return
    lines = [
        (
            row["id"],
            "undone" if row["undone"] else ("yes" if row["undoable"] else "no"),
            duration(time.time() - row["created"]),
            row["actor"],
            row["text"] or f"{row['verb']} {row['target']}",
        )
        for row in rows
    ]
    for line in table(("ID", "UNDO", "AGO", "WHO", "WHAT"), lines, right=(2,), width=width()):
        click.echo(line)
    open_ = sum(1 for row in rows if row["undoable"])
    again = sum(1 for row in rows if row["redoable"])
    more = f", {count(again, 'deed')} done again" if again else ""
    common.narrate(f"{count(open_, 'deed')} can be undone{more}")
