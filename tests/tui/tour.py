"""Draws the pictures of docs/images from a real campaign: a real daemon, simulated devices, real runs.

python -m tests.tui.tour [FOLDER]      (`make tour`; some three minutes)
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from arctl.tui.app import ArctlApp
from arctl.tui.launch import Settings
from tests.tui.tui_stage import Stage, stage, wait_for

TARGET = Path(__file__).parents[2] / "docs" / "images"
SIZE = (120, 36)
#: Champions that must have been found before pictures are taken.
CHAMPIONS = 5
LARGEST = 200_000
NAME = "tinyformer"

TRAIN = '''"""Stands in for a training run: its loss falls as the settings allow, with its seed's noise."""
import math
import os
import random
import time

LR = 0.02
WARMUP = 10
WIDTH = 0.2
DEPTH = 0.9
MOMENTUM = 0.5

rng = random.Random(int(os.environ.get("SEED", "0")))
if LR > 0.9:
    raise MemoryError("CUDA out of memory: tried to allocate 2.4 GiB")
floor = 0.98 + 0.5 * (LR - 0.6) ** 2 + 0.2 * (WIDTH - 0.7) ** 2 + 0.12 * (DEPTH - 0.4) ** 2
floor += 0.06 * (MOMENTUM - 0.9) ** 2 + 0.00002 * (WARMUP - 60) ** 2
steps = 200
for step in range(0, steps + 1, 4):
    loss = floor + 2.2 * math.exp(-step / (25 + 20 * WIDTH)) + rng.gauss(0, 0.012)
    print(f"step {step} | val_bpb: {loss:.4f} | grad_norm: {0.4 + 2 * math.exp(-step / 30):.3f}", flush=True)
    time.sleep(float(os.environ["PACE"]) / (steps / 4))
print("---")
print(f"val_bpb: {floor + rng.gauss(0, 0.003):.6f}")
'''
SPEC = """name = "{name}"
[run]
command = "{python} train.py"
timeout = "5m"
env = {{ PACE = "4" }}
freezable = true
[metric]
name = "val_bpb"
[seed]
env = "SEED"
[files]
editable = ["train.py"]
{params}
[brain]
kind = "search"
in_flight = 10
[limits]
experiments = 400
"""
FLOATS = ("LR", "WIDTH", "DEPTH", "MOMENTUM")


def campaign(on: Stage) -> None:
    """Begin the campaign, with people who take part."""
    folder = on.root / NAME
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN)
    params = [f'[params.{name}]\nfile = "train.py"\ntype = "float"\nlow = 0.0\nhigh = 1.0' for name in FLOATS]
    params.append('[params.WARMUP]\nfile = "train.py"\ntype = "int"\nlow = 0\nhigh = 200')
    spec = SPEC.format(name=NAME, python=sys.executable, params="\n".join(params))
    (folder / "arctl.toml").write_text(spec)
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*who, "commit", "-q", "-m", "begin"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)
    on.ask("campaign.start", path=str(folder), env={})
    wait_for(lambda: on.status()["company"]["teams"], 240)
    team = on.status()["company"]["teams"][0]["id"]
    words = "keep peak memory under 80 GB; stop after two values if neither helps"
    on.ask("redirect", target=team, text=words)
    on.ask("member.join", campaign=NAME, name="maya", role="analyst")
    question = "May a run take 10 minutes? Warm-up over 100 steps pays late."
    on.ask("member.post", campaign=NAME, name="maya", kind="question", text=question)
    text = "The loader shuffled twice until today: what was measured before 9:00 is a little too good."
    on.ask("say", campaign=NAME, text=text)
    on.ask("direction", campaign=NAME, text="a longer warm-up lets the rate go higher", axes=["WARMUP"])
    wait_for(lambda: on.status()["verdicts"].get("accepted", 0) >= CHAMPIONS, 400)


async def pictures(on: Stage, shots: Sequence[tuple[str, Sequence[str]]], **settings: str) -> dict[str, str]:
    """Attach, press the keys of each picture one after the other, and return the screens as SVG."""
    found = {}
    app = ArctlApp(on.home, Settings(host_label="ws-01", **settings))  # type: ignore[arg-type]
    async with app.run_test(size=SIZE) as pilot:
        while not (app.source.view.live and app.source.view.events):
            await pilot.pause(0.1)
        await pilot.pause(3.0)
        for name, keys in shots:
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.4)
            await pilot.pause(2.5)
            found[name] = app.export_screenshot(title="arctl tui", simplify=True)
    return found


def shots(on: Stage) -> list[tuple[str, list[str]]]:
    """Return the pictures with the keys that lead to them."""
    champion = str(on.status()["champion"])
    return [
        ("overview", []),
        ("teams", ["2"]),
        ("team", ["enter"]),
        ("experiments", ["3"]),
        ("experiment", ["colon", *champion, "enter"]),
        ("forum", ["4"]),
        ("deadends", ["5"]),
        ("effects", ["6"]),
        ("logs", ["7"]),
        ("help", ["1", "question_mark"]),
        ("kill", ["escape", "x"]),
    ]


def main() -> int:
    """Run a campaign until there is something to see, and draw every page of it."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    devices = "sim:8,quarantined=7"
    with tempfile.TemporaryDirectory(prefix="arctl-") as folder, stage(Path(folder), devices) as on:
        campaign(on)
        found = asyncio.run(pictures(on, shots(on)))
        found |= asyncio.run(pictures(on, [("replay", [])], replay=NAME, at="60%"))
        on.ask("kill", target=NAME)
    target.mkdir(parents=True, exist_ok=True)
    for name, svg in found.items():
        if folder in svg or len(svg) > LARGEST:
            print(f"{name} shows a path of this machine, or is too large: {len(svg)} bytes", file=sys.stderr)
            return 1
        (target / f"{name}.svg").write_text(svg)
        print(f"{target / name}.svg: {len(svg)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
