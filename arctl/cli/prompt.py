"""`arctl prompt`: what agents are told, word for word."""

from __future__ import annotations

from collections.abc import Iterable

import click

from arctl.cli import common
from arctl.cli.look import width
from arctl.errors import RefusedError
from arctl.format import table
from arctl.text import clean, clean_block

#: The moves that each role is asked for.
ROLES = {
    "analyst": ("discuss", "propose", "critique", "reflect"),
    "experimenter": ("implement", "repair"),
    "critic": ("critique",),
    "solo": ("discuss", "propose", "implement", "repair", "reflect"),
}


@click.group()
def prompt() -> None:
    """Show what agents are told.

    Each prompt is a file of its own; [prompts] in arctl.toml puts files of yours in their places.
    """


@prompt.command("list")
@common.campaign_option
@common.json_option
def list_(campaign: str | None, as_json: bool) -> None:
    """List the prompts, their versions, and the files that a campaign puts in their places.

    The version names the text: it stands in the event of every answer that was given under it.

    Example: arctl prompt list -c digits
    """
    rows = common.ask("prompts", campaign=campaign)["prompts"] if campaign else _own()
    if as_json:
        common.document({"campaign": campaign, "prompts": rows})
        return
    lines = [
        (
            row["name"],
            row["version"],
            f"{len(row['text'].split())} words",
            clean(row["file"]) or "arctl's own",
        )
        for row in rows
    ]
    for line in table(("PROMPT", "VERSION", "LENGTH", "FROM"), lines, width=width()):
        click.echo(line)


@prompt.command()
@click.argument("what", metavar="MOVE|ROLE")
@click.option("--agent", metavar="NAME", help="As this agent is told; the first one that is asked otherwise.")
@click.option("--about", metavar="ID", help="The proposal or experiment that it is about.")
@common.campaign_option
@common.json_option
def show(what: str, agent: str | None, about: str | None, campaign: str | None, as_json: bool) -> None:
    """Print what an agent is told for a move, or for each move of a role.

    With a campaign everything that would be sent now: the prompt, the tools, the documents and the state,
    with a line where the cache is marked. Without one arctl's own prompt and tools.

    Example: arctl prompt show propose -c digits
    """
    moves = ROLES.get(what, (what,))
    if campaign or agent or about:
        found = [
            common.ask("prompt", move=move, campaign=campaign, agent=agent, about=about) for move in moves
        ]
    else:
        found = [_bare(move) for move in moves]
    if as_json:
        common.document(found[0] if what not in ROLES else found)
        return
    for one in found:
        for line in page(one):
            click.echo(line)


def page(found: common.Reply) -> list[str]:
    """Write what is sent as lines, in the order in which it is sent."""
    who = f", as {found['agent']} is told, who thinks with {found['brain']}" if found.get("agent") else ""
    about = f", about {found['about']}" if found.get("about") else ""
    lines = [click.style(clean(f"===== {found['move']}{who}{about}; version {found['version']}"), bold=True)]
    if found.get("brain") in ("search", "deck"):
        lines.append("It follows rules and reads nothing of this; a language model would be told:")
    lines += ["", _head("tools")]
    for tool in found["tools"]:
        lines.append(common.line(tool))
    lines += ["", _head("system"), *_texts(found["system"])]
    for message in found["messages"]:
        lines += ["", _head(message["role"]), *_texts(message["content"])]
    return lines


def _head(name: str) -> str:
    return click.style(f"----- {name}", bold=True)


def _texts(blocks: Iterable[common.Reply]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        lines += clean_block(str(block.get("text", ""))).splitlines()
        if mark := block.get("cache_control"):
            lines.append(click.style(f"----- cached up to here, {mark.get('ttl', '5m')}", dim=True))
    return lines


def _own() -> list[common.Reply]:
    """Return arctl's own prompts; no daemon is asked."""
    from arctl.daemon.brains import prompts

    found = [prompts.prompt(name) for name in prompts.NAMES]
    return [{"name": row.name, "version": row.version, "file": row.file, "text": row.text} for row in found]


def _bare(move: str) -> common.Reply:
    """Return arctl's own prompt and tools of a move; no daemon is asked."""
    from arctl.daemon.brains import prompts
    from arctl.daemon.brains.anthropic import render, tools
    from arctl.daemon.rows import Move

    if move not in {item.value for item in Move}:
        known = ", ".join([item.value for item in Move])
        msg = f"no agent is asked to {move!r}"
        raise RefusedError(msg, f"moves: {known}; roles: {', '.join(ROLES)}")
    texts = prompts.load(Move(move))
    return {
        "move": move,
        "version": prompts.version(*(row.text for row in texts)),
        "system": render.system(texts),
        "tools": tools.offered(Move(move)),
        "messages": (),
    }
