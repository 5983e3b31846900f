"""What a key acts on where it was easy to get wrong: two campaigns, devices, freezing, and marks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.events import Key
from textual.widgets import Input

from arctl.tui.acting.targets import Target, chain, cost, pick, stands_still
from arctl.tui.data.rows import Campaign, Device, Event
from arctl.tui.data.things import Thing
from arctl.tui.data.view import View
from tests.support.company import NAME, Busy
from tests.tui.conftest import Open

#: The campaign `cup` is shown; of what runs for `bowl` no reply has told anything yet.
TWO = View(
    campaigns=(Campaign("cup", "running"), Campaign("bowl", "running")),
    chosen="cup",
    devices=(
        Device("G0", 0, "gpu0", run="r4", experiment="e4", campaign="bowl", started=1.0),
        Device("G1", 1, "gpu1", run="r5", experiment="e5", campaign="cup", started=1.0, frozen=2.0),
        Device("G2", 2, "gpu2"),
    ),
    events=(Event(7, campaign="bowl", subject="e9"),),
    things={"r5": Thing("r5", "run", campaign="cup", experiment="e5", held=True)},
)
CUP, BOWL = Target("campaign", "cup", "campaign cup"), Target("campaign", "bowl", "campaign bowl")


@pytest.mark.parametrize("key", ["device:G0", "event:7"])
def test_a_row_of_another_campaign_never_stands_for_the_campaign_that_is_shown(key: str) -> None:
    found = chain(TWO, key)
    assert found[-1] == BOWL
    assert CUP not in found
    assert pick(found, "redirect") == BOWL


def test_the_cost_of_a_kill_counts_the_runs_of_that_campaign_alone() -> None:
    only_bowl = View(campaigns=TWO.campaigns, chosen="cup", devices=TWO.devices[:1])
    assert cost(only_bowl, CUP, 61.0)[0] == "No run is under way."
    assert cost(only_bowl, BOWL, 61.0)[0].startswith("1 run under way ends now")


def test_p_on_a_busy_device_holds_the_device_and_on_a_frozen_run_lets_that_go_on() -> None:
    busy, frozen = pick(chain(TWO, "device:G0"), "pause"), pick(chain(TWO, "device:G1"), "pause")
    assert busy is not None
    assert (busy.kind, busy.id) == ("device", "G0")
    assert frozen is not None
    assert (frozen.kind, frozen.held) == ("run", True)
    killed = pick(chain(TWO, "device:G0"), "kill")
    assert killed is not None
    assert killed.kind == "run"


def test_what_is_only_paused_is_frozen_next_and_what_is_frozen_thaws() -> None:
    paused = Target("campaign", "bowl", "campaign bowl", held=True)
    assert not stands_still(TWO, paused)
    assert stands_still(TWO, Target("campaign", "cup", "campaign cup", held=True))
    assert not stands_still(TWO, CUP), "its run was frozen with something else"
    assert stands_still(TWO, Target("run", "r5", "run r5"))
    assert stands_still(TWO, Target("device", "G2", "device gpu2", held=True))


@pytest.fixture
def paused(busy: Busy) -> Iterator[None]:
    """A campaign that takes nothing from its queue."""
    busy.ask("pause", target=NAME)
    yield
    busy.ask("resume", target=NAME)


@pytest.fixture
def queued(busy: Busy, paused: None) -> Iterator[list[str]]:
    """Two proposals of a person that nothing takes from the queue."""
    made = [
        busy.ask("propose", campaign=NAME, values={"LR": rate}, title=f"a rate of {rate}")["proposal"]
        for rate in (0.413, 0.423)
    ]
    yield made
    busy.ask("reject", proposals=made)


@pytest.mark.anyio
async def test_x_with_one_mark_asks_for_what_is_marked_not_for_what_is_under_the_cursor(
    busy: Busy, paused: None, attach: Open
) -> None:
    async with attach(busy.stage, (160, 45)) as screen:
        await screen.see("LIVE")
        await screen.press("3")

        found: list[str] = []

        def above() -> list[str]:
            """One under way with another below it; a champion that is run afresh has its verdict already."""
            rows = busy.ask("experiments", campaign=NAME, limit=1000)["experiments"]
            going = {row["id"] for row in rows if row["running"] and not row["verdict"]}
            found[:] = [key for key in screen.pane.keys_shown[:-1] if key in going]
            return found

        await screen.until(above)
        one = found[-1]
        await screen.find(one)
        await screen.press("space")
        await screen.until(lambda: list(screen.pane.marks) == [one] and screen.pane.key != one)
        await screen.press("x")
        await screen.see("Kill 1 thing, as marked?", f"experiment {one}", "result. The idea")
        await screen.press("escape")


@pytest.mark.anyio
async def test_j_pressed_twice_on_the_first_of_a_queue_moves_that_one_twice(
    busy: Busy, queued: list[str], attach: Open
) -> None:
    async with attach(busy.stage, (160, 45)) as screen:
        await screen.see("LIVE")
        await screen.press("2")
        await screen.focus("queue")
        await screen.until(lambda: set(queued) <= set(screen.pane.keys_shown))
        await screen.press("g")
        first = screen.pane.key
        await screen.press("J")
        await screen.until(lambda: screen.pane.keys_shown[1:2] == [first])
        assert screen.pane.key == first


@pytest.mark.anyio
async def test_what_is_typed_right_behind_a_slash_or_a_colon_is_no_key(busy: Busy, attach: Open) -> None:
    async with attach(busy.stage) as screen:
        await screen.see("LIVE", "alpha")
        app = screen.app
        for letter in "/xpr":
            app.post_message(Key("slash" if letter == "/" else letter, letter))
        await screen.until(lambda: screen.pane.filter == "xpr")
        assert len(app.screen_stack) == 1
        await screen.press("escape")
        for letter in ":xp":
            app.post_message(Key("colon" if letter == ":" else letter, letter))
        await screen.until(lambda: len(app.screen_stack) == 2)
        await screen.until(lambda: app.screen.query_one(Input).value == "xp")
