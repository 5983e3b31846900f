"""Whether a change that somebody wrote has a shape that can be built; whether it fits is for git to say."""

from __future__ import annotations

import math
from typing import Any

#: Kinds of changes that an agent may write, and the one that it leaves to be written.
WRITTEN = frozenset({"params", "patch", "edits"})
IDEA = "idea"


def misshapen(change: Any, *, idea: bool = False) -> str:
    """Say what is wrong with a change; empty where nothing is. `idea`: one still to be written is fine."""
    kind = change.get("kind") if isinstance(change, dict) else None
    if not isinstance(kind, str) or (kind not in WRITTEN and not (idea and kind == IDEA)):
        return "it holds no change of a known kind"
    if kind == "params":
        values = change.get("values")
        if not isinstance(values, dict):
            return "its values are no object"
        wrong = [str(name)[:40] for name, value in values.items() if not _plain(name, value)]
        return f"{', '.join(wrong[:3])}: no value that a parameter can have" if wrong else ""
    if kind == "patch" and not isinstance(change.get("patch"), str):
        return "its patch is no text"
    if kind == "edits" and not isinstance(change.get("edits"), list):
        return "its edits are no list"
    return ""


def _plain(name: Any, value: Any) -> bool:
    if not isinstance(name, str):
        return False
    if isinstance(value, bool | str):
        return True
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:
        return False
