"""The doctor: what a sandbox of one level keeps out on this very machine, tried for real from inside it.

`probes` is what is expected, `attacks` the job that tries it, `victim` the daemon's stand-in, `stage` where
it happens, `facts` what this host is, `bundle` the file for a bug report. Nothing here touches a daemon, a
ledger or a campaign that exists; nothing is ever done as another user.
"""

from __future__ import annotations

from arctl.daemon.doctor.bundle import write_bundle
from arctl.daemon.doctor.examine import Report, examine

__all__ = ["Report", "examine", "write_bundle"]
