"""The ledger: schema and migrations, the one writer, the readers. It knows rows, not rules."""

from __future__ import annotations

from arctl.daemon.store.reader import Reader
from arctl.daemon.store.writer import Batch, LedgerError, LedgerFullError, Writer

__all__ = ["Batch", "LedgerError", "LedgerFullError", "Reader", "Writer"]
