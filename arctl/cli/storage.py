"""`arctl gc`: what lies in the state folder, what of it may go, and having it go."""

from __future__ import annotations

from collections import defaultdict

import click

from arctl.cli import common
from arctl.format import count, table
from arctl.text import clean

#: Sorts of what lies there, as people call them.
_SORTS = {
    "attempt": "run folders",
    "tree": "work trees",
    "scratch": "agents' folders",
    "leftover": "leftovers",
}
#: Seconds that looking through all folders, and deleting, may take.
PATIENCE = 3600.0
#: Lines of what goes.
MAX_LINES = 40


@click.command()
@click.option("-n", "--dry-run", is_flag=True, help="Only show what may go.")
@common.json_option
def gc(dry_run: bool, as_json: bool) -> None:
    """Remove what is of no use any more: old folders of runs that brought nothing, and leftovers.

    What may go, [keep] in arctl.toml says; the runs behind the baseline and every champion stay. The daemon
    does the same daily, and when the disk is nearly full.

    Example: arctl gc --dry-run
    """
    with common.connect(PATIENCE) as client:
        if dry_run:
            found = client.call("storage")
            if as_json:
                common.document(found)
            else:
                _show(found)
            return
        answer = client.call("storage.tidy", key=common.new_key())
        piece = answer
        while (
            piece["more"] and len(piece["failed"]) < piece["count"]
        ):  # there is so much that it comes in pieces
            piece = client.call("storage.tidy", key=common.new_key())
            for name in ("bytes", "count", "failed", "removed"):
                answer[name] += piece[name]
        answer["more"] = piece["more"]
    if as_json:
        common.document(answer)
        return
    common.narrate(f"removed {count(answer['count'], 'folder')}: {size(answer['bytes'])}")
    for failed in answer["failed"]:
        common.narrate(f"could not be removed: {clean(failed)}")


def _show(found: common.Reply) -> None:
    click.echo(
        f"disk      {size(found['free'])} free of {size(found['total'])};"
        f" below {size(found['floor'])} no run begins"
    )
    click.echo(f"ledger    {size(found['ledger'])}, backups {size(found['backups'])}")
    for sort, entry in found["sorts"].items():
        click.echo(f"{_SORTS.get(sort, sort):<16}  {entry['count']:>6}  {size(entry['bytes']):>9}")
    if found["unknown"]["count"]:
        strange = found["unknown"]
        click.echo(
            f"{count(strange['count'], 'run folder')} ({size(strange['bytes'])}) the ledger does not know:"
            " left alone"
        )
    if not found["count"]:
        click.echo("nothing may go")
        return
    rows = [
        [
            clean(item["run"] or item["place"], 40),
            clean(item["experiment"]),
            "its files" if item["part"] == "files" else "all",
            size(item["bytes"]),
            clean(item["why"], 60),
        ]
        for item in found["removals"][:MAX_LINES]
    ]
    click.echo()
    for line in table(["what", "of", "part", "size", "why"], rows, right=(3,)):
        click.echo(line)
    if found["count"] > len(rows):
        click.echo(f"and {found['count'] - len(rows)} more")
    sums: dict[str, int] = defaultdict(int)
    for item in found["removals"]:
        sums[item["campaign"]] += item["bytes"]
    by = ", ".join(f"{clean(name) or 'leftovers'} {size(total)}" for name, total in sorted(sums.items()))
    click.echo(f"\n{size(found['bytes'])} in all ({by}); `arctl gc` removes it")


def size(number: int) -> str:
    """Write a number of bytes for people."""
    value, unit = float(number), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
