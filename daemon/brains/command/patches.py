"""Patches of a repository, spoken of from the folder of a campaign in it."""

from __future__ import annotations

import re

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


def below(patch: str, prefix: str) -> str:
    """Return git's patch with the paths below `prefix` (`sub/`) relative to it; other paths stay as they are.

    Only headers are changed: a line of a hunk may well look like one.
    """
    if not prefix:
        return patch
    lines, old, new = [], 0, 0
    for line in _split(patch):
        if old > 0 or new > 0:
            old -= line[:1] in (" ", "-", "\n")
            new -= line[:1] in (" ", "+", "\n")
        elif hunk := _HUNK.match(line):
            old, new = (int(count) if count is not None else 1 for count in hunk.groups())
        elif line.startswith("diff --git "):
            # Nothing is renamed, so that both halves are of the same length, spaces in names or not.
            rest = line[11:].rstrip("\n")
            half = len(rest) // 2
            line = f"diff --git {_short(rest[:half], prefix)} {_short(rest[half + 1 :], prefix)}\n"
        elif line.startswith(("--- ", "+++ ")):
            line = line[:4] + _short(line[4:], prefix)
        lines.append(line)
    return "".join(lines)


def _split(patch: str) -> list[str]:
    return [f"{line}\n" for line in patch.split("\n")[:-1]]


def _short(name: str, prefix: str) -> str:
    """Take the prefix out of `a/sub/file`, with or without quotation marks."""
    return re.sub(rf'^("?[ab]/){re.escape(prefix)}', r"\1", name)
