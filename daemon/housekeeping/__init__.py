"""Housekeeping: how full the disk is, what lies in the state folder, the ledger's backups and its log.

It deletes what was decided to go; what that is, `decide/retention` says, nothing here.
"""

from __future__ import annotations

from arctl.daemon.housekeeping.ledger import LedgerCare
from arctl.daemon.housekeeping.storage import Storage

__all__ = ["LedgerCare", "Storage"]
