"""The screen of experiments and the page of one, by keys, on a real campaign that ended."""

from __future__ import annotations

import pytest

from arctl.tui.panes.curve import CurvePane
from arctl.tui.panes.logtail import LogTailPane
from arctl.tui.screens.experiment import ExperimentPage
from tests.support.stage import Stage
from tests.tui.conftest import Open

pytestmark = pytest.mark.anyio


def total(stage: Stage) -> int:
    found: int = stage.ask("experiments", offset=0, limit=1)["total"]
    return found


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_an_experiment_is_found_opened_and_left_at_every_size(
    done: Stage, attach: Open, size: tuple[int, int]
) -> None:
    champion = done.status()["champion"]
    async with attach(done, size) as screen:
        await screen.see("LIVE")
        await screen.press("3")
        await screen.see(f"Experiments ({total(done)})", "VERDICT", "newest first")
        await screen.find(champion)
        await screen.press("enter")
        await screen.see("Experiments > ", champion, "Verdict", "loss")
        page = screen.app.page
        assert isinstance(page, ExperimentPage)
        for name in ("verdict", "curve", "diff", "log", "critiques", "lineage", "config", "notes"):
            await screen.focus(name)
            await screen.until(lambda name=name: "not connected" not in page.pane(name).text)
            assert page.pane(name).region.height > 0
        assert max(map(len, screen.text.splitlines())) == size[0]
        await screen.press("escape")
        await screen.see(f"Experiments ({total(done)})")


async def test_sorting_and_filtering_are_done_by_the_daemon(done: Stage, attach: Open) -> None:
    async with attach(done) as screen:
        await screen.see("LIVE")
        await screen.press("3", "s")
        await screen.see("verdict A first", "VERDICT↓")
        await screen.press("slash", *"baseline", "enter")
        await screen.see("Experiments (1)", "/baseline")
        await screen.press("escape")
        await screen.see(f"Experiments ({total(done)})")
        await screen.press("slash", "exclamation_mark", *"baseline", "enter")
        await screen.see(f"Experiments ({total(done) - 1})", "/!baseline")
        await screen.press("escape")
        await screen.see(f"Experiments ({total(done)})")


async def test_the_keys_of_the_curve_change_what_is_drawn(done: Stage, attach: Open) -> None:
    async with attach(done) as screen:
        await screen.see("LIVE")
        await screen.app.open("e2")
        pane = await screen.focus("curve")
        assert isinstance(pane, CurvePane)
        await screen.see("Curve  loss")
        first = pane.text
        await screen.press("plus")
        await screen.see("last 1/2")
        await screen.until(lambda: pane.text and pane.text != first)
        await screen.press("0", "L")
        await screen.see("loss", "log")
        await screen.press("L", "m")
        await screen.see("Curve  lr")
        compared = pane.border_title
        await screen.press("c")
        await screen.until(lambda: pane.border_title != compared)


async def test_the_log_stays_at_its_end_until_somebody_goes_up(done: Stage, attach: Open) -> None:
    async with attach(done) as screen:
        await screen.see("LIVE")
        await screen.app.open("e1")
        pane = await screen.focus("log")
        assert isinstance(pane, LogTailPane)
        await screen.see("val_loss: ")
        await screen.press("g")
        await screen.until(lambda: pane.in_sight.start == 0 < pane.max_scroll_y)
        await screen.press("G")
        await screen.until(lambda: pane.in_sight.start == pane.max_scroll_y)
        await screen.press("exclamation_mark")
        await screen.see("no warning and no error")
