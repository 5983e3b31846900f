"""The words that start `enter.py`, the last step before a command."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("enter.py")


def enter(words: Sequence[str], rules: Mapping[str, Any], program: bytes = b"") -> list[str]:
    """Return the command line that runs `words` under `rules` and a filter of system calls."""
    said = json.dumps({**rules, "filter": base64.b64encode(program).decode()}, separators=(",", ":"))
    # Isolated and without site: nothing of ours, and nothing of the user's, is imported.
    return [sys.executable, "-I", "-S", str(SCRIPT), said, "--", *words]
