"""The filter of system calls: classic BPF, made here and installed by `enter.py` or bubblewrap.

It closes what neither namespaces nor Landlock do: the kernel's keyrings, io_uring (calls that no filter
sees), new user namespaces, typing into a terminal, sockets of families that belong to no network namespace
(vsock reaches the hypervisor), and calls that only administrators need. Tracing one's own processes stays.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
#: Where `struct seccomp_data` has the number, the architecture, and the lower half of each argument.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
#: Numbers of x86-64 from here on are those of x32, which would be a way around.
_X32 = 0x40000000

_NEW_USER = 0x10000000  # CLONE_NEWUSER
_FAST_OPEN = 0x20000000  # MSG_FASTOPEN
_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_STREAM, _TCP = 1, 6


@dataclass(frozen=True, slots=True)
class Machine:
    """What the kernel calls an architecture, and its numbers of system calls."""

    architecture: int
    calls: dict[str, int]
    x32: bool = False


#: Refused whatever their arguments are. Programs that use io_uring go on without it if it is not there.
ABSENT = ("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3")
REFUSED = (
    *("add_key", "request_key", "keyctl", "bpf", "perf_event_open", "userfaultfd", "open_by_handle_at"),
    *("mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick"),
    *("mount_setattr", "setns", "kexec_load", "kexec_file_load", "init_module", "finit_module"),
    *("delete_module", "swapon", "swapoff", "reboot", "acct", "settimeofday", "clock_settime", "syslog"),
    "quotactl",
)


def _numbers(text: str) -> dict[str, int]:
    """Read names and numbers that stand one after the other."""
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


_COMMON = _numbers(
    """
    io_uring_setup 425  io_uring_enter 426  io_uring_register 427  open_tree 428  move_mount 429  fsopen 430
    fsconfig 431  fsmount 432  fspick 433  clone3 435  mount_setattr 442
    """
)
_X86_64 = _numbers(
    """
    socket 41  sendto 44  sendmsg 46  sendmmsg 307  ioctl 16  clone 56  unshare 272  setns 308
    add_key 248  request_key 249  keyctl 250  bpf 321  perf_event_open 298  userfaultfd 323
    open_by_handle_at 304  mount 165  umount2 166  pivot_root 155  kexec_load 246  kexec_file_load 320
    init_module 175  finit_module 313  delete_module 176  swapon 167  swapoff 168  reboot 169
    acct 163  settimeofday 164  clock_settime 227  syslog 103  quotactl 179
    """
)
_AARCH64 = _numbers(
    """
    socket 198  sendto 206  sendmsg 211  sendmmsg 269  ioctl 29  clone 220  unshare 97  setns 268
    add_key 217  request_key 218  keyctl 219  bpf 280  perf_event_open 241  userfaultfd 282
    open_by_handle_at 265  mount 40  umount2 39  pivot_root 41  kexec_load 104  kexec_file_load 294
    init_module 105  finit_module 273  delete_module 106  swapon 224  swapoff 225  reboot 142
    acct 89  settimeofday 170  clock_settime 112  syslog 116  quotactl 60
    """
)
MACHINES = {
    "x86_64": Machine(0xC000003E, {**_COMMON, **_X86_64}, x32=True),
    "aarch64": Machine(0xC00000B7, {**_COMMON, **_AARCH64}),
}

#: The filters as files, one for each machine.
FILTERS = Path(__file__).with_name("filters")
#: One instruction: code, how many to skip if true and if not, operand.
_Step = tuple[int, int, int, int]


def program(*, network: bool, machine: str = "") -> bytes:
    """Return the filter for this machine (or another); empty where there is none for it.

    Without `network` what goes past Landlock's rules on TCP is refused as well: UDP and other protocols,
    and data that is sent while connecting. A process of another architecture (32 bits) is told that there
    are no system calls.
    """
    known = MACHINES.get(machine or os.uname().machine)
    if known is None:
        return b""
    steps = [*_head(known), *_body(known, network=network), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def file(machine: str = "") -> Path | None:
    """Return the file that holds the filter with a network, for bubblewrap; None where there is none."""
    path = FILTERS / f"{machine or os.uname().machine}.bpf"
    return path if path.exists() else None


def write_files() -> None:
    """Write the files anew, after a change of the filter."""
    for name in MACHINES:
        (FILTERS / f"{name}.bpf").write_bytes(program(network=True, machine=name))


def _head(machine: Machine) -> Iterator[_Step]:
    yield _load(_ARCHITECTURE)
    yield (_EQUAL, 1, 0, machine.architecture)
    yield _refuse(errno.ENOSYS)
    yield _load(_NUMBER)
    if machine.x32:
        yield (_AT_LEAST, 0, 1, _X32)
        yield _refuse(errno.ENOSYS)


def _body(machine: Machine, *, network: bool) -> Iterator[_Step]:
    calls = machine.calls
    for names, number in ((ABSENT, errno.ENOSYS), (REFUSED, errno.EPERM)):
        for name in names:
            yield from _when(calls[name], [_refuse(number)])
    for name in ("clone", "unshare"):
        yield from _when(calls[name], [_argument(0), (_ANY_BIT, 0, 1, _NEW_USER), _refuse(errno.EPERM)])
    terminal = [_argument(1)]
    for request in _TERMINAL:
        terminal += [(_EQUAL, 0, 1, request), _refuse(errno.EPERM)]
    yield from _when(calls["ioctl"], terminal)
    yield from _when(calls["socket"], _sockets(network=network))
    if not network:
        for name, place in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
            refusal = _refuse(errno.EOPNOTSUPP)
            yield from _when(calls[name], [_argument(place), (_ANY_BIT, 0, 1, _FAST_OPEN), refusal])


def _sockets(*, network: bool) -> list[_Step]:
    """Return what is asked of a new socket: family, then type and protocol; it ends with a decision."""
    families = (_UNIX, _NETLINK, _INET, _INET6) if network else (_UNIX, _NETLINK)
    steps: list[_Step] = [_argument(0)]
    for family in families:
        steps += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW)]
    if network:
        return [*steps, _refuse(errno.EAFNOSUPPORT)]
    denied = _refuse(errno.EACCES)
    steps += [(_EQUAL, 2, 0, _INET), (_EQUAL, 1, 0, _INET6), _refuse(errno.EAFNOSUPPORT)]
    steps += [_argument(1), (_AND, 0, 0, 0xF), (_EQUAL, 1, 0, _STREAM), denied]
    # A multipath or SCTP stream is no TCP to Landlock.
    return [*steps, _argument(2), (_EQUAL, 2, 0, 0), (_EQUAL, 1, 0, _TCP), denied, (_RETURN, 0, 0, _ALLOW)]


def _when(number: int, steps: list[_Step]) -> Iterator[_Step]:
    """Yield steps for one system call; whoever comes through them finds the number loaded again."""
    ends = steps[-1][0] == _RETURN and len(steps) == 1
    inner = steps if ends else [*steps, _load(_NUMBER)]
    yield (_EQUAL, 0, len(inner), number)
    yield from inner


def _load(offset: int) -> _Step:
    return (_LOAD, 0, 0, offset)


def _argument(place: int) -> _Step:
    # The lower half comes first: both machines are little-endian. What is looked for fits into it, and the
    # kernel takes flags and families as 32 bits.
    return _load(_ARGUMENTS + 8 * place)


def _refuse(number: int) -> _Step:
    return (_RETURN, 0, 0, _ERRNO | number)
