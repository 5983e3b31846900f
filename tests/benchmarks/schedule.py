"""How long one decision takes that gives devices to waiting runs: 8 and 64 devices, 100 and 1,000 runs.

`python -m tests.benchmarks.schedule`. Processor time of `assign`: filling all devices, and finding all busy.
"""

from __future__ import annotations

import gc
import time

from arctl.daemon.decide.schedule import assign
from tests.benchmarks.support import spread, table
from tests.unit.test_schedule import Machine

REPEATS = 20


def machine(devices: int, runs: int) -> Machine:
    """Return a machine on which runs of four campaigns wait."""
    made = Machine(devices)
    for name in ("a", "b", "c", "d"):
        made.campaign(name)
        made.wait(name, runs // 4)
    return made


def timed(made: Machine) -> float:
    """Return the seconds of processor that one decision takes."""
    begun = time.process_time()
    assign(made.state, made.now)
    return time.process_time() - begun


def main() -> None:
    """Measure and print."""
    rows = []
    for devices, runs in ((8, 100), (8, 1000), (64, 1000)):
        filling, busy = machine(devices, runs), machine(devices, runs)
        busy.decide()
        gc.disable()
        for what, made in (("all free", filling), ("all busy", busy)):
            figures = [f"{value * 1000:.1f}" for value in spread([timed(made) for _ in range(REPEATS)])]
            rows.append([str(devices), str(runs), what, *figures])
        gc.enable()
    table("One decision", ["devices", "runs that wait", "devices are", "median ms", "p95 ms", "max ms"], rows)


if __name__ == "__main__":
    main()
