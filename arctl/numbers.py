"""Numbers as people type them."""

from __future__ import annotations

import math


def finite(text: str) -> float | None:
    """Return the number that a text is; None for what is none, and for `nan` and `inf`."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None
