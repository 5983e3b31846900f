"""Runs: each under a shim of its own, watched while it goes, read when it has ended.

Starts processes and reads run folders; decides nothing, and writes no row.
"""

from __future__ import annotations

from arctl.daemon.jobs.actor import Jobs

__all__ = ["Jobs"]
