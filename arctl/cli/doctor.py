"""`arctl doctor`: what the sandbox keeps out on this machine, tried for real, and what the machine is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arctl.cli import common
from arctl.cli.lazy import complain
from arctl.cli.look import width
from arctl.errors import ArctlError, Exit
from arctl.format import count, table, wrapped
from arctl.text import clean

if TYPE_CHECKING:
    from arctl.daemon.doctor import Report
    from arctl.daemon.sandbox import Level

_SAID = {"ok": "ok", "open": "open at this level", "closed": "closed at this level", "nothing": "-"}
_COLOURS = {"ok": "green", "open": "yellow", "closed": "yellow", "failed": "red"}


@click.command()
@click.option(
    "--level",
    type=click.Choice(["3", "2", "1"]),
    default="3",
    show_default=True,
    help="The level to examine.",
)
@click.option(
    "--python", metavar="PATH", default="", help="A campaign's interpreter: try whether it imports torch."
)
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write a tar.gz for a bug report as well.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def doctor(ctx: click.Context, level: str, python: str, bundle: str | None, as_json: bool) -> None:
    """Try for real what the sandbox keeps out on this machine.

    A job in a sandbox of that level goes for a planted ssh key, ledger, evaluator, daemon and more. Ends with
    1 where anything is otherwise than it should be at that level. Needs no daemon and no root, changes
    nothing, and takes some seconds.

    Example: arctl doctor --level 2 --bundle report.tar.gz
    """
    from arctl.daemon.doctor import examine, write_bundle

    if not as_json:
        common.narrate(f"trying a sandbox of level {level} …")
    levels: dict[str, Level] = {"3": 3, "2": 2, "1": 1}
    report = examine(common.home(), levels[level], python)
    status, trouble = _status()
    document = {**report.document(), "daemon": _daemon(status, trouble)}
    if as_json:
        common.document(document)
    else:
        _show(report, trouble)
    if bundle is not None:
        files = write_bundle(Path(bundle), common.home(), document, status)
        common.narrate(f"wrote {bundle}: {', '.join(files)}; README.txt says what is in it")
    if not report.ok:
        ctx.exit(int(Exit.FAILED))


def _status() -> tuple[common.Reply | None, str]:
    """Return the daemon's status, if one answers, else why not."""
    try:
        found: common.Reply = common.ask("status")
    except (ArctlError, OSError) as error:
        return None, str(error)
    return found, ""


def _daemon(status: common.Reply | None, trouble: str) -> common.Reply:
    if status is None:
        return {"running": False, "why": trouble}
    return {"running": True, **{key: status[key] for key in ("pid", "version", "uptime", "devices", "busy")}}


def _show(report: Report, trouble: str) -> None:
    wide = max(width(), 60)
    for fact in report.host:
        click.echo(f"{fact.name:22}  {clean(fact.value, wide - 24)}")
        for line in wrapped(fact.remedy, wide - 24, " " * 24) if fact.remedy else []:
            click.echo(click.style(line, fg="yellow"))
    click.echo(f"{'daemon':22}  {clean(trouble, wide - 24) if trouble else 'running'}")
    click.echo()
    if report.missing is not None:
        complain(f"level {report.level} cannot be had here: {report.missing[0]}", report.missing[1])
        if report.best is not None:
            complain(f"the highest level that works here is {report.best}")
        return
    rows = [
        (
            row.name,
            row.expected,
            row.got,
            _SAID.get(row.verdict, "NOT AS EXPECTED"),
            f"{row.title}: {row.detail}",
        )
        for row in report.probes
    ]
    head, *lines = table(("PROBE", "EXPECTED", "GOT", "VERDICT", "WHAT"), rows, width=wide)
    click.echo(head)
    for line, row in zip(lines, report.probes, strict=True):
        click.echo(click.style(line, fg=_COLOURS.get(row.verdict)))
    failed = [row for row in report.probes if row.verdict == "failed"]
    for row in failed:
        click.echo()
        said = f"{row.name}: {row.title}: {row.got} instead of {row.expected} ({row.detail})"
        for line in [*wrapped(said, wide), *wrapped(row.remedy, wide - 4, "    ")]:
            click.echo(line)
    known = sum(row.verdict in ("open", "closed") for row in report.probes)
    done = f"{count(len(report.probes), 'probe')} at level {report.level}"
    click.echo()
    click.echo(f"{done}: {len(failed)} not as expected, {known} open or closed as this level is")
