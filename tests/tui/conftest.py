from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from arctl.tui.app import ArctlApp
from arctl.tui.data.route import Route, Trail
from arctl.tui.launch import Settings
from arctl.tui.widgets.pane import Pane
from tests.support.company import Busy, company
from tests.support.stage import Stage, stage
from tests.tui.presses import note
from tests.tui.recorded import RecordedApp, RecordedSource, load

# Recorded times are shown as they were where they were recorded.
os.environ["TZ"] = "UTC"
time.tzset()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A campaign that has run to its end; nobody may change it."""
    with stage(tmp_path_factory.mktemp("done")) as found:
        found.campaign(experiments=5)
        found.finish()
        yield found


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Stage]:
    """A daemon without any campaign."""
    with stage(tmp_path) as found:
        yield found


@pytest.fixture
def slow(empty: Stage) -> Stage:
    """A campaign whose runs take longer than any test."""
    empty.campaign("slow", pace=100.0)
    return empty


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    """A company at work; tests may change it, and take what they change for themselves alone."""
    with stage(tmp_path_factory.mktemp("busy")) as found:
        yield company(found)


class Screen:
    """What a person sees of an app under test, and how they wait for it."""

    def __init__(self, app: ArctlApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """What is on the screen, notifications and windows included."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def repainted(self) -> str:
        """Return what is on the screen once every pane is painted anew, whatever it showed before."""
        assert self.app.page is not None
        for pane in self.app.page.seen:
            pane.refresh()
        return self.text

    @property
    def pane(self) -> Pane:
        """The pane that has the focus."""
        found = self.app.pane
        assert found is not None
        return found

    async def until(self, condition: Callable[[], Any], seconds: float = 60.0) -> None:
        """Wait for a condition."""
        end, pause = time.monotonic() + seconds, 0.01
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"waited in vain; on the screen:\n{self.text}")
            # Each look draws the whole screen: more of them at first, fewer later.
            await self.pilot.pause(pause := min(1.3 * pause, 0.2))

    async def see(self, *texts: str) -> None:
        """Wait for texts."""
        await self.until(lambda: all(text in self.text for text in texts))

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        note(*keys)
        await self.pilot.press(*keys)

    async def focus(self, pane: str) -> Pane:
        """Go to a pane of the page."""
        page = self.app.page
        assert page is not None
        page.select(pane)
        await self.until(lambda: page.pane(pane).has_focus)
        return page.pane(pane)

    async def find(self, key: str) -> None:
        """Put the cursor on a row of the focused pane."""
        await self.until(lambda: key in self.pane.keys_shown)
        self.pane.move(self.pane.keys_shown.index(key))
        await self.until(lambda: self.pane.key == key)

    async def go(self, route: Route) -> None:
        """Open a page and wait until it shows what the recording has for it."""
        await self.app.follow(Trail(route))
        await self.settled()

    async def settled(self) -> None:
        """Wait until a recording has nothing more to say, and all of it is on the screen."""
        source = self.app.source
        assert isinstance(source, RecordedSource)
        calm, before, end = 0, "", time.monotonic() + 60
        while calm < 3:
            # Both would be done by themselves within a second.
            source.look()
            self.app.flush()
            await self.pilot.pause(0.03)
            now = self.text
            calm = calm + 1 if source.settled and now == before else 0
            if time.monotonic() > end:
                pytest.fail(f"{self.app.trail.here} is never at rest: {source.pending}\n{before}\n{now}")
            before = now


Open = Callable[..., Any]


@pytest.fixture
def attach() -> Open:
    """Open the interface on a stage, at a size."""

    @asynccontextmanager
    async def opened(on: Stage, size: tuple[int, int] = (120, 36), **settings: Any) -> AsyncIterator[Screen]:
        app = ArctlApp(on.home, Settings(host_label="ws-01", **settings))
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Screen(app, pilot)

    return opened


@pytest.fixture
def play() -> Open:
    """Open the interface on a recording (its name, or the recording itself), at a size."""

    @asynccontextmanager
    async def opened(
        recording: Any = "busy", size: tuple[int, int] = (120, 36), **settings: Any
    ) -> AsyncIterator[Screen]:
        app = RecordedApp(load(recording) if isinstance(recording, str) else recording, **settings)
        async with app.run_test(size=size, notifications=True) as pilot:
            screen = Screen(app, pilot)
            await screen.settled()
            yield screen

    return opened
