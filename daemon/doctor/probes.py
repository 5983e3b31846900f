"""What is tried, what is expected of it at each level, and what to do where it is otherwise; plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arctl.daemon.sandbox import Level

#: `closed` is something useful that a level cannot offer.
Expected = Literal["refused", "open", "works", "closed"]
Verdict = Literal["ok", "open", "closed", "nothing", "failed"]

_OURS = "this is a fault of arctl, or of this kernel: report it with `arctl doctor --bundle FILE`"
_LEVEL_3 = "level 3 (bubblewrap) closes it"


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that is tried: what it is, and what levels 3, 2 and 1 make of it."""

    name: str
    title: str
    at: tuple[Expected, Expected, Expected]
    remedy: str = _OURS
    #: The version of Landlock from which on level 2 makes of it what is said; it is open, or works, below.
    abi: int = 1


@dataclass(frozen=True, slots=True)
class Host:
    """What decides on what can be expected."""

    level: Level
    abi: int
    root: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one probe."""

    name: str
    title: str
    expected: Expected
    got: str
    verdict: Verdict
    detail: str
    remedy: str


_KEPT: tuple[Expected, Expected, Expected] = ("refused", "refused", "open")
_LEAKS: tuple[Expected, Expected, Expected] = ("refused", "open", "open")
_ALWAYS: tuple[Expected, Expected, Expected] = ("refused", "refused", "refused")
_USE: tuple[Expected, Expected, Expected] = ("works", "works", "works")
_LANDLOCK_6 = "signals and abstract sockets need Landlock 6 (Linux 6.12); " + _LEVEL_3
_LANDLOCK_4 = "TCP needs Landlock 4 (Linux 6.7); " + _LEVEL_3

PROBES: tuple[Probe, ...] = (
    Probe("own_files", "read and write its own files", _USE, "look at the file system of the state folder"),
    Probe("loopback", "reach itself by TCP", ("works", "closed", "works"), _LEVEL_3, 4),
    Probe("gpu", "start CUDA", _USE, "try `nvidia-smi`; missing devices: `nvidia-modprobe -u -c 0`"),
    Probe("torch", "import torch", _USE, "see the detail; the same must work outside"),
    Probe("ssh_key", "read an ssh key", _KEPT),
    Probe("api_key", "read the daemon's API key in /proc", _KEPT),
    Probe("ledger_read", "read the ledger", _KEPT),
    Probe("ledger_write", "write the ledger", _KEPT),
    Probe("evaluator_write", "write a protected file", _KEPT, "use Linux 6.2 or newer, or level 3", 3),
    Probe("evaluator_chmod", "change a protected file's mode", _LEAKS, _LEVEL_3),
    Probe("evaluator_replace", "put another in its place", _KEPT),
    Probe("git_write", "write .git", _KEPT),
    Probe("write_outside", "write outside of its tree", _KEPT),
    Probe("symlink_out", "leave its tree by a link", _KEPT),
    Probe("processes_seen", "see the daemon's process", _LEAKS, _LEVEL_3),
    Probe("signal", "signal the daemon", _KEPT, _LANDLOCK_6, 6),
    Probe("ptrace", "trace the daemon", _KEPT),
    Probe("socket", "connect to the daemon", _LEAKS, _LEVEL_3),
    Probe("socket_abstract", "connect to an abstract socket", _KEPT, _LANDLOCK_6, 6),
    Probe("socket_host", "connect to docker or D-Bus", _LEAKS, _LEVEL_3),
    Probe("tcp", "reach another address by TCP", _KEPT, _LANDLOCK_4, 4),
    Probe("udp", "reach another address by UDP", _KEPT),
    Probe("dns", "have a name resolved", _LEAKS, _LEVEL_3),
    Probe("fork_bomb", "start processes without end", _LEAKS, "not as root, for whom no limit counts"),
    Probe("memory", "take more memory than allowed", _ALWAYS),
    Probe("file_size", "write a larger file than allowed", _ALWAYS),
    Probe("shm", "fill /dev/shm", _LEAKS, _LEVEL_3),
    Probe("setuid", "become another user", _KEPT),
    Probe("mount", "mount something", _KEPT),
    Probe("user_namespace", "make a user namespace", _KEPT),
    Probe("kernel_settings", "change the kernel's settings", _KEPT),
    Probe("raw_devices", "open disks and memory", _KEPT),
    Probe("other_cards", "open another GPU", _KEPT),
    Probe("terminal", "reach a terminal", _ALWAYS),
    Probe("keyring", "use the kernel's keyrings", _KEPT),
    Probe("io_uring", "make system calls unseen", _KEPT),
    Probe("left_behind", "leave a process behind", _ALWAYS),
)


def expected(probe: Probe, host: Host) -> Expected:
    """Return what a probe should come to here."""
    said = probe.at[3 - host.level]
    if probe.name == "fork_bomb" and host.root:
        return "open"
    if host.level == 2 and host.abi < probe.abi:
        return "works" if said == "closed" else "open"
    return said


def judge(probe: Probe, host: Host, got: str, detail: str) -> Result:
    """Compare what came of a probe with what should; a remedy goes with whatever is not as one would like."""
    wanted = expected(probe, host)
    verdict: Verdict = "failed"
    if got == "nothing":
        verdict = "nothing"
    elif wanted == "open" and got in ("open", "refused"):
        verdict = "open" if got == "open" else "ok"
    elif wanted == "closed" and got in ("fails", "works"):
        verdict = "closed" if got == "fails" else "ok"
    elif got == wanted:
        verdict = "ok"
    remedy = probe.remedy if verdict not in ("ok", "nothing") else ""
    return Result(probe.name, probe.title, wanted, got, verdict, detail, remedy)
