"""`arctl tui`: attach to the daemon with the terminal interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from arctl.errors import Exit, UsageError

if TYPE_CHECKING:
    from arctl.places import Place


@click.command()
@click.option("--readonly", is_flag=True, help="Look only; the daemon refuses changes.")
@click.option(
    "--host", default=None, metavar="[USER@]HOST", help="Attach to another machine's daemon, over ssh."
)
@click.option(
    "--remote-command", default="", metavar="CMD", help="What starts arctl there.  [default: arctl]"
)
@click.option(
    "--remote-home", default="", metavar="DIR", help="The state folder there, where it is not the usual one."
)
@click.option("--host-label", default="", metavar="NAME", help="Name to show for the machine.")
@click.option(
    "--theme", default="dark", type=click.Choice(["dark", "light", "ansi"]), help="Colours.  [default: dark]"
)
@click.option(
    "--glyphs",
    default="braille",
    type=click.Choice(["braille", "block", "ascii"]),
    help="Characters to draw with.  [default: braille]",
)
@click.option("--replay", default="", metavar="CAMPAIGN", help="Go through a campaign's history.")
@click.option("--at", default="", metavar="TIME", help="Begin the replay here: 50%, +2h, 12:04.")
@click.pass_context
def tui(
    ctx: click.Context,
    readonly: bool,
    host: str | None,
    remote_command: str,
    remote_home: str,
    host_label: str,
    theme: str,
    glyphs: str,
    replay: str,
    at: str,
) -> None:
    """Attach with the terminal interface; `q` leaves, it goes on.

    It shows devices, teams, experiments, curves, the forum, dead ends and logs, and steers them with single
    keys; ? lists them.

    Example: arctl tui --host me@workstation
    """
    place = _place(host, remote_command, remote_home)
    from arctl.tui.launch import Settings, launch

    settings = Settings(readonly, host_label, theme=theme, glyphs=glyphs, replay=replay, at=at, place=place)
    ctx.exit(launch(settings) or int(Exit.OK))


def _place(host: str | None, command: str, home: str) -> Place | None:
    """Return the machine that was named, None for this one."""
    if host is None and (command or home):
        named = "--remote-command" if command else "--remote-home"
        msg = f"{named} needs --host"
        raise UsageError(msg, "name the machine: `--host user@box`; here ARCTL_HOME names the state folder")
    if host is None:
        return None
    from arctl.places import remote

    return remote(host, command, home)
