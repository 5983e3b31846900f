"""`arctl logs`: a log read in pieces, cut into lines, cleaned, and followed until nothing more comes."""

from __future__ import annotations

import time

import click

from arctl.cli import common
from arctl.text import clean_block

#: Seconds between looks at a log that is followed.
LOOK = 0.5
#: A line that goes on for longer than this is printed in parts.
LONGEST = 1 << 16


class Lines:
    """Cuts pieces of text into clean lines; a carriage return ends a line as well."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        """Return the lines that are complete now."""
        text = self._rest + text
        # A carriage return at the very end may be half of a line end.
        held = "\r" if text.endswith("\r") else ""
        text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        if len(rest) > LONGEST:
            lines.append(rest)
            rest = ""
        self._rest = rest + held
        return [_shown(line) for line in lines]

    def end(self) -> list[str]:
        """Return what is left when nothing more will come."""
        rest, self._rest = self._rest.removesuffix("\r"), ""
        return [_shown(rest)] if rest else []


def _shown(line: str) -> str:
    return clean_block(line).replace("\n", " ")


@click.command()
@click.argument("ident", metavar="[RUN|EXPERIMENT]", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the run has ended.")
@click.option("-a", "--all", "from_start", is_flag=True, help="From the beginning, not only the end.")
@click.option("--raw", is_flag=True, help="Print it as it is, escape sequences included.")
@common.json_option
def logs(ident: str | None, follow: bool, from_start: bool, raw: bool, as_json: bool) -> None:
    """Show the output of a run, or of an experiment's newest run; without an id, the daemon's own log.

    Example: arctl logs -f e3
    """
    with common.connect() as client:
        first = 0 if from_start or (follow and ident) else None
        piece = client.call("logs", id=ident, offset=first)
        if as_json:
            common.document(piece)
            return
        if ident:
            ident = piece["source"]  # an experiment's newest run may be another one at the next look
        lines = Lines()
        text = piece["text"]
        if first is None and piece["offset"] > len(text.encode()):
            text = text.partition("\n")[2]  # the first line is only the end of one
        attempt = piece.get("attempt")
        while True:
            if raw:
                click.echo(text, nl=False, color=True)  # escape sequences too
            else:
                for line in lines.feed(text):
                    click.echo(line)
            # Without text, what is left is half a character, and nothing to hurry for.
            more = text != "" and piece["offset"] < piece["size"]
            if not more and (not follow or piece["done"]):
                break
            if not more:
                time.sleep(LOOK)
            piece = client.call("logs", id=ident, offset=piece["offset"])
            text = piece["text"]
            if piece.get("attempt") != attempt:  # it was queued again: another attempt, another file
                attempt = piece.get("attempt")
                piece = client.call("logs", id=ident, offset=0)
                text = piece["text"]
        for line in lines.end():
            click.echo(line)
        if not piece["size"]:
            common.narrate(f"{ident or 'the daemon'} has written nothing yet")
