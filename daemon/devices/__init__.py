"""Devices: NVIDIA cards, the host's cores, or simulated cards, behind one interface.

Reads; never binds, decides or writes.
"""

from __future__ import annotations

from arctl.daemon.devices.actor import Devices, choose
from arctl.daemon.devices.base import Bound, Sample

__all__ = ["Bound", "Devices", "Sample", "choose"]
