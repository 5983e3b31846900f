"""The `command` brain: a coding agent's command line, run headless in a sandbox on a copy of the program.

`task` says what it is told, `profiles` how it is started and understood, `install` what it needs to see,
`place` where it works, `process` how it runs and ends, `answer` what is taken of what it leaves.
Nothing that comes back is trusted, and nothing of it is executed. The contract is in docs/command.md.
"""

from __future__ import annotations

from arctl.daemon.brains.command.brain import CommandBrain

__all__ = ["CommandBrain"]
