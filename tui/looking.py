"""Looking: the keys that filter, copy, open a pager, and move through the time of a replay."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import SuspendNotSupported

from arctl.errors import ArctlError
from arctl.text import clean
from arctl.tui.going import Going
from arctl.tui.shell import FilterLine
from arctl.tui.source.replay import ReplaySource


class Looking(Going):
    """The shell with the keys that change what is seen, and nothing else."""

    # -- the time of a replay ----------------------------------------------------------------------------

    @property
    def replay(self) -> ReplaySource | None:
        """The source, where it is a replay that is there; says so where it is not."""
        if isinstance(self.source, ReplaySource):
            if self.source.view.playback is not None:
                return self.source
            link = self.source.view.link
            self.say(f"there is nothing to replay yet: {link.reason or 'not connected yet'}", "warning")
            return None
        self.say("this is no replay: `arctl tui --replay CAMPAIGN` is one")
        return None

    def action_play(self) -> None:
        """Let the time run, or stop it."""
        if (source := self.replay) is not None:
            source.play()

    def action_scrub(self, step: int) -> None:
        """Go on by a hundredth of the campaign, or back."""
        if (source := self.replay) is not None:
            source.scrub(step / 100)

    async def action_step(self, way: int) -> None:
        """Go to the next event, or to the one before."""
        if (source := self.replay) is not None:
            try:
                await source.step(way)
            except ArctlError as error:
                self.complain(error)

    # -- filter, copy, pager -----------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Open the line in which a filter is typed."""
        pane = self.pane
        if pane is None:
            return
        field = self.query_one("#filter", FilterLine)
        field.display = True
        field.placeholder = "text to look for; ! in front leaves out what has it"
        field.value = pane.filter
        # At once: what is typed right behind the / belongs to the filter, never to the pane.
        self.screen.set_focus(field, scroll_visible=False)

    def action_copy(self) -> None:
        """Copy what is under the cursor: its id, else the line."""
        pane = self.pane
        if pane is None:
            return
        text = pane.copied()
        if not text:
            self.say("there is nothing under the cursor to copy")
            return
        self.copy_to_clipboard(text)
        self.say(f"copied {clean(text, 40)!r}; where the terminal takes no OSC 52, o opens a pager")

    def action_pager(self) -> None:
        """Open the pane's text in the pager."""
        pane = self.pane
        if pane is None:
            return
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", suffix=".txt", prefix="arctl-", delete=False
        ) as file:
            file.write(pane.text + "\n")
        command = [os.environ.get("PAGER") or "less -R", file.name]
        try:
            command = [*shlex.split(command[0]), file.name]
            with self.suspend():
                subprocess.run(command, check=False)
        except (SuspendNotSupported, OSError, ValueError) as error:
            self.say(f"{command[0]} could not be opened ({error}); set PAGER", "warning")
        finally:
            Path(file.name).unlink(missing_ok=True)
