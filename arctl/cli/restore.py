"""`arctl backup` and `arctl restore`: copies of the ledger, and one of them in its place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arctl.cli import common
from arctl.cli.storage import size
from arctl.errors import RefusedError
from arctl.format import count, duration
from arctl.text import clean

if TYPE_CHECKING:
    from arctl.daemon.housekeeping.restoring import Restored
    from arctl.daemon.store.backup import Backup
    from arctl.paths import Home


@click.command()
@common.json_option
def backup(as_json: bool) -> None:
    """Copy the ledger now; the daemon, which does so every few hours, goes on meanwhile."""
    from arctl.daemon.store import backup as copies

    home = common.home()
    if not home.ledger.exists():
        msg = f"there is no ledger in {home.root}"
        raise RefusedError(msg, "`arctl start` begins one")
    made = copies.take(home.ledger, home.backups, time.time())
    if as_json:
        common.document(_entry(made))
    else:
        common.narrate(f"copied   {made.path}, {size(made.bytes)}; whole and checked")


@click.command()
@click.option("--list", "listing", is_flag=True, help="Only show the backups, newest first.")
@click.option(
    "--from",
    "chosen",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="This backup, not the newest good.",
)
@click.option("--force", is_flag=True, help="Also in the place of a ledger with which nothing is wrong.")
@common.json_option
def restore(listing: bool, chosen: Path | None, force: bool, as_json: bool) -> None:
    """Put the newest good backup in the place of a damaged ledger; the daemon must not run.

    Nothing is deleted: the damaged ledger is kept under a dated name, and so are the folders of runs that the
    backup does not know. Results of runs that it knows are taken in from their folders at the next start.
    """
    home = common.home()
    if listing:
        _list(home, as_json=as_json)
        return
    from arctl.daemon.housekeeping import restoring
    from arctl.daemon.lock import only_one
    from arctl.daemon.store import backup as copies

    if not home.root.is_dir():
        msg = f"there is no state folder {home.root}"
        raise RefusedError(msg, "set ARCTL_HOME to yours")
    with only_one(home):
        wrong = restoring.ailment(home)
        if not wrong and not force:
            msg = f"nothing is wrong with {home.ledger}"
            raise RefusedError(
                msg,
                "what happened since the backup would be lost; --force puts one back all the same",
            )
        if chosen is None:
            found = restoring.newest_good(home)
        elif not chosen.is_file():
            msg = f"there is no file {chosen}"
            raise RefusedError(msg, "`arctl restore --list` names the backups")
        else:
            seen = chosen.stat()
            known = {item.path: item for item in copies.listed(home.backups)}
            found = known.get(chosen.absolute()) or copies.Backup(chosen, seen.st_mtime, seen.st_size)
        done = restoring.put_back(home, found, time.time())
    if as_json:
        common.document(_document(done, wrong))
    else:
        _tell(done, wrong)


def _tell(done: Restored, wrong: str) -> None:
    """Say what was and what was not brought back."""
    age = duration(max(0.0, time.time() - done.backup.at))
    if wrong:
        common.narrate(f"was      {wrong}")
    common.narrate(f"put back {done.backup.path}, {age} old")
    if done.damaged is not None:
        common.narrate(f"kept     the ledger that was there: {done.damaged}")
    taken = ", ".join(map(clean, done.taken_in)) or "none"
    common.narrate(f"taken in at the next start, from their folders: {taken}")
    common.narrate(f"lost     what was decided, proposed, said and spent in the last {age}")
    if done.folder is not None:
        runs = ", ".join(map(clean, done.aside[:10])) + (" …" if len(done.aside) > 10 else "")
        common.narrate(
            f"aside    {count(len(done.aside), 'run')} that it does not know ({runs}): {done.folder}"
        )
    if done.stopped:
        common.narrate(
            f"stopped  {', '.join(map(clean, done.stopped))}: nobody would have taken their results in"
        )
    common.narrate("next     `arctl start` in the campaign's folder; champions' branches keep what they had")


def _document(done: Restored, wrong: str) -> dict[str, Any]:
    return {
        "was": wrong,
        "backup": _entry(done.backup),
        "damaged": str(done.damaged) if done.damaged is not None else None,
        "taken_in": list(done.taken_in),
        "aside": list(done.aside),
        "stopped": list(done.stopped),
        "folder": str(done.folder) if done.folder is not None else None,
    }


def _entry(found: Backup) -> dict[str, Any]:
    return {"path": str(found.path), "at": found.at, "bytes": found.bytes}


def _list(home: Home, *, as_json: bool) -> None:
    from arctl.daemon.store import backup as copies

    found = copies.listed(home.backups)
    if as_json:
        common.document([_entry(item) for item in found])
        return
    for item in found:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(item.at))
        click.echo(f"{at}  {size(item.bytes):>9}  {item.path}")
    if not found:
        common.narrate(f"there is no backup in {home.backups}; `arctl backup` makes one")
