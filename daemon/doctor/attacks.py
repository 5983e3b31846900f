"""The job of the doctor: it tries, from inside a sandbox, everything that a job should not be able to do.

Started as `python -I -S attacks.py TARGETS`, a JSON file that says what is planted where; self-contained, for
it is copied into a tree. Each attempt leaves a line of JSON. It harms nothing but what was planted.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

#: What comes of an attempt; `nothing` where there is nothing to try.
OPEN, REFUSED, WORKS, FAILS, NOTHING = "open", "refused", "works", "fails", "nothing"
Found = tuple[str, str]
#: Seconds for one attempt, and for an import that reads gigabytes.
PATIENCE, LONG = 20.0, 180.0
CLONE_NEWUSER = 0x10000000
PTRACE_SEIZE = 0x4206
ADD_KEY = {"x86_64": 248, "aarch64": 217}
IO_URING_SETUP = 425
PROCESS_KEYRING = -2

targets: dict[str, Any] = {}
libc = ctypes.CDLL(None, use_errno=True)


def attempt(act: Callable[[], Any]) -> Found:
    """Try something that should be refused."""
    try:
        return OPEN, str(act() or "it worked")
    except (OSError, MemoryError) as error:
        return REFUSED, getattr(error, "strerror", None) or type(error).__name__


def any_of(*acts: Callable[[], Any]) -> Found:
    """Try several ways; one that works is enough."""
    found = (NOTHING, "no way to try")
    for act in acts:
        found = attempt(act)
        if found[0] == OPEN:
            break
    return found


def use(act: Callable[[], Any]) -> Found:
    """Try something that has to work."""
    try:
        return WORKS, str(act() or "")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return FAILS, getattr(error, "strerror", None) or str(error)


def check(result: int) -> int:
    """Return what a call of the C library returned; raises OSError for -1."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def append(path: str, *, new: bool = True) -> None:
    """Write at the end of a file, a `new` one if need be."""
    with open(path, "ab" if new else "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"# changed from inside\n")


def read(path: str) -> str:
    """Read a file that must not be seen."""
    with open(path, "rb") as file:
        file.read(64)
    return f"read {path}"


def replace(path: str) -> None:
    """Put another file in a file's place."""
    other = os.path.join(targets["free"], "other")
    with open(other, "w") as file:
        file.write("print('score 1.0')\n")
    os.rename(other, path)


def through_link(path: str) -> None:
    """Change a file by another name of the same file."""
    other = os.path.join(targets["free"], "twin")
    os.link(path, other)
    append(other)


def link(name: str, target: str) -> str:
    """Make a link in the tree that leads out of it."""
    path = os.path.join(targets["free"], name)
    os.symlink(target, path)
    return path


def environs() -> Found:
    """Look for the key in the environment of every process that can be seen."""
    token, seen = targets["token"].encode(), 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
            if token in file.read():
                return OPEN, f"read from /proc/{name}/environ"
            seen += 1
    return REFUSED, f"not in the {seen} environments that can be read"


def is_victim() -> bool:
    """Tell whether the victim's process id means the victim here."""
    with contextlib.suppress(OSError), open(f"/proc/{targets['pid']}/cmdline", "rb") as file:
        return targets["marker"].encode() in file.read()
    return False


def on_victim(act: Callable[[int], Any]) -> Found:
    """Try something on the daemon's process; in a PID namespace its number may be anybody's."""
    if not is_victim():
        return REFUSED, "it cannot be seen"
    return attempt(lambda: act(targets["pid"]))


def connect(family: int, address: Any) -> str:
    """Connect a stream."""
    with socket.socket(family, socket.SOCK_STREAM) as link:
        link.settimeout(5)
        link.connect(address)
    return "connected"


def datagram(address: tuple[str, int]) -> str:
    """Send a datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.sendto(b"from inside", address)
    return "sent"


def outward(act: Callable[[str], Any]) -> Found:
    """Try to reach an address that is not the loopback's."""
    if not targets["address"]:
        return NOTHING, "no address to try"
    return attempt(lambda: act(targets["address"]))


def resolve() -> Found:
    """Ask for a name that nobody has; a resolver that says so was reached."""
    if not targets["dns"]:
        return NOTHING, "no resolver answers outside, either"
    try:
        socket.getaddrinfo("arctl-doctor.invalid", 80)
    except socket.gaierror as error:
        return (OPEN, "a resolver answered") if error.errno == socket.EAI_NONAME else (REFUSED, str(error))
    return OPEN, "a resolver answered"


def loopback() -> str:
    """Talk to oneself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return connect(socket.AF_INET, server.getsockname())


def fork_bomb() -> Found:
    """Start twice as many processes as are allowed, and end them."""
    allowed, started = targets["processes"], []
    try:
        for _ in range(2 * allowed):
            pid = os.fork()
            if not pid:
                signal.pause()
                os._exit(0)
            started.append(pid)
    except OSError as error:
        return REFUSED, f"{error.strerror} after {len(started)} of at most {allowed}"
    finally:
        for pid in started:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return OPEN, f"{len(started)} processes, although {allowed} are allowed"


def memory() -> str:
    """Ask for twice the memory that is allowed; none of it is touched."""
    mmap.mmap(-1, 2 * targets["data"], flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    return f"{2 * targets['data'] >> 20} MiB"


def fill(path: str, size: int) -> str:
    """Write a file of some size, and remove it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    piece = bytes(1 << 20)
    try:
        with open(path, "wb", buffering=0) as file:
            for _ in range(size >> 20):
                if file.write(piece) < len(piece):
                    raise OSError(27, "File too large")
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
    return f"{size >> 20} MiB"


def become() -> Found:
    """Become another user, or be able to by a setuid program."""
    found = attempt(lambda: os.setuid(1 if os.getuid() else 65534))
    with open("/proc/self/status") as file:
        bound = any(line.split() == ["NoNewPrivs:", "1"] for line in file)
    return found if bound or found[0] == OPEN else (OPEN, "setuid programs keep their effect")


def mount() -> None:
    """Mount something over a folder of one's own."""
    place = os.path.join(targets["free"], "mount").encode()
    os.makedirs(place, exist_ok=True)
    check(libc.mount(b"none", place, b"tmpfs", 0, None))
    libc.umount2(place, 2)


def daemonize() -> Found:
    """Leave a process behind that belongs to nobody; whether it is still there is looked at from outside."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            devnull = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(devnull, number)
            os.closerange(3, 256)
            time.sleep(600)
        os._exit(0)
    os.wait()
    return OPEN, "started"


def add_key() -> str:
    """Put a key where processes outside may find it."""
    number = ADD_KEY.get(os.uname().machine)
    if number is None:
        raise OSError(38, "nothing is known of this machine's system calls")
    check(libc.syscall(number, b"user", b"arctl-doctor", b"x", ctypes.c_size_t(1), PROCESS_KEYRING))
    return "a key was added"


def io_uring() -> str:
    """Make a ring of system calls that no filter sees."""
    os.close(check(libc.syscall(IO_URING_SETUP, 1, ctypes.create_string_buffer(120))))
    return "a ring was made"


def open_for(path: str, flags: int) -> str:
    """Open something, and close it untouched."""
    os.close(os.open(path, flags | os.O_NONBLOCK))
    return f"opened {path}"


def paths(names: list[str], act: Callable[[str], Any], none: str) -> Found:
    """Try the same on several paths."""
    return any_of(*((lambda path=path: act(path)) for path in names)) if names else (NOTHING, none)


def own_files() -> str:
    """Read what is protected, write where a job writes, start a program."""
    with open(targets["evaluator"]) as file:
        file.read()
    for folder in (targets["free"], targets["run"]):
        with open(os.path.join(folder, "mine"), "w") as file:
            file.write("mine")
    subprocess.run(["/bin/sh", "-c", "true"], check=True, timeout=PATIENCE)
    return ""


def cuda() -> Found:
    """Start the driver, and find the card that was given."""
    if not targets["gpu"]:
        return NOTHING, "no card here"
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return FAILS, str(error)
    number = ctypes.c_int(0)
    code = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(number))
    return (
        (WORKS, f"{number.value} card") if code == 0 and number.value == 1 else (FAILS, f"CUDA error {code}")
    )


def torch() -> Found:
    """Import torch as the campaign would, and compute something."""
    if not targets["python"]:
        return NOTHING, "no interpreter was named with --python"
    code = "import torch; print(torch.__version__, float(torch.ones(2).sum()))"
    done = subprocess.run(
        [targets["python"], "-c", code], capture_output=True, text=True, timeout=LONG - 5, check=False
    )
    last = (done.stderr if done.returncode else done.stdout).strip().splitlines()[-1:]
    return (FAILS if done.returncode else WORKS), " ".join(last)


ATTACKS: dict[str, Callable[[], Found]] = {
    "own_files": lambda: use(own_files),
    "loopback": lambda: use(loopback),
    "ssh_key": lambda: attempt(lambda: read(targets["key"])),
    "api_key": environs,
    "ledger_read": lambda: attempt(lambda: read(targets["ledger"])),
    "ledger_write": lambda: attempt(lambda: append(targets["ledger"], new=False)),
    "evaluator_write": lambda: any_of(
        lambda: append(targets["evaluator"]), lambda: os.truncate(targets["evaluator"], 1)
    ),
    "evaluator_chmod": lambda: attempt(lambda: os.chmod(targets["evaluator"], 0o666)),
    "evaluator_replace": lambda: any_of(
        lambda: replace(targets["evaluator"]),
        lambda: through_link(targets["evaluator"]),
        lambda: os.unlink(targets["evaluator"]),
    ),
    "git_write": lambda: any_of(
        lambda: append(targets["git"] + "/hooks/post-checkout"), lambda: append(targets["git"] + "/config")
    ),
    "write_outside": lambda: paths(targets["outside"], lambda path: append(path + "/left"), ""),
    "symlink_out": lambda: any_of(
        lambda: read(link("key", targets["key"])),
        lambda: append(link("out", targets["outside"][0]) + "/left"),
    ),
    "processes_seen": lambda: (OPEN, "its command line is read") if is_victim() else (REFUSED, "not there"),
    "signal": lambda: on_victim(lambda pid: os.kill(pid, signal.SIGUSR1)),
    "ptrace": lambda: on_victim(lambda pid: check(libc.ptrace(PTRACE_SEIZE, pid, None, None))),
    "socket": lambda: attempt(lambda: connect(socket.AF_UNIX, targets["socket"])),
    "socket_abstract": lambda: attempt(lambda: connect(socket.AF_UNIX, "\0" + targets["abstract"])),
    "socket_host": lambda: paths(
        targets["sockets"], lambda path: connect(socket.AF_UNIX, path), "neither docker nor D-Bus here"
    ),
    "tcp": lambda: outward(lambda address: connect(socket.AF_INET, (address, targets["tcp"]))),
    "udp": lambda: outward(lambda address: datagram((address, targets["udp"]))),
    "dns": resolve,
    "fork_bomb": fork_bomb,
    "memory": lambda: attempt(memory),
    "shm": lambda: attempt(lambda: fill(f"/dev/shm/{targets['marker']}", 2 * targets["shm"])),
    "file_size": lambda: attempt(lambda: fill(targets["free"] + "/big", 2 * targets["file_bytes"])),
    "setuid": become,
    "mount": lambda: attempt(mount),
    "user_namespace": lambda: attempt(lambda: check(libc.unshare(CLONE_NEWUSER))),
    "kernel_settings": lambda: attempt(lambda: open_for("/proc/sys/kernel/core_pattern", os.O_WRONLY)),
    "raw_devices": lambda: paths(targets["raw"], lambda path: open_for(path, os.O_RDONLY), "none here"),
    "other_cards": lambda: paths(
        targets["cards"], lambda path: open_for(path, os.O_RDWR), "no other card here"
    ),
    "terminal": lambda: attempt(lambda: open_for("/dev/tty", os.O_RDWR)),
    "keyring": lambda: attempt(add_key),
    "io_uring": lambda: attempt(io_uring),
    "left_behind": daemonize,
    "gpu": cuda,
    "torch": torch,
}


def apart(act: Callable[[], Found], patience: float) -> Found:
    """Make an attempt in a process of its own, which may die of it."""
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(out)
        try:
            found = act()
        except Exception as error:  # noqa: BLE001  # the boundary of one attempt
            found = (FAILS, f"{type(error).__name__}: {error}")
        os.write(into, json.dumps(found).encode()[:4000])
        os._exit(0)
    os.close(into)
    said = b""
    if select.select([out], [], [], patience)[0]:
        said = os.read(out, 4096)
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(out)
    status = os.waitpid(pid, 0)[1]
    if not said:
        return FAILS, f"no answer within {patience:g} s, or it was ended (status {status})"
    return tuple(json.loads(said))


def main() -> None:
    """Make every attempt that is asked for, one after the other."""
    with open(sys.argv[1]) as file:
        targets.update(json.load(file))
    for name in targets["attempts"]:
        got, detail = apart(ATTACKS[name], LONG if name == "torch" else PATIENCE)
        with open(os.path.join(targets["run"], "found.jsonl"), "a") as file:
            file.write(json.dumps({"name": name, "got": got, "detail": detail}) + "\n")


if __name__ == "__main__":
    main()
