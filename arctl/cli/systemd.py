"""`arctl service`: the daemon as a service of yours, which comes up with the machine."""

from __future__ import annotations

import getpass
import os

import click

from arctl.cli import common, unit
from arctl.errors import NotRunningError, RefusedError
from arctl.text import clean


@click.group()
def service() -> None:
    """Have systemd start the daemon with the machine, and again when it fails.

    Works with your own systemd (`systemctl --user`), never with sudo.
    """


@service.command()
@click.option("--print", "printed", is_flag=True, help="Print the unit file and change nothing.")
def install(printed: bool) -> None:
    """Write the unit file, and have systemd start the daemon now and with the machine.

    It has this interpreter, and ARCTL_HOME, ARCTL_DEVICES, ARCTL_DISK_FLOOR and PATH as they are here. API
    keys go into the file that the unit names. A daemon that runs already goes on; `arctl restart` hands its
    runs over.
    """
    home = common.home()
    content = unit.text(home, os.environ)
    if printed:
        click.echo(content, nl=False)
        return
    unit.systemctl("show-environment")  # before anything is written: is there somebody to serve it?
    path = unit.folder() / unit.NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    unit.systemctl("daemon-reload")
    unit.systemctl("enable", unit.NAME)
    common.narrate(f"wrote    {path}")
    common.narrate(
        f"keys     {unit.keys()}, lines such as ANTHROPIC_API_KEY=…, chmod 600; read if it is there"
    )
    pid = _daemon()
    if pid and not unit.serving(pid):
        common.narrate(f"daemon   process {pid} goes on as it is; `arctl restart` hands its runs over")
    else:
        unit.start()
        common.narrate(f"daemon   started; `systemctl --user status {unit.NAME}` looks after it")
    _tell_linger()


@service.command()
def uninstall() -> None:
    """Take the unit away. The daemon leaves; runs under way go on, and the next `arctl start` adopts them."""
    path = unit.installed()
    if path is None:
        msg = f"no {unit.NAME} is installed"
        raise RefusedError(msg, "`arctl service install` does so")
    unit.systemctl("disable", "--now", unit.NAME, check=False)
    path.unlink()
    unit.systemctl("daemon-reload", check=False)
    common.narrate(f"removed  {path}; runs under way go on, `arctl start` adopts them")


@service.command()
@common.json_option
def status(as_json: bool) -> None:
    """Say whether the service is installed, runs, and comes up with the machine."""
    path = unit.installed()
    active = enabled = "unknown"
    if path is not None:
        active = unit.systemctl("is-active", unit.NAME, check=False).stdout.strip() or active
        enabled = unit.systemctl("is-enabled", unit.NAME, check=False).stdout.strip() or enabled
    pid, linger = _daemon(), unit.lingers() if path is not None else None
    found = {
        "unit": str(path) if path is not None else None,
        "home": unit.ours(common.home()),
        "active": active,
        "enabled": enabled,
        "linger": linger,
        "pid": pid or None,
        "served": bool(pid) and unit.serving(pid),
    }
    if as_json:
        common.document(found)
        return
    if path is None:
        click.echo(f"no service is installed; `arctl service install` does so ({unit.folder() / unit.NAME})")
    else:
        click.echo(f"unit     {path}: {clean(active)}, {clean(enabled)}")
        if not found["home"]:
            click.echo(f"home     it serves another state folder than {common.home().root}")
    by = "by the service" if found["served"] else "not by the service"
    click.echo(f"daemon   process {pid}, started {by}" if pid else "daemon   none is running")
    if path is not None:
        _tell_linger()


def _daemon() -> int:
    """Return the daemon's process, 0 where none runs."""
    try:
        with common.connect(timeout=10.0) as client:
            return int(client.welcome["pid"])
    except NotRunningError:
        return 0


def _tell_linger() -> None:
    """Say what is needed for the daemon to run without anybody logged in."""
    linger = unit.lingers()
    if linger:
        common.narrate("linger   on: it comes up with the machine and stays when you log out")
        return
    now = "off" if linger is False else "not known here"
    common.narrate(
        f"linger   {now}: without it the daemon ends when you log out and waits for a login; once:"
    )
    common.narrate(f"         loginctl enable-linger {getpass.getuser()}")
