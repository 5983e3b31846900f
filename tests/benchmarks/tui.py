"""How fast the terminal interface is, and what it costs: first frame, keys, bytes, memory, processor.

`python -m tests.benchmarks.tui [--quick] [--markdown] [--ledger FOLDER] [--beside COMMAND]`. All of it is
real: a daemon, `arctl tui` in a pseudo-terminal of 120x36, bytes counted as they arrive there. Nothing is
asserted: tables name the goal beside what was measured, and the load of the machine while it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from arctl.paths import Home
from tests.benchmarks import bigledger
from tests.benchmarks.interface import beneath, first_frames, keys, others, rates
from tests.benchmarks.tables import Table
from tests.support.campaigns import git, make_bowl
from tests.tui.tui_stage import Stage, stage, wait_for

PARTS = ("first", "keys", "rates")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to measure, and how often."""

    repeats: int
    keys: int
    seconds: float
    rest: float
    experiments: int
    points: int
    ledger: Path | None
    beside: Sequence[str]


@contextmanager
def big(chosen: Chosen) -> Iterator[Stage]:
    """Run a daemon on a large ledger; a folder that was named keeps it for the next time."""
    with ExitStack() as stack:
        root = chosen.ledger or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not Home(root / "home").ledger.exists():
            sizes = bigledger.Sizes(
                chosen.experiments, 3 * chosen.experiments, chosen.points, min(1_000_000, chosen.points // 10)
            )
            told = f"{chosen.experiments:,} experiments and {chosen.points:,} points"
            print(f"building a ledger of {told} …", file=sys.stderr)
            bigledger.build(root / "home", sizes)
        yield stack.enter_context(stage(root, "sim:8"))


@contextmanager
def resting() -> Iterator[Stage]:
    """Run a daemon with a small campaign that is over."""
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder), "sim:8") as found:
        found.campaign(experiments=12, in_flight=10)
        found.finish()
        yield found


@contextmanager
def busy(pace: float = 4.0) -> Iterator[Stage]:
    """Run a daemon with a campaign on eight simulated devices, two runs a second between them."""
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder), "sim:8") as found:
        path = broad(Path(folder) / "bowl", pace)
        found.ask("campaign.start", path=str(path), env={"PATH": os.environ["PATH"]})
        wait_for(lambda: _some_history(found), 600)
        yield found


def broad(folder: Path, pace: float) -> Path:
    """Make the repository of a toy with so many parameters that none of it is over while it is watched."""
    path = make_bowl(folder, pace=pace, experiments=100_000, in_flight=10)
    script, spec = path / "train.py", path / "arctl.toml"
    names = [f"P{number}" for number in range(24)]
    many = "".join(f"{name} = 0.5\n" for name in names)
    script.write_text(
        script.read_text()
        .replace("\nrng =", f"\n{many}\nrng =")
        .replace(
            "\ntime.sleep", f"\nloss += 0.1 * sum((x - 0.3) ** 2 for x in ({', '.join(names)}))\ntime.sleep"
        )
    )
    own = '\nfile = "train.py"\ntype = "float"\nlow = 0.0\nhigh = 1.0\n'
    spec.write_text(spec.read_text() + "".join(f"[params.{name}]{own}" for name in names))
    git(path, "commit", "--quiet", "--all", "--message=more to turn")
    return path


def _some_history(found: Stage) -> bool:
    return bool(found.status()["experiments"] > 12)


def measure(chosen: Chosen, parts: Sequence[str]) -> list[Table]:
    """Measure all parts; one daemon at a time, one interface at a time."""
    start = Table("First frame", ("ledger", "what", "median", "p95", "goal"))
    pressed = Table(
        "Key to frame",
        ("campaign", "key", "n", "first byte, median", "p95", "last byte, median", "p95", "goal"),
    )
    goals = ("goal, bytes", "goal, processor")
    idle = Table("What it costs", ("campaign", "screen", "bytes", "of a core", "RSS", "USS", *goals))
    if "first" in parts:
        start.add(beneath(chosen.repeats))
        with tempfile.TemporaryDirectory() as folder, stage(Path(folder), "sim:8") as found:
            start.add(first_frames("empty", found.home, chosen.repeats, campaign=False))
    if parts:
        with big(chosen) as found:
            name = f"{found.status()['experiments'] + 1:,} experiments"
            if "first" in parts:
                start.add(first_frames(name, found.home, chosen.repeats, campaign=True))
            if "keys" in parts:
                pressed.add(keys(name, found.home, chosen.keys))
            if "rates" in parts:
                idle.add(rates(f"at rest, {name}", found.home, chosen.rest, ("near 0", "2 %")))
    if "rates" in parts:
        with resting() as found:
            idle.add(rates("at rest, small", found.home, chosen.rest, ("near 0", "2 %")))
    if {"keys", "rates"} & set(parts):
        with busy() as found:
            if "keys" in parts:
                pressed.add(keys("busy, 8 devices", found.home, chosen.keys))
            if "rates" in parts:
                idle.add(rates("busy, 8 devices", found.home, chosen.seconds, ("2 kB/s", "")))
    beside = Table(
        "Others, untouched", ("program", "start, median", "p95", "bytes", "of a core", "RSS", "USS")
    )
    if chosen.beside:
        beside.add(others(chosen.beside, chosen.rest, chosen.repeats))
    return [each for each in (start, pressed, idle, beside) if each.rows]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=10, help="starts of each kind")
    parser.add_argument("--keys", type=int, default=40, help="presses of each kind of key")
    parser.add_argument("--seconds", type=float, default=60, help="on each screen of a busy campaign")
    parser.add_argument("--rest", type=float, default=30, help="seconds on each screen at rest")
    parser.add_argument("--experiments", type=int, default=100_000, help="of the large ledger")
    parser.add_argument("--points", type=int, default=10_000_000, help="of curves, in the large ledger")
    parser.add_argument(
        "--ledger", type=Path, help="folder that keeps the large ledger; built where there is none"
    )
    parser.add_argument(
        "--beside", action="append", default=[], metavar="COMMAND", help="another program to measure: nvitop"
    )
    parser.add_argument("--only", nargs="*", choices=PARTS, help="only these parts; none with --beside")
    parser.add_argument("--quick", action="store_true", help="small and short: is all of it there?")
    parser.add_argument("--markdown", action="store_true", help="print tables for a document")
    given = parser.parse_args()
    if given.quick:
        given.repeats, given.keys, given.seconds, given.rest = 2, 8, 5.0, 5.0
        given.experiments, given.points = 2_000, 20_000
    parts = PARTS if given.only is None else given.only
    chosen = Chosen(
        given.repeats, given.keys, given.seconds, given.rest, given.experiments, given.points,
        given.ledger, given.beside,
    )  # fmt: skip
    for table in measure(chosen, parts):
        table.print(markdown=given.markdown)


if __name__ == "__main__":
    main()
