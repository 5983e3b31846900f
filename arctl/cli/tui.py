"""`arctl tui`: attach to the daemon with the terminal interface."""

from __future__ import annotations

import click

from arctl.errors import Exit


@click.command()
@click.option("--readonly", is_flag=True, help="Look only; the daemon refuses changes.")
@click.option("--host-label", default="", metavar="NAME", help="Name to show for this machine.")
@click.pass_context
def tui(ctx: click.Context, readonly: bool, host_label: str) -> None:
    """Attach with the terminal interface; `q` leaves, it goes on.

    It shows the devices, the campaigns, their experiments, the champion, and what happens.
    """
    from arctl.tui.launch import Settings, launch

    ctx.exit(launch(Settings(readonly=readonly, host_label=host_label)) or int(Exit.OK))
