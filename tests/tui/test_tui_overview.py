"""The overview: what is told at a glance, and what a reading that is missing looks like."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from arctl.tui.data.query import Answer
from arctl.tui.data.rows import device
from arctl.tui.data.view import Link, Phase, View, with_answers, with_devices, with_status
from arctl.tui.look.glyphs import SETS
from arctl.tui.look.lines import plain
from arctl.tui.look.scene import Scene
from arctl.tui.panes.devices import device_line
from arctl.tui.panes.teams import TeamsPane, teams_query
from tests.support.stage import Stage
from tests.tui.conftest import Open
from tests.tui.places import SIZES

pytestmark = pytest.mark.anyio
RUN = {"run": "r7", "experiment": "e5", "campaign": "bowl", "title": "wider", "started": 0.0, "limit": 600.0}
SAMPLE = {"at": 1.0, "util": 97.0, "memory_used_mb": 40960.0, "memory_total_mb": 81920.0, "power_w": 610.0,
          "temperature_c": 88.0}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
async def test_the_overview_answers_at_a_glance(done: Stage, attach: Open, size: tuple[int, int]) -> None:
    champion = done.status()["champion"]
    async with attach(done, size) as screen:
        await screen.see("LIVE", "ws-01", "0/4 busy", "bowl", f"Champion {champion}", "? help")
        await screen.see("idle: bowl is finished", "●")
        assert not screen.app.screen.show_vertical_scrollbar
        assert {cell_len(line) for line in screen.text.splitlines()} == {size[0]}


def line_of(width: int = 120, glyphs: str = "braille", **changes: Any) -> str:
    data = {"id": "G", "index": 0, "name": "gpu0", "sample": SAMPLE, **changes}
    status = {"campaigns": [{"campaign": "bowl", "state": "running"}]}
    view = with_devices(with_status(View(Link(Phase.LIVE)), status, 0.0), [data])
    return plain(device_line(device(data), Scene(view, now=72.0, glyphs=SETS[glyphs]), width))


@pytest.mark.parametrize("width", [78, 118, 198])
@pytest.mark.parametrize("glyphs", SETS)
@pytest.mark.parametrize("given", [{}, RUN, {"sample": None}, {**RUN, "sample": None}])
def test_a_device_fills_its_line_exactly(width: int, glyphs: str, given: dict[str, Any]) -> None:
    assert cell_len(line_of(width, glyphs, **given)) == width


def test_a_missing_reading_is_never_zero() -> None:
    line = line_of(sample=None)
    assert "0%" not in line
    assert "0W" not in line
    assert line.count("-") >= 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (RUN, "01:12 / 10:00"),
        ({**RUN, "frozen": 12.0}, "FROZEN 1m, holds 40G"),
        ({**RUN, "held": {"by": "ada", "reason": "mine"}}, "held after this by ada: mine"),
        ({"held": {"by": "ada", "reason": "mine"}}, "held by ada: mine"),
        ({"quarantined": "3 ECC errors"}, "QUARANTINED: 3 ECC errors"),
        ({"barred": "no driver"}, "QUARANTINED: no driver"),
        ({"foreign": {"processes": 2, "memory_mb": 4096}}, "taken: 2 processes of others, 4G"),
        ({"foreign": {"processes": 1, "memory_mb": None}}, "taken: 1 process of others"),
        ({"foreign": {"processes": 1}, "taken": "ada: python (7)"}, "taken by ada: python (7)"),
        ({"foreign": {"processes": 1}, "taken": ""}, "idle"),
        ({"quarantined": "Xid 79", "quarantine": {"created": 12.0}}, "QUARANTINED 1m: Xid 79"),
        ({**RUN, "runs": ["r1", "r2"]}, "+1 "),
        ({}, "idle"),
    ],
)
def test_why_a_device_has_no_run_is_told_in_words(given: dict[str, Any], said: str) -> None:
    assert said in line_of(140, **given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "free"),
        ({"state": "paused"}, "paused"),
        ({"trouble": "no credit is left", "state": "paused"}, "no credit is left"),
        ({"exhausted": True}, "has nothing more to propose here"),
    ],
)
def test_what_an_agent_without_a_team_does_is_told(given: dict[str, Any], said: str) -> None:
    reply = {
        "teams": [],
        "loose": [{"id": "a1", "name": "otto", "state": "active", **given}],
    }
    view = with_answers(View(Link(Phase.LIVE), chosen="bowl"), {teams_query("bowl"): Answer(reply)})
    (row,) = [row for row in TeamsPane("teams").rows(Scene(view), 80) if row.key == "a1"]
    assert said in plain(row.line)
