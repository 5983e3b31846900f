"""What may help where the campaign's own code failed as code does that misses something in its sandbox."""

from __future__ import annotations

import re

_NETWORK = re.compile(
    r"Temporary failure in name resolution|Name or service not known|Could not resolve host"
    r"|Network is unreachable|Failed to resolve|dns error|network was disabled",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"Permission denied|Read-only file system|Operation not permitted")
_MISSING = re.compile(r"No such file or directory|not found\b|can't open file|No module named")


def advice(output: str, level: int, *, network: bool) -> str:
    """Return a sentence on the end of an output that may be the sandbox's doing; empty where nothing is.

    Nothing is looked for on this machine: the sentence is for agents, too.
    """
    if level == 1:
        return ""
    if not network and _NETWORK.search(output):
        return "runs have no network: have run.setup load what they need, or set [sandbox] network = true"
    if _REFUSED.search(output):
        beside = "; at level 2 not beside a protected file either" if level == 2 else ""
        return f"runs write to their work tree, $ARCTL_RUN_FOLDER and [sandbox] writable only{beside}"
    if _MISSING.search(output):
        return (
            "if it is there: runs see only what run.link and [sandbox] read_only name, and ~ is not your home"
        )
    return ""
