"""Hostile text in every field of every reply: nothing of it is obeyed, and no line loses its width."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from tests.tui.conftest import Open, Screen
from tests.tui.hostile import EVIL, LONG, NAMES, poison, raw
from tests.tui.places import routes
from tests.tui.recorded import Recording, load

pytestmark = pytest.mark.anyio
SIZES = ((80, 24), (120, 36))


def wrong(screen: Screen, width: int) -> Iterator[str]:
    """Yield what is wrong with what is on the screen."""
    for at, strip in enumerate(screen.app.screen._compositor.render_strips()):
        text = "".join(segment.text for segment in strip)
        if (found := cell_len(text)) != width:
            yield f"line {at} has {found} cells: {text!r}"
        yield from (f"line {at} has {what}: {text!r}" for what in raw(text))


async def opened(play: Open, recording: Recording, size: tuple[int, int]) -> list[str]:
    """Open every page, go through its panes, and return what is wrong."""
    told = []
    async with play(recording, size) as screen:
        for page, route in routes(recording.places).items():
            await screen.go(route)
            shown = screen.app.page
            assert shown is not None
            for _ in range(len(shown._panes)):
                told += [f"{page}: {each}" for each in wrong(screen, size[0])]
                # Not by keys: each would be waited for.
                screen.pane.action_last()
                screen.app.action_next_pane()
                await screen.pilot.pause(0.03)
            await screen.settled()
            told += [f"{page}: {each}" for each in wrong(screen, size[0])]
        await screen.press("exclamation_mark")
        told += [f"window: {each}" for each in wrong(screen, size[0])]
    return told


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_no_text_of_a_reply_is_obeyed(play: Open, size: tuple[int, int]) -> None:
    assert await opened(play, poison(load("busy")), size) == []


async def test_not_even_ids_and_states_are_trusted(play: Open) -> None:
    assert await opened(play, poison(load("busy"), keep=frozenset()), (80, 24)) == []


async def test_a_megabyte_on_one_line_breaks_nothing(play: Open) -> None:
    recording = load("busy")
    recording.replies = {
        name: {"reply": _first_long(found.get("reply"))} for name, found in recording.replies.items()
    }
    recording.events = [{**event, "text": LONG} for event in recording.events[-3:]]
    recording.status["trouble"] = LONG
    assert await opened(play, recording, (120, 36)) == []


def _first_long(value: object, name: str = "") -> object:
    """Put a megabyte into one text of each kind of object: more would measure the memory, not the layout."""
    if isinstance(value, str):
        return value if name in NAMES else LONG
    if isinstance(value, list):
        return [_first_long(item, name) if at == 0 else item for at, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _first_long(item, key) for key, item in value.items()}
    return value


async def test_what_a_person_is_told_in_passing_is_harmless(play: Open) -> None:
    async with play() as screen:
        screen.app.say(EVIL)
        await screen.see("bold")
        assert list(wrong(screen, 120)) == []
        await screen.press("slash")
        screen.app.query_one("#filter").value = EVIL
        await screen.settled()
        assert list(wrong(screen, 120)) == []
