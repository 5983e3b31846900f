"""The last step before a command: Landlock, the filter of system calls, no privileges; then it becomes it.

Started as `python -I -S enter.py RULES -- words`, with RULES in JSON. Standard library only and
self-contained: nothing of ours is imported. Where a rule cannot be kept it ends with 125 and says why; the
command does not run. Rules of kernels newer than this one are left out, as `abi` tells beforehand.
"""

from __future__ import annotations

import base64
import ctypes
import errno
import json
import os
import signal
import stat
import struct
import sys

FAILED, NOT_FOUND = 125, 127
DEFAULT_PATH = b"/usr/local/bin:/usr/bin:/bin"
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
VERSION = 1
PATH_BENEATH = 1
PR_CAPBSET_DROP, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 24, 22, 38, 47
CAP_AMBIENT_CLEAR_ALL, SECCOMP_MODE_FILTER = 4, 2
LAST_CAPABILITY = 63

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
#: What a file that is no folder can be allowed.
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
DEVICE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
#: How many rights on files each version of Landlock knows: moving between folders, truncating, ioctl.
KNOWN = {1: 13, 2: 14, 3: 15, 4: 15}
NEWEST = 16
TCP = 3  # bind and connect
SCOPES = {"abstract": 1, "signal": 2}


def libc() -> ctypes.CDLL:
    """Return the C library, with errno kept for us."""
    return ctypes.CDLL(None, use_errno=True)


def call(what: str, result: int) -> int:
    """Return a result; raises OSError for -1."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def abi() -> int:
    """Return the version of Landlock that this kernel has; 0 for none."""
    found = libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(VERSION))
    return max(0, int(found))


def rights(version: int) -> int:
    """Return all rights on files that a version of Landlock rules."""
    return (1 << KNOWN.get(version, NEWEST)) - 1


class Ruleset:
    """What stays allowed; everything else of its kinds is refused from `restrict` on."""

    def __init__(self, version: int, files: bool, tcp: bool, scopes: list[str]) -> None:
        self.files = rights(version) if files else 0
        net = TCP if tcp and version >= 4 else 0
        scoped = sum(SCOPES[name] for name in scopes) if version >= 6 else 0
        size = 24 if version >= 6 else 16 if version >= 4 else 8
        attributes = struct.pack("=QQQ", self.files, net, scoped)[:size]
        self.empty = not any((self.files, net, scoped))
        self.number = -1
        if not self.empty:
            made = libc().syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint(0))
            self.number = call("landlock_create_ruleset", made)

    def allow(self, path: str, access: int) -> None:
        """Allow something on a path and, of a folder, on all that is below it."""
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            access &= self.files if folder else self.files & OF_FILES
            rule = struct.pack("=Qi", access, descriptor)
            if access:
                done = libc().syscall(ADD_RULE, self.number, PATH_BENEATH, rule, ctypes.c_uint(0))
                call(f"landlock_add_rule {path}", done)
        finally:
            os.close(descriptor)

    def restrict(self) -> None:
        """Hold this process, and all that it starts, to it; for good."""
        if not self.empty:
            call("landlock_restrict_self", libc().syscall(RESTRICT_SELF, self.number, ctypes.c_uint(0)))
            os.close(self.number)


def spread(path: str, access: int, holes: list[str], between: int) -> list[tuple[str, int]]:
    """Return rules that allow something below a folder except in `holes`; folders on the way are `between`.

    Landlock only ever adds, so that what is to stay closed must not lie below anything that is open.
    """
    below = [hole for hole in holes if hole == path or hole.startswith(path.rstrip("/") + "/")]
    if not below:
        return [(path, access)]
    if path in below:
        return []
    found = [(path, between)]
    with os.scandir(path) as entries:
        for entry in entries:
            # What a link leads to is for the rules of that place.
            if not entry.is_symlink():
                found += spread(os.path.join(path, entry.name), access, below, between)
    return found


def landlock(rules: dict[str, list[str]]) -> list[tuple[str, int]]:
    """Return the rules for paths, from those of a sandbox."""
    real = {name: [os.path.realpath(path) for path in rules.get(name, [])] for name in ("read", "write")}
    hidden = [path for path in rules.get("hidden", []) if os.path.lexists(path)]
    found: list[tuple[str, int]] = []
    for path in real["read"]:
        # The names in a folder with something hidden in it stay readable.
        found += spread(path, READ, hidden, READ_DIR)
    for path in real["write"]:
        found += spread(path, rights(NEWEST) & ~IOCTL_DEV, real["read"], READ)
    return found + [(path, DEVICE) for path in rules.get("device", [])]


def drop() -> None:
    """Give up every capability, for root as well, and for whatever is started."""
    library = libc()
    library.prctl(PR_CAP_AMBIENT, CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for number in range(LAST_CAPABILITY + 1):
        library.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    call("capset", library.capset(header, nothing))


def install(program: bytes) -> None:
    """Have the kernel put every system call through a filter."""
    steps = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(steps))
    call("seccomp", libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0))


def surroundings() -> dict[bytes, bytes]:
    """Return the environment as it was given: Python may have added LC_CTYPE to its own."""
    try:
        with open("/proc/self/environ", "rb") as file:
            pairs = [pair.partition(b"=") for pair in file.read().split(b"\0") if b"=" in pair]
    except OSError:
        return dict(os.environb)
    return {name: value for name, _, value in pairs}


def become(words: list[bytes], environment: dict[bytes, bytes]) -> int:
    """Become a command, which is looked for in PATH; return the errno of the last try if none can be run.

    By hand: `os.execvpe` imports modules, which cannot be read any more by now.
    """
    places = [b""] if b"/" in words[0] else environment.get(b"PATH", DEFAULT_PATH).split(b":")
    trouble = errno.ENOENT
    for place in places:
        try:
            os.execve(place + b"/" + words[0] if place else words[0], words, environment)  # noqa: S606
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                trouble = error.errno or trouble
    return trouble


def main() -> None:
    """Keep the rules of the command line, and become the command."""
    rules = json.loads(sys.argv[1])
    words = sys.argv[sys.argv.index("--", 2) + 1 :]
    program = base64.b64decode(rules.get("filter", ""))
    environment = surroundings()
    try:
        paths = landlock(rules) if rules.get("files") else []
        ruleset = Ruleset(abi(), bool(rules.get("files")), bool(rules.get("tcp")), rules.get("scope", []))
        for path, access in paths:
            ruleset.allow(path, access)
        if rules.get("cwd"):
            os.chdir(rules["cwd"])
        # Python ignores these two; a command that inherits that is not ended by them.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if program or not ruleset.empty:
            call("no_new_privs", libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        ruleset.restrict()
        if rules.get("drop"):
            drop()
        if program:
            install(program)
    except OSError as error:
        sys.stderr.write(f"the sandbox cannot be made: {error}\n")
        sys.exit(FAILED)
    trouble = become([os.fsencode(word) for word in words], environment)
    sys.stderr.write(f"{words[0]}: {os.strerror(trouble)}\n")
    sys.exit(NOT_FOUND)


if __name__ == "__main__":
    main()
