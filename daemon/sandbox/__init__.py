"""The sandbox: what stands before a command line so that it sees and changes only what it is given.

Level 3 is bubblewrap, level 2 Landlock with limits, level 1 limits only; docs/sandbox.md says what each of
them keeps out. Whoever starts the words gives the process the whole environment that it shall have:
variables named on the command line could be read by everybody on the machine. Start it from the main
thread, as `--die-with-parent` is bound to the thread that forks. No level is ever left out, or taken for
another, silently: `check` raises where it cannot be had. Nothing here knows campaigns, runs or agents.
"""

from __future__ import annotations

from arctl.daemon.sandbox.base import SYSTEM, Bind, Mode, SandboxError, covers, home_place
from arctl.daemon.sandbox.box import Sandbox
from arctl.daemon.sandbox.gpu import gpu_binds, mig_minors
from arctl.daemon.sandbox.levels import best, check
from arctl.daemon.sandbox.limits import Limits
from arctl.daemon.sandbox.scope import guard
from arctl.experiments.confinement import Level

__all__ = [
    "SYSTEM",
    "Bind",
    "Level",
    "Limits",
    "Mode",
    "Sandbox",
    "SandboxError",
    "best",
    "check",
    "covers",
    "gpu_binds",
    "guard",
    "home_place",
    "mig_minors",
]
