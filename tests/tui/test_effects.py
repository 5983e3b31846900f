from __future__ import annotations

from typing import Any

import pytest

from arctl.tui.data.query import query
from arctl.tui.data.route import Route, Screen
from arctl.tui.look.glyphs import ASCII, BRAILLE
from arctl.tui.panes.effects import AxisPane, EffectsPane, drawn, effects_query, plot_width, reach
from tests.tui.conftest import Open
from tests.tui.recorded import Recording, load, named
from tests.tui.scenes import NOW, WIDTHS, assert_harmless, hostile, scene, texts


def _axis(
    name: str, mean: float | None, low: float | None, high: float | None, **more: Any
) -> dict[str, Any]:
    best = {"id": "e5", "effect": 0.05}
    last = {"id": "e18", "effect": -0.03, "accepted": False}
    found = {"axis": name, "n": 5, "mean": mean, "low": low, "high": high, "kept": 1, "rate": 0.2}
    return {**found, "best": best, "last": last, "dead": "", **more}


EFFECTS = {
    "campaign": "bowl", "metric": "val_loss", "goal": "minimize", "total": 3,
    "axes": [
        _axis("DEPTH", -0.01, -0.05, 0.03),
        _axis("LR", None, None, None, n=12, best=None),
        _axis("WIDTH", 0.04, 0.02, 0.06, dead="d4"),
    ],
}  # fmt: skip
TRIED = {
    "campaign": "bowl", "total": 2, "offset": 0, "champion": "e5", "teams": {},
    "experiments": [
        {
            "id": f"e{n}", "number": n, "campaign": "bowl", "title": f"WIDTH {n}", "axis": axis,
            "state": "closed", "verdict": "rejected", "effect": 0.1, "mean": 1.5, "runs": 2, "held": False,
            "running": [], "created": NOW - 60, "closed": NOW - 30,
        }
        for n, axis in ((5, "WIDTH"), (7, "WIDTH+LR"))
    ],
}  # fmt: skip
ASKED = query("experiments", campaign="bowl", text="WIDTH", limit=300)
REPLIES = {effects_query("bowl"): EFFECTS, ASKED: TRIED}


def _panes() -> tuple[EffectsPane, AxisPane]:
    axes = EffectsPane("axes")
    return axes, AxisPane("axis", axes)


@pytest.mark.parametrize("glyphs", [BRAILLE, ASCII], ids=["braille", "ascii"])
@pytest.mark.parametrize("width", [9, 21, 61])
def test_an_interval_is_drawn_to_scale_around_nothing(glyphs: Any, width: int) -> None:
    middle = (width - 1) // 2
    whole = drawn(-1.0, 0.5, 1.0, 1.0, width, glyphs)
    assert len(whole) == width
    assert whole.index(glyphs.kept) == round(middle * 1.5)
    assert whole.count(glyphs.horizontal) == width - 2
    good = drawn(0.5, 0.75, 1.0, 1.0, width, glyphs)
    assert good[middle] == glyphs.vertical
    assert glyphs.horizontal not in good[: middle + 1]


def test_what_lies_beyond_the_scale_ends_in_an_arrow_and_nothing_known_is_only_the_middle() -> None:
    assert drawn(-9.0, 0.0, 9.0, 1.0, 9, ASCII) == "<---o--->"
    assert drawn(None, None, None, 1.0, 9, ASCII) == "    |    "


def test_one_wild_interval_does_not_flatten_the_others() -> None:
    axes = [_axis(f"A{n}", 0.01, -0.02, 0.04) for n in range(7)] + [_axis("B", 0.0, -50.0, 50.0)]
    assert reach(axes) < 0.1


def test_the_table_is_sorted_by_the_mean_and_what_has_none_is_last() -> None:
    axes, _ = _panes()
    rows = axes.rows(scene(REPLIES, Screen.EFFECTS), 118)
    assert [row.key for row in rows] == ["axis:WIDTH", "axis:DEPTH", "axis:LR"]
    assert "d4" in texts(rows)[0]
    assert "3 axes" in axes.heading(scene(REPLIES, Screen.EFFECTS))


def test_an_axis_lists_its_own_experiments_not_those_whose_title_has_its_name() -> None:
    _, axis = _panes()
    rows = axis.rows(scene(REPLIES, Screen.EFFECTS, "axis:WIDTH"), 78)
    assert "experiments on it (1)" in "\n".join(texts(rows))
    assert {"e5", "e18", "d4"} <= {row.key for row in rows}
    assert "e7" not in {row.key for row in rows}


def test_without_room_the_drawing_is_left_out() -> None:
    assert plot_width(38) == 0
    assert all(plot_width(width) % 2 for width in range(60, 200))


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_an_axis_reaches_the_screen_raw(width: int, glyphs: str) -> None:
    axes, axis = _panes()
    bad = {asked: hostile(reply, ("id", "dead")) for asked, reply in REPLIES.items()}
    told = scene(bad, Screen.EFFECTS, "", glyphs)
    assert_harmless(axes.rows(told, width), width)
    known = {**bad, effects_query("bowl"): hostile(EFFECTS, ("id", "dead", "axis"))}
    told = scene({**known, ASKED: hostile(TRIED, ("id", "axis"))}, Screen.EFFECTS, "axis:WIDTH", glyphs)
    assert_harmless(axis.rows(told, width), width)


def _recording() -> Recording:
    found = load("busy")
    for asked, reply in REPLIES.items():
        found.replies[named(asked.method, asked.given)] = {"reply": reply}
    for name in ("DEPTH", "LR"):
        asked = query("experiments", campaign="bowl", text=name, limit=300)
        found.replies[named(asked.method, asked.given)] = {"reply": {**TRIED, "experiments": []}}
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_the_axis_under_the_cursor_is_shown_and_sorting_goes_on(play: Open, size: Any) -> None:
    async with play(_recording(), size) as screen:
        await screen.go(Route(Screen.EFFECTS))
        await screen.see("Effects on val_loss", "Axis WIDTH", "by mean")
        await screen.press("j")
        await screen.see("Axis DEPTH", "tried 5, kept 1")
        await screen.press("s")
        await screen.see("by tries")
        await screen.press("enter")
        await screen.until(lambda: screen.pane.id == "axis")
