"""How a run of a command is judged: by what it said and how it ended, never by its exit status alone."""

from __future__ import annotations

from pathlib import Path

from arctl.daemon.brains.command.process import FLOOD, Ended
from arctl.daemon.brains.command.profiles import Said, fault_in
from arctl.daemon.thought import BrainFault
from arctl.experiments.company import Brain as Settings
from arctl.text import clean

#: Exit statuses of a shell, or of what stands in for one, that could not run a program.
NOT_RUN = (126, 127)


def judge(settings: Settings, ended: Ended, said: Said, log: Path) -> None:
    """Raise `BrainFault` where a run failed; `log` is named for people to read."""
    name = (settings.command or ("the command",))[0]
    see = f"its output is in {log}"
    if ended.how == "timeout":
        msg = f"{name} did not finish within its {settings.timeout:g} s and was ended"
        raise BrainFault("timeout", msg, f"raise [brain] timeout; {see}")
    if ended.how == "flood":
        msg = f"{name} wrote more than {FLOOD >> 20} MB of output and was ended"
        raise BrainFault("oversize", msg, f"make it quieter; {see}")
    errors = clean(_last(ended.errors), 300)
    if ended.status and errors.startswith("bwrap: "):
        raise BrainFault("no_sandbox", f"the sandbox could not be made: {errors}", see, human=True)
    words = clean(said.text, 300)
    fault = said.fault
    if ended.status and not fault and not said.understood:
        fault = fault_in(errors)
    if fault == "login":
        remedy = (
            "log in, or name the variable that holds its key in [brain] env_pass and set it for the daemon"
        )
        raise BrainFault("login", f"{name} is not logged in: {words or errors}", remedy, human=True)
    if fault == "bill":
        msg = f"{name} may not go on: {words or errors}"
        raise BrainFault("bill", msg, "look at the plan or the credit behind it", human=True)
    if fault:
        raise BrainFault("failed", f"{name} reports a failure: {words}", see)
    if ended.status:
        how = f"status {ended.status}" if ended.status > 0 else f"signal {-ended.status}"
        msg = f"{name} ended with {how}" + (f": {errors or words}" if errors or words else "")
        more = "; name in [brain] read_only what it needs to see" if ended.status in NOT_RUN else ""
        raise BrainFault("exit", msg, see + more)
    if not said.understood:
        msg = f"{name} did not speak as the profile {settings.profile} says that it does: {words}"
        raise BrainFault("malformed", msg, f"set [brain] profile right; {see}")


def _last(data: bytes) -> str:
    """Return the last line that says something."""
    lines = [line for line in data[-4000:].decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
