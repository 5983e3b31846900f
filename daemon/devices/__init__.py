"""Devices: NVIDIA cards, MIG instances, the host's cores, or simulated cards, behind one interface.

Reads and reports; never binds, decides or writes.
"""

from __future__ import annotations

from arctl.daemon.devices.actor import Devices
from arctl.daemon.devices.base import Bound, Sample
from arctl.daemon.devices.choosing import choose

__all__ = ["Bound", "Devices", "Sample", "choose"]
