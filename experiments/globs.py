"""Path patterns of a campaign: ``*`` within one folder, ``**`` across folders."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def matches(globs: Iterable[str], path: str) -> bool:
    """Whether a relative POSIX path matches one of the patterns.

    ``*`` and ``?`` stop at ``/``; ``**`` stands for any number of folders; ``[ab]`` and ``[!ab]`` are sets;
    a pattern that ends in ``/`` covers everything below that folder.
    """
    clean = path.removeprefix("./")
    return any(_compiled(glob).fullmatch(clean) is not None for glob in globs)


@lru_cache(maxsize=512)
def _compiled(glob: str) -> re.Pattern[str]:
    glob = glob.removeprefix("./")
    if glob.endswith("/"):
        glob += "**"
    parts = glob.split("/")
    pieces: list[str] = []
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if part == "**":
            # a folder-eating `**/` may match nothing at all; a final one needs something to name
            pieces.append(".+" if last else "(?:[^/]+/)*")
        else:
            pieces.append(_segment(part) + ("" if last else "/"))
    return re.compile("".join(pieces), re.DOTALL)


def _segment(part: str) -> str:
    """Translate one path component; an unclosed ``[`` is taken as itself."""
    out: list[str] = []
    i = 0
    while i < len(part):
        char = part[i]
        i += 1
        if char == "*":
            if not out or out[-1] != "[^/]*":  # `a***b` would backtrack for nothing
                out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and (end := part.find("]", i + 2 if part[i : i + 1] == "!" else i + 1)) > 0:
            out.append(_character_set(part[i:end]))
            i = end + 1
        else:
            out.append(re.escape(char))
    return "".join(out)


def _character_set(inside: str) -> str:
    negated = inside.startswith("!")
    body = inside[1:] if negated else inside
    body = re.sub(r"([\\\[\]^&~|])", r"\\\1", body)
    # Python warns of `--`, which may come to mean the difference of two sets.
    body = body.replace("--", r"-\-")
    try:
        re.compile(f"[{body}]")
    except re.error:  # a range that runs backwards, such as [z-a], matches nothing
        return r"(?!)"
    return f"(?!/)[{'^' if negated else ''}{body}]"
