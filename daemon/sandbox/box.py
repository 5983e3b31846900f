"""A sandbox: what a command may see and do, and the command line that makes it so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from arctl.daemon.sandbox import bubblewrap, landlock
from arctl.daemon.sandbox.base import Bind, SandboxError
from arctl.daemon.sandbox.limits import Limits
from arctl.experiments.confinement import Level


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a command may see and do; everything else is not there."""

    cwd: Path
    binds: tuple[Bind, ...] = ()
    network: bool = False
    limits: Limits = field(default_factory=Limits)
    #: Bytes of /dev/shm, which level 3 alone can measure out; the kernel's own measure where None.
    shm: int | None = None

    def wrap(self, words: Iterable[str], level: Level = 3) -> list[str]:
        """Return the command line that runs `words` inside; raises `SandboxError` where that cannot be."""
        limited = self.limits.wrap(words, inside=level == 3)
        if level == 3:
            return bubblewrap.wrap(limited, self.cwd, self.binds, network=self.network, shm=self.shm)
        for bind in self.binds:
            if bind.place != bind.source:
                msg = f"{bind.source} cannot be shown as {bind.place} at level {level}"
                remedy = "use level 3 (bubblewrap), or have the command look for it where it is"
                raise SandboxError(msg, remedy)
        if level == 2:
            return landlock.wrap(limited, self.cwd, self.binds, network=self.network)
        return ["env", "-C", str(self.cwd), "--", *limited]
