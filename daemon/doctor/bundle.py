"""The file for a bug report: what is installed, what the doctor found, the end of the log; no secrets."""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import time
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from arctl.environment import SECRET
from arctl.paths import Home

#: Bytes of the daemon's log that go along, its newest.
LOG_TAIL = 256 << 10
#: What looks like a key, whatever it stands beside; and the value of whatever is named like a secret.
_KEYS = re.compile(
    r"\b(?:sk-[\w-]{8,}|hf_\w{8,}|gh[opsu]_\w{8,}|github_pat_\w{8,}|AKIA\w{12,}|xox[abps]-[\w-]{8,}|eyJ[\w-]+\.[\w.-]+)"
)
_NAMED = re.compile(rf"(?i)([\w-]*(?:{SECRET.pattern})[\w-]*[\"']?\s*[=:]\s*[\"']?)(?:Bearer\s+)?[^\s\"',;]+")
_CONTENTS = """What is in this file

versions.txt  Python and every package that is installed beside arctl
doctor.json   what `arctl doctor --json` prints: probes, and facts of this host
daemon.log    the end of the daemon's log, if there is one
status.json   what `arctl status --json` prints, if a daemon runs

No code, no logs of runs, no prompts and no ledger are in it. What looks like a key is replaced by
[removed]. The names of this host, of users, folders and campaigns are in it: read it before you send it.
"""


def write_bundle(path: Path, home: Home, report: dict[str, Any], status: dict[str, Any] | None) -> list[str]:
    """Write a tar.gz, readable by its owner only; return the names of what is in it."""
    files = {
        "README.txt": _CONTENTS,
        "versions.txt": _versions(),
        "doctor.json": json.dumps(report, indent=2),
    }
    if log := _tail(home.log):
        files["daemon.log"] = log
    if status is not None:
        files["status.json"] = json.dumps(status, indent=2)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            data = without_secrets(text).encode()
            entry = tarfile.TarInfo(f"arctl-doctor/{name}")
            entry.size, entry.mtime, entry.mode = len(data), int(time.time()), 0o600
            archive.addfile(entry, io.BytesIO(data))
    path.touch(mode=0o600)
    path.write_bytes(buffer.getvalue())
    return list(files)


def without_secrets(text: str) -> str:
    """Return a text without what looks like a key, or is named like one."""
    return _NAMED.sub(r"\1[removed]", _KEYS.sub("[removed]", text))


def _versions() -> str:
    found = sorted({f"{one.metadata['Name']} {one.version}" for one in distributions()}, key=str.lower)
    return "\n".join([f"Python {sys.version}", *found, ""])


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
