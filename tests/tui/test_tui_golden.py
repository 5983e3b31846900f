"""Every page as text, at three sizes and in three states: busy, empty, cut off.

UPDATE_GOLDEN=1 pytest tests/tui/test_tui_golden.py     # after a change that was looked at
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.conftest import Open, Screen
from tests.tui.places import SIZES, routes
from tests.tui.recorded import MISSING, RecordedSource, load

pytestmark = pytest.mark.anyio
GOLDEN = Path(__file__).with_name("golden")
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
STATES = {"busy": "busy", "empty": "empty", "cut": "busy"}


def named(page: str, size: tuple[int, int], state: str) -> Path:
    return GOLDEN / f"{page}-{size[0]}x{size[1]}-{state}.txt"


def seen(screen: Screen) -> str:
    return "\n".join(line.rstrip() for line in screen.text.splitlines()) + "\n"


def difference(path: Path, found: str) -> Iterator[str]:
    known = path.read_text() if path.exists() else ""
    if known != found:
        names = (f"{path.name} (golden)", f"{path.name} (now)")
        yield from difflib.unified_diff(known.splitlines(), found.splitlines(), *names, lineterm="", n=1)
        yield ""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_page_looks_as_it_did(play: Open, size: tuple[int, int], state: str) -> None:
    recording = load(STATES[state])
    told: list[str] = []
    async with play(recording, size) as screen:
        for page, route in routes(recording.places).items():
            await screen.go(route)
            if state == "cut":
                source = screen.app.source
                assert isinstance(source, RecordedSource)
                live = source.view
                source.cut()
                await screen.settled()
            found, shown = seen(screen), screen.text
            assert screen.repainted() == shown, f"{page} does not show what it has"
            assert MISSING not in found, f"{page} wants what was not recorded:\n{found}"
            assert max(map(len, found.splitlines())) <= size[0]
            if UPDATE:
                GOLDEN.mkdir(exist_ok=True)
                named(page, size, state).write_text(found)
            told += difference(named(page, size, state), found)
            if state == "cut":
                source.view = live
    if told:
        pytest.fail(
            "\n".join([*told, "looked at and right? UPDATE_GOLDEN=1 writes them anew"]), pytrace=False
        )


def test_no_golden_screen_is_left_of_a_page_that_is_gone() -> None:
    wanted = {
        named(page, size, state).name
        for state, recording in STATES.items()
        for page in routes(load(recording).places)
        for size in SIZES
    }
    assert {path.name for path in GOLDEN.glob("*.txt")} == wanted
