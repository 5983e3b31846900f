"""What is installed beside arctl: the kinds of brains that a campaign may name."""

from __future__ import annotations

#: The group of entry points under which packages offer brains.
BRAINS = "arctl.brains"


def brain_kinds() -> frozenset[str]:
    """Return the names of the brains that are installed; looked for anew, since one may have come."""
    from importlib.metadata import entry_points

    return frozenset(entry.name for entry in entry_points(group=BRAINS))
