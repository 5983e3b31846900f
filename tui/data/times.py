"""Times as the interface writes them: short, of one width, and no seconds where nobody counts them."""

from __future__ import annotations

import datetime as dt


def clock(seconds: float | None) -> str:
    """Write a run's time as `01:12`, from an hour on as `1h12m`; "" for none."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60:02d}:{whole % 60:02d}"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def since(seconds: float | None) -> str:
    """Write how long ago something was, in three or four characters: `12s`, `4m`, `2h`, `3d`."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole // 10 * 10}s" if whole >= 10 else "now"


def uptime(seconds: float | None) -> str:
    """Write a long time in minutes: a header that ticks repaints for nothing."""
    if seconds is None:
        return ""
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 1440:
        return f"{minutes // 60}h{minutes % 60:02d}m"
    return f"{minutes // 1440}d{minutes % 1440 // 60:02d}h"


def wall(at: float | None, pattern: str = "%H:%M:%S") -> str:
    """Write a moment (seconds since the epoch) in this machine's time; "" for none."""
    if at is None:
        return ""
    return dt.datetime.fromtimestamp(at, tz=dt.UTC).astimezone().strftime(pattern)
