"""Limits of processes: those that every level has."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from arctl.daemon.sandbox.base import SandboxError


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the processes; None is no limit of ours.

    `processes` counts within a sandbox of level 3 only: outside, it would count all of the user's.
    `data` are bytes of RLIMIT_DATA, for CUDA reserves address ranges far beyond what it uses.
    """

    processes: int | None = None
    files: int | None = None
    file_bytes: int | None = None
    data: int | None = None

    def wrap(self, words: Iterable[str], *, inside: bool) -> list[str]:
        """Return a command line that sets the limits, and runs `words` under them; no core is ever dumped."""
        values = {"nofile": self.files, "fsize": self.file_bytes, "data": self.data}
        if inside:
            values["nproc"] = self.processes
        flags = [f"--{name}={value}:{value}" for name, value in values.items() if value is not None]
        return ["prlimit", "--core=0:0", *flags, "--", *words]


def check() -> None:
    """Raise `SandboxError` where limits cannot be set."""
    if shutil.which("prlimit") is None:
        raise SandboxError("prlimit is not installed", "install util-linux")
