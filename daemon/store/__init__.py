"""The ledger: schema and migrations, the one writer, the readers. It knows rows, not rules."""

from __future__ import annotations

from arctl.daemon.store.errors import LedgerBusyError, LedgerDamagedError, LedgerError, LedgerFullError
from arctl.daemon.store.pruning import Bounds
from arctl.daemon.store.reader import Reader
from arctl.daemon.store.writer import Batch, Writer

__all__ = [
    "Batch",
    "Bounds",
    "LedgerBusyError",
    "LedgerDamagedError",
    "LedgerError",
    "LedgerFullError",
    "Reader",
    "Writer",
]
