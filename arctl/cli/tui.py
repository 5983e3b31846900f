"""`arctl tui`: attach to the daemon with the terminal interface."""

from __future__ import annotations

import click

from arctl.errors import Exit


@click.command()
@click.option("--readonly", is_flag=True, help="Look only; the daemon refuses changes.")
@click.option("--host-label", default="", metavar="NAME", help="Name to show for this machine.")
@click.pass_context
def tui(ctx: click.Context, readonly: bool, host_label: str) -> None:
    """Attach to the daemon: devices, experiments, the champion, what happens. `q` leaves, it goes on."""
    from arctl.tui.launch import Settings, launch

    ctx.exit(launch(Settings(readonly=readonly, host_label=host_label)) or int(Exit.OK))
