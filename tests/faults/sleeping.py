"""A daemon whose shims find that the machine slept: `python -m tests.faults.sleeping`.

At SIGUSR2 a shim joins the time namespace that `ARCTL_SLEPT` names. There CLOCK_BOOTTIME is ahead by so many
seconds while CLOCK_MONOTONIC is as before, which is what both read after a suspend. Nothing in arctl knows of
this.
"""

from __future__ import annotations

import sys

from arctl.daemon import main as daemon
from arctl.daemon.jobs import launcher

#: Names the namespace, as a path below /proc.
VARIABLE = "ARCTL_SLEPT"
#: Runs in the process from which shims are forked, before anything of arctl's; they inherit the handler.
PREPARED = f"""\
import ctypes, os, signal
CLONE_NEWTIME = 0x80
def sleep(*_):
    place = os.open(os.environ[{VARIABLE!r}], os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(place, CLONE_NEWTIME):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(place)
signal.signal(signal.SIGUSR2, sleep)
"""

if __name__ == "__main__":
    launcher.CODE = PREPARED + launcher.CODE
    sys.exit(daemon.main())
