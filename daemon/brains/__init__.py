"""Brains: where ideas come from. Each is given plain data and returns plain data; see base."""

from __future__ import annotations

from arctl.daemon.brains.actor import Brains

__all__ = ["Brains"]
