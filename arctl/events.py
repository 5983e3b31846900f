"""Kinds of events, as every face reads them."""

from __future__ import annotations

#: Kinds that are about the works rather than about what happens; `--json` and `logs` have them all.
QUIET = frozenset({"turn.asked", "turn.answered", "turn.withdrawn", "run.assigned", "proposal.claimed"})
