"""Telling: what the daemon says of needs, costs and prompts, in windows; ledger and champion, in files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arctl.errors import UsageError
from arctl.paths import expanded
from arctl.places import Remote
from arctl.tui.data.reading import block, listed, real, whole, word
from arctl.tui.look.lines import Line, line, wrap
from arctl.tui.proposing import Proposing
from arctl.tui.windows.window import Told


class Telling(Proposing):
    """The shell with what is asked for once, and told in a window or a file."""

    def action_needs(self) -> None:
        """Show what waits for a person, with what to do."""
        campaigns, unseen = self.source.view.campaigns, self.source.view.unseen

        def lines(width: int) -> list[Line]:
            found: list[Line] = []
            for row in campaigns:
                for need in row.needs:
                    found += [line(f"{row.id}: {need.kind}", "warn"), *wrap(need.text, width, indent="  ")]
                    found += [*wrap(need.remedy, width, "dim", "  "), ()]
                for wait in row.waits:
                    found += [line(f"{row.id} waits", "strong"), *wrap(wait.text, width, indent="  ")]
                    found += [*wrap(wait.remedy, width, "dim", "  "), ()]
            return found or wrap(unseen or "nothing waits for you", width)

        self.push_screen(Told("What needs you", lines))

    async def export(self, path: Path) -> None:
        """Write the ledger into a file of this machine, as `results.tsv`."""
        pieces, after = [], 0
        while True:
            reply = await self.source.call("export", campaign=self.source.view.chosen, after=after)
            pieces.append(str(reply.get("text", "")))
            if reply.get("next") is None:
                break
            after = whole(reply, "next")
        try:
            path.write_text("".join(pieces))
        except (OSError, ValueError) as error:
            msg = f"{path} cannot be written: {error}"
            raise UsageError(msg, "name a file in a folder of yours") from error
        self.say(f"the ledger is in {path}")

    async def show_prompt(self, move: str, params: Mapping[str, Any]) -> None:
        """Show what an agent would be told for a move."""
        reply = await self.source.call("prompt", campaign=self.source.view.chosen, move=move, **params)

        def lines(width: int) -> list[Line]:
            found: list[Line] = [line(f"{word(reply, 'agent')}, {word(reply, 'version')}", "strong"), ()]
            found += wrap(block(reply, "system"), width)
            for message in listed(reply, "messages"):
                found += [(), line(word(message, "role"), "strong"), *wrap(block(message, "content"), width)]
            return found

        self.push_screen(Told("What it would be told", lines))

    async def show_costs(self, params: Mapping[str, Any]) -> None:
        """Show who spent what on models."""
        reply = await self.source.call("costs", campaign=self.source.view.chosen, **params)
        found = []
        for row in listed(reply, "rows"):
            usd = real(row, "usd")
            text = f"{word(row, 'name') or '-':<14} {whole(row, 'calls'):>5} calls {usd or 0:>9.4f} USD"
            found.append(f"{text} {whole(row, 'input'):>9} in {whole(row, 'output'):>8} out")
        found += [
            f"{word(row, 'cap')}: {real(row, 'spent') or 0:g} of {real(row, 'limit') or 0:g}"
            for row in listed(reply, "caps")
        ]
        told = "\n".join(found) or "no model was called yet"
        self.push_screen(Told("Costs", lambda width: wrap(told, width)))

    async def checkout(self, text: str) -> None:
        """Have the champion's files written into a folder."""
        params = {"campaign": self.source.view.chosen, "folder": self._folder(text)}
        answer = await self.source.call("champion.checkout", **params)
        self.say(f"{word(answer, 'champion')} is in {word(answer, 'folder')}")

    def _folder(self, text: str) -> str:
        """Return a folder of the machine on which the daemon writes."""
        if isinstance(self.settings.place, Remote):
            if not text.startswith("/"):
                raise UsageError("the folder is one of the far machine", "write its path from / on")
            return text
        return str(expanded(text).absolute())
