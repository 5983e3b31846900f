"""`arctl curve`: a run's learning curve as a drawing, against the champion's or another run's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click

from arctl import chart
from arctl.cli import common
from arctl.errors import RefusedError
from arctl.format import number
from arctl.text import clean

if TYPE_CHECKING:
    from arctl.client import Client

_COLOURS = {0: "cyan", 1: "yellow"}


@click.command()
@click.argument("ident", metavar="RUN|EXPERIMENT")
@click.option(
    "-m", "--metric", metavar="NAME", help="Which curve; by default the deciding metric's, or the first."
)
@click.option("-a", "--against", metavar="ID", help="Draw another run beside it; by default the champion's.")
@click.option("--alone", is_flag=True, help="Draw no other run beside it.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@click.option(
    "--height", type=click.IntRange(4, 100), default=16, show_default=True, help="Lines of the drawing."
)
@common.json_option
def curve(
    ident: str,
    metric: str | None,
    against: str | None,
    alone: bool,
    ascii_only: bool,
    height: int,
    as_json: bool,
) -> None:
    """Draw a run's learning curve, or that of an experiment's newest run.

    Example: arctl curve e7 --metric loss --against e1
    """
    with common.connect() as client:
        found = client.call("curve", id=ident, metric=metric)
        if as_json:
            common.document(found)
            return
        shown = client.call("show", id=found["experiment"])
        chosen = _choose(found, metric, shown["metric"])
        other = None if alone else _other(client, found, shown, chosen, against)
    pairs = [found] + ([other] if other else [])
    series = [[(x, y) for x, y in one["curves"][chosen]] for one in pairs]
    width = min(100, shutil.get_terminal_size((80, 24)).columns) - 1
    legend = "   ".join(
        click.style(f"{mark} {_name(one, chosen)}", fg=_COLOURS[index])
        for index, (mark, one) in enumerate(
            zip(("*", ".") if ascii_only else ("⣿", "⠅"), pairs, strict=False)
        )
    )
    click.echo(legend)
    for line in chart.draw(series, width=width, height=height, ascii_only=ascii_only):
        pieces = [piece if index < 0 else click.style(piece, fg=_COLOURS[index]) for piece, index in line]
        click.echo("".join(pieces).rstrip())
    rest = [clean(name) for name in found["metrics"] if name != chosen]
    if rest:
        common.narrate(f"also: {', '.join(rest)} (--metric)")


def _choose(found: common.Reply, metric: str | None, deciding: str) -> str:
    """Return which curve to draw; raises `RefusedError` where there is none."""
    run, names = clean(found["run"]), list(found["metrics"])
    if not names:
        msg = f"{run} has no curve: no line of its log was recognised as a step with a value"
        raise RefusedError(
            msg, "print lines like `step 100 | loss: 1.23`, or set [progress] pattern in arctl.toml"
        )
    if metric is not None and metric not in names:
        msg = f"{run} has no curve of {clean(metric)}"
        raise RefusedError(msg, f"it has {', '.join(map(clean, names))}")
    return metric or (deciding if deciding in names else names[0])


def _other(
    client: Client, found: common.Reply, shown: common.Reply, chosen: str, against: str | None
) -> common.Reply | None:
    """Return the run to draw beside it: the one asked for, else the champion's where that is another."""
    if against is None:
        best = client.call("champion", campaign=shown["experiment"]["campaign"])["champion"]["id"]
        if best == found["experiment"]:
            return None
    other: common.Reply = client.call("curve", id=against or best, metric=chosen)
    if chosen in other["curves"] and other["run"] != found["run"]:
        return other
    if against is not None:
        common.narrate(f"{clean(against)} has no other curve of {clean(chosen)} to compare with")
    return None


def _name(one: common.Reply, metric: str) -> str:
    points = [y for _, y in one["curves"][metric] if y is not None]
    last = number(points[-1], 5) if points else "no value"
    going = "" if one["state"] == "ended" else ", running"
    return clean(f"{one['experiment']} {one['run']} {metric}: {last} after {len(points)} points{going}")
