"""`arctl mcp`: the campaigns for any MCP client, over stdin and stdout."""

from __future__ import annotations

import click

from arctl.cli import common
from arctl.errors import UsageError


@click.command()
@click.option("--readonly", is_flag=True, help="Offer reading only; the daemon refuses changes.")
@click.option(
    "--operator",
    is_flag=True,
    help="Offer a person's actions, too: pause, kill, redirect, approve, in your name.",
)
def mcp(readonly: bool, operator: bool) -> None:
    """Serve the campaigns to an MCP client.

    The client starts it and speaks to it over stdin and stdout. It offers reading, and an outside agent may
    join a campaign as a member. Needs the extra: pip install 'arctl[mcp]'.

    Example: claude mcp add arctl -- arctl mcp --readonly
    """
    from arctl.mcp.server import Mode, serve

    if readonly and operator:
        raise UsageError("--readonly and --operator exclude each other", "give one of them")
    serve(common.home(), Mode(member=not readonly, operator=operator))
