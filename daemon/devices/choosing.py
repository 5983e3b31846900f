"""Which kind of devices there is: what `ARCTL_DEVICES` names, else cards, else the host's cores."""

from __future__ import annotations

from pathlib import Path

from arctl.daemon.devices.base import Backend
from arctl.daemon.devices.host import HostBackend
from arctl.daemon.devices.nvml import NoDriverError, NvmlBackend
from arctl.daemon.devices.sim import SimBackend
from arctl.errors import UsageError

#: What a simulated card can be shown with.
FAULTS = ("foreign", "quarantined")


def choose(setting: str, control: Path | None = None) -> Backend:
    """Return the backend that `ARCTL_DEVICES` names: "", "nvml", "cpu", "cpu:N" or "sim:N".

    Behind `sim:N` may stand cards in trouble: `,foreign=6,quarantined=7`; trouble that comes while it runs is
    written into the file `control`. A driver that is there and fails is an error: nothing is done without it.
    """
    said, *faults = setting.split(",")
    kind, _, number = said.partition(":")
    if number and not (number.isdigit() and int(number) > 0):
        msg = f"ARCTL_DEVICES={setting}: {number} is no number of devices"
        raise UsageError(msg, "write for example ARCTL_DEVICES=sim:8 or ARCTL_DEVICES=cpu:2")
    troubled = _troubled(setting, kind, int(number or 8), faults)
    match kind:
        case "":
            try:
                backend = NvmlBackend()
            except NoDriverError:
                return HostBackend()
            return backend if backend.inventory() else HostBackend()
        case "nvml":
            return NvmlBackend()
        case "cpu":
            return HostBackend(int(number) if number else None)
        case "sim":
            return SimBackend(int(number or 8), control=control, **troubled)
    msg = f"ARCTL_DEVICES={setting}: there is no such kind of device"
    raise UsageError(msg, "use nvml, cpu, cpu:N or sim:N, or leave it unset")


def _troubled(setting: str, kind: str, count: int, faults: list[str]) -> dict[str, frozenset[int]]:
    """Read the simulated cards that are to be in trouble, by what is wrong with them."""
    found: dict[str, set[int]] = {}
    for fault in faults:
        what, _, card = fault.partition("=")
        if kind != "sim" or what not in FAULTS or not card.isdigit() or int(card) >= count:
            msg = f"ARCTL_DEVICES={setting}: no card there can be shown with {fault!r}"
            raise UsageError(msg, "write for example ARCTL_DEVICES=sim:8,foreign=6,quarantined=7")
        found.setdefault(what, set()).add(int(card))
    return {what: frozenset(cards) for what, cards in found.items()}
