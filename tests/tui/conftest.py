from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from arctl.tui.app import ArctlApp
from arctl.tui.launch import Settings
from tests.tui.tui_stage import Stage, stage


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


class Screen:
    """What a person sees of an app under test, and how they wait for it."""

    def __init__(self, app: ArctlApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def until(self, condition: Callable[[], Any], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"waited in vain; on the screen:\n{self.text}")
            await self.pilot.pause(0.05)

    async def see(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.text for text in texts))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)


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
