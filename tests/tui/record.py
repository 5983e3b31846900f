"""Record what a real daemon answers to every page, for golden screens and hostile texts.

    python -m tests.tui.record

A company is set to work, every page is opened at every size, and each reply is kept; the same without any
campaign. Names of this machine are taken out.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import re
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from arctl.aclient import AsyncClient
from arctl.paths import Home
from arctl.places import Place
from arctl.tui.app import ArctlApp
from arctl.tui.data.query import Answer, Pace, Query
from arctl.tui.data.route import Trail
from arctl.tui.launch import Settings
from arctl.tui.source.live import LiveSource
from tests.support.company import Busy, company
from tests.support.daemon import wait_for
from tests.support.stage import Stage, stage
from tests.tui.places import SIZES, routes
from tests.tui.recorded import STYLES, Recording, named

#: Readings of devices before anything is recorded: the length of a history that is worth a look.
READINGS = 30


class Tape(LiveSource):
    """A daemon as a source that keeps every answer."""

    kept: dict[str, Any]

    async def _ask(self, client: AsyncClient, query: Query, seq: int) -> Answer:
        answer = await super()._ask(client, query, seq)
        told = {"error": answer.error} if answer.error else {"reply": answer.reply}
        self.kept[named(query.method, query.given)] = told
        return answer


class Recorder(ArctlApp):
    """The interface with a tape in it."""

    CSS_PATH = STYLES

    def make_source(self, place: Home | Place) -> Tape:
        """Return a source that keeps what it hears."""
        source = Tape(place, readonly=True, changed=self.flush, wants=self.wants)
        source.kept = {}
        return source

    async def settled(self, pilot: Pilot[None]) -> None:
        """Wait until all that the page wants is answered, also what the answers made it want."""
        calm, tries = 0, 0
        while calm < 3:
            await pilot.pause(0.05)
            tries += 1
            if tries > 600:
                left = [query for query in self.wants() if not self._told(query)]
                msg = f"{self.trail.here}: never answered: {left}"
                raise TimeoutError(msg)
            calm = calm + 1 if self.source.view.live and all(map(self._told, self.wants())) else 0

    def _told(self, query: Query) -> bool:
        """Tell whether a query is answered; the next piece of what grows never is, the first one counts."""
        view = self.source.view
        if view.answer(query).at >= 0:
            return True
        return query.pace is Pace.SECOND and any(known.method == query.method for known in view.answers)


async def tape(on: Stage, places: dict[str, str]) -> dict[str, Any]:
    """Open every page at every size, each pane from top to bottom, and return what was answered."""
    kept: dict[str, Any] = {}
    for size in SIZES:
        app = Recorder(on.home, Settings(readonly=True))
        async with app.run_test(size=size) as pilot:
            await app.settled(pilot)
            for route in routes(places).values():
                await app.follow(Trail(route))
                await app.settled(pilot)
                for _ in app.page._panes if app.page is not None else ():
                    await pilot.press("G")
                    await app.settled(pilot)
                    await pilot.press("g", "tab")
                    await app.settled(pilot)
        kept |= app.source.kept
    return kept


def record(on: Stage, places: dict[str, str], name: str) -> None:
    """Record a stage under a name."""
    replies = asyncio.run(tape(on, places))
    status = on.ask("status")
    found = Recording(
        round(time.time(), 1), "ws-01", status, on.ask("gpus", history=True), on.ask("events", limit=200),
        places, replies,
    )  # fmt: skip
    if status["campaigns"]:
        # What dialogs ask before they open.
        campaign = status["campaigns"][0]["campaign"]
        asked = [("board", {"campaign": campaign}), ("proposal", {"id": places["proposal"]})]
        for method, params in asked:
            found.replies[named(method, params)] = {"reply": on.ask(method, **params)}
    clean = json.dumps(vars(found))
    for own, said in (
        (str(on.root), "/data/ada/work"),
        (sys.executable, "python3"),
        (socket.gethostname(), "ws-01"),
        (str(Path.home()), "/data/ada"),
    ):
        clean = clean.replace(json.dumps(own)[1:-1], said)
    clean = re.sub(rf"\b{getpass.getuser()}\b", "grace", clean)
    Recording(**json.loads(clean)).save(name)
    print(f"{name}: {len(replies)} replies, {len(clean) // 1000} kB")


def places_of(busy: Busy) -> dict[str, str]:
    """Name what each page opens."""
    return {
        "team": busy.team,
        "direction": busy.direction,
        "agent": busy.agent,
        "proposal": busy.proposal,
        "experiment": busy.accepted,
        "thread": busy.thread,
        "deadend": busy.dead_end,
        "axis": "axis:WIDTH",
        "run": busy.run,
    }


def _history(on: Stage) -> int:
    return min(len(row.get("history") or range(READINGS)) for row in on.ask("gpus", history=True))


def main() -> None:
    """Record both states."""
    with tempfile.TemporaryDirectory(prefix="arctl-") as folder:
        with stage(Path(folder) / "empty") as on:
            record(on, {}, "empty")
        with stage(Path(folder) / "busy") as on:
            busy = company(on)
            wait_for("a history of readings", lambda: _history(on) >= READINGS)
            record(on, places_of(busy), "busy")


if __name__ == "__main__":
    main()
