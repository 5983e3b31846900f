"""`arctl effects`: what each axis was worth, how sure that is, and what was kept."""

from __future__ import annotations

import click

from arctl.cli import common
from arctl.cli.look import width
from arctl.format import NA, interval, signed, table
from arctl.text import clean


@click.command()
@click.argument("campaign", required=False)
@common.json_option
def effects(campaign: str | None, as_json: bool) -> None:
    """Show what each axis was worth, and how sure that is: the one that paid most first.

    GAIN is the mean over all judged trials, positive when better, with its 95 % interval.

    Example: arctl effects
    """
    found = common.ask("effects", campaign=campaign)
    if as_json:
        common.document(found)
        return
    if not found["axes"]:
        common.narrate("nothing was judged so far")
        return
    head = ("AXIS", "N", "GAIN", "95 %", "KEPT", "BEST", "")
    for line in table(head, [_row(row) for row in found["axes"]], right=(1, 2, 4), width=width()):
        click.echo(line)
    left = found["total"] - len(found["axes"])
    if left:
        common.narrate(f"{left} more axes are left out")


def _row(row: common.Reply) -> tuple[str, ...]:
    best = f"{row['best']['id']} {signed(row['best']['effect'])}" if row["best"] else NA
    kept = f"{row['kept']} ({row['rate']:.0%})"
    sure = interval(row["low"], row["high"]) if row["low"] is not None else NA
    dead = f"closed by {row['dead']}" if row["dead"] else ""
    return clean(row["axis"], 40), str(row["n"]), signed(row["mean"]), sure, kept, best, dead
