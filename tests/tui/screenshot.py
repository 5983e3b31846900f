"""Draws docs/images/overview.svg from a real campaign: a real daemon, simulated devices, real runs.

.venv/bin/python -m tests.tui.screenshot [FILE]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from arctl.tui.app import ArctlApp
from arctl.tui.launch import Settings
from tests.tui.tui_stage import Stage, stage, wait_for

TARGET = Path(__file__).parents[2] / "docs" / "images" / "overview.svg"
SIZE = (120, 36)
#: Champions that must have been found before the picture is taken.
CHAMPIONS = 4
LARGEST = 150_000


async def picture(on: Stage) -> str:
    """Attach, wait until it is live and busy, and return the screen as SVG."""
    app = ArctlApp(on.home, Settings(host_label="ws-01"))
    async with app.run_test(size=SIZE) as pilot:
        while not (app.feed.view.live and app.feed.view.busy >= 7 and app.feed.view.experiments):
            await pilot.pause(0.1)
        # One more look, so that every pane has been filled and the devices are warm.
        await pilot.pause(2.0)
        return app.export_screenshot(title="arctl tui", simplify=True)


def main() -> int:
    """Run a campaign until there is something to see."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    with tempfile.TemporaryDirectory(prefix="arctl-") as folder, stage(Path(folder), "sim:8") as on:
        on.campaign("bowl", pace=2.0, experiments=500, in_flight=10)
        wait_for(lambda: on.status()["verdicts"].get("accepted", 0) >= CHAMPIONS, 240)
        svg = asyncio.run(picture(on))
        on.ask("kill", target="bowl")
    if folder in svg or len(svg) > LARGEST:
        print("the picture shows a path of this machine, or is too large", file=sys.stderr)
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(svg)
    print(f"{target}: {len(svg)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
