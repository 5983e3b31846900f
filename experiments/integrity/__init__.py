"""Counter-checks of metrics that runs report themselves: of the edit, the output, the value, the machine.

Pure functions on plain data. `edit` reads two versions of changed files, `counters` a run's output, `compare`
and `plausible` set a candidate beside its champion, `contention` says whether the machine was quiet.
"""

from __future__ import annotations

from arctl.experiments.integrity.compare import Reading, compare
from arctl.experiments.integrity.contention import by_time, contended
from arctl.experiments.integrity.counters import counters
from arctl.experiments.integrity.edit import check_edit
from arctl.experiments.integrity.finding import Finding, Severity, sorted_out, worst
from arctl.experiments.integrity.plausible import Ground, plausible
from arctl.experiments.integrity.rules import Rules, rules_of

__all__ = [
    "Finding",
    "Ground",
    "Reading",
    "Rules",
    "Severity",
    "by_time",
    "check_edit",
    "compare",
    "contended",
    "counters",
    "plausible",
    "rules_of",
    "sorted_out",
    "worst",
]
