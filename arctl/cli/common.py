"""What every command uses: the connection, the options, and how data is printed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arctl.errors import RefusedError
from arctl.paths import Home, default_home

if TYPE_CHECKING:
    from arctl.client import Client

Reply = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, exactly as the daemon answers."
)
campaign_option = click.option(
    "-c", "--campaign", metavar="NAME", help="The campaign, where there are several."
)


def home() -> Home:
    """Return the state folder that the environment names."""
    return Home(default_home())


def connect(timeout: float | None = 30.0) -> Client:
    """Connect to the daemon; raises `NotRunningError` where none answers."""
    from arctl.client import Client

    return Client(home(), timeout=timeout)


def ask(method: str, **params: Any) -> Any:
    """Ask the daemon one thing."""
    with connect() as client:
        return client.call(method, **params)


def new_key() -> str:
    """Return a key that makes a command, when it is sent twice, take effect once."""
    return uuid.uuid4().hex


def document(data: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=True))


def narrate(text: str = "") -> None:
    """Say something to the person, on stderr; stdout is for data."""
    click.echo(text, err=True)


def the_campaign(status: Reply, name: str | None) -> Reply:
    """Return a campaign's entry of a status by name; without one the only one, or the one that runs."""
    rows: list[Reply] = status["campaigns"]
    known = {str(row["campaign"]): row for row in rows}
    if name is not None:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none yet"
            msg = f"there is no campaign {name!r}"
            raise RefusedError(msg, f"campaigns: {listed}")
        return known[name]
    if not rows:
        raise RefusedError("there is no campaign yet", "start one: `arctl start PATH`, or try `arctl demo`")
    running = [row for row in rows if row["state"] == "running"]
    if len(rows) > 1 and len(running) != 1:
        raise RefusedError("there are several campaigns", "name one: " + ", ".join(sorted(known)))
    return running[0] if running else rows[0]


def line(data: Any) -> str:
    """Return JSON on one line, for streams."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))
