"""The daemon's time of day, which nobody who sets the machine's clock can make jump.

It is read once and counted on from there by a clock that goes on in sleep. What begins at one time and ends
at another, as a limit of hours, a lease or a pause between two starts, is then as long as it was; the price
is that a daemon under which the clock was set goes on by the old time until a restart, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from arctl.daemon.shim import system

#: Seconds by which a clock may be put right without being thought of as set: it is followed.
SMALL = 60.0


class Clock:
    """Tells the time of day; `wall` is the machine's, `steady` one that nobody sets."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = system.clock
    ) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = wall() - steady()

    def now(self) -> float:
        """Return seconds since the epoch."""
        ahead = self._wall() - self._steady()
        # Elsewhere the steady clock stands still in sleep.
        if abs(ahead - self._ahead) < SMALL or not system.LINUX:
            self._ahead = ahead
        return self._steady() + self._ahead

    def off(self) -> float:
        """Return by how many seconds the machine's clock was set under this one; 0 where it was not."""
        off = self._wall() - self.now()
        return off if abs(off) >= SMALL / 2 else 0.0

    def of_file(self, stamp: float) -> float:
        """Return the time of a file by this clock: the younger of both where the machine's was set."""
        return max(stamp, stamp - self.off())

    def trouble(self) -> str:
        """Say so where the machine's clock was set; empty where it was not."""
        off = self.off()
        if not off:
            return ""
        long = f"{abs(off) / 3600:.1f} h" if abs(off) >= 3600 else f"{abs(off) / 60:.0f} min"
        how = f"the machine's clock was set {'forward' if off > 0 else 'back'} by {long}"
        return f"{how}: times are told by the one before; `arctl restart` takes over the new one"


_CLOCK = Clock()
now, off, of_file, trouble = _CLOCK.now, _CLOCK.off, _CLOCK.of_file, _CLOCK.trouble
