"""The machine: what is known of its devices beside their names, and what runs showed of how they use them."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.marks import Reading, Readings, Vacated
from arctl.daemon.rows import Quarantine, Run


@dataclass
class Machine:
    """Quarantines and uses, from rows; readings and devices under inspection, known to this process alone."""

    quarantines: dict[str, Quarantine] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    #: The run that has left a device which is not looked at yet.
    vacated: dict[str, str] = field(default_factory=dict)
    #: When a run of a campaign started last, and the most memory that one held on a device, in MiB.
    started_last: dict[str, float] = field(default_factory=dict)
    memory_peak: dict[str, float] = field(default_factory=dict)

    def apply_run(self, row: Run) -> None:
        """Take a run as it now is."""
        name = row.campaign
        if row.started is not None:
            self.started_last[name] = max(self.started_last.get(name, 0.0), row.started)
        if isinstance(peak := row.evidence.get("gpu_memory_mb"), int | float):
            self.memory_peak[name] = max(self.memory_peak.get(name, 0.0), float(peak))

    def remember(self, mark: Readings | Vacated) -> None:
        """Take what this process alone knows."""
        if isinstance(mark, Readings):
            self.readings.update({reading.device: reading for reading in mark.readings})
        elif not mark.over:
            self.vacated[mark.device] = mark.run
        elif self.vacated.get(mark.device) == mark.run:
            del self.vacated[mark.device]

    def quarantine(self, device: str) -> Quarantine | None:
        """Return a device's quarantine, None where it is in none."""
        row = self.quarantines.get(device)
        return row if row is not None and row.lifted is None else None

    def taken(self, device: str) -> str:
        """Say who else has a device; empty where nobody does."""
        reading = self.readings.get(device)
        return reading.taken if reading is not None else ""
