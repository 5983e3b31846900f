"""Parts of the sandbox that need no sandbox: the filter as the kernel reads it, cards, systemd's scopes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from arctl.daemon.sandbox import SandboxError, gpu_binds, mig_minors, scope, seccomp

ALLOWED, NOT_PERMITTED, ABSENT, DENIED, NO_FAMILY, NOT_SUPPORTED = 0, 1, 38, 13, 97, 95
BOTH = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


def decide(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """Run a filter as the kernel does, and return the errno that a system call gets; 0 if it may go on."""
    values = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, architecture, 0, *values)
    steps = list(struct.iter_unpack("<HBBI", program))
    place, held = 0, 0
    while True:
        code, true, false, operand = steps[place]
        place += 1
        match code:
            case 0x20:
                held = int(struct.unpack_from("<I", data, operand)[0])
            case 0x54:
                held &= operand
            case 0x15:
                place += true if held == operand else false
            case 0x35:
                place += true if held >= operand else false
            case 0x45:
                place += true if held & operand else false
            case 0x06:
                return operand & 0xFFFF if operand & 0xFFFF0000 == 0x00050000 else ALLOWED
            case _:
                raise AssertionError(hex(code))


def ask(machine: str, name: str | int, *arguments: int, network: bool = True) -> int:
    """Return what becomes of a system call."""
    known = seccomp.MACHINES[machine]
    number = known.calls[name] if isinstance(name, str) else name
    return decide(seccomp.program(network=network, machine=machine), known.architecture, number, *arguments)


@BOTH
def test_what_is_refused_is_refused_whatever_its_arguments(machine: str) -> None:
    for name in seccomp.REFUSED:
        assert ask(machine, name, 1, 2, 3) == NOT_PERMITTED, name
    for name in seccomp.ABSENT:
        assert ask(machine, name, 1, 2, 3) == ABSENT, name


@BOTH
def test_the_file_that_bubblewrap_reads_is_this_filter(machine: str) -> None:
    path = seccomp.file(machine)
    assert path is not None
    assert path.read_bytes() == seccomp.program(network=True, machine=machine)


@BOTH
def test_everything_else_goes_on(machine: str) -> None:
    numbers = set(range(500)) - set(seccomp.MACHINES[machine].calls.values())
    assert {ask(machine, number) for number in numbers} == {ALLOWED}


@BOTH
def test_threads_and_processes_are_made_but_no_user_namespace(machine: str) -> None:
    assert ask(machine, "clone", 0x3D0F00) == ALLOWED
    assert ask(machine, "clone", 0x10000000 | 17) == NOT_PERMITTED
    assert ask(machine, "unshare", 0x00020000) == ALLOWED
    assert ask(machine, "unshare", 0x10020000) == NOT_PERMITTED


@BOTH
def test_nobody_types_into_a_terminal(machine: str) -> None:
    assert [ask(machine, "ioctl", 0, request) for request in (0x5412, 0x541C, 0x5413)] == [1, 1, 0]
    assert ask(machine, "ioctl", 0, 0x5412 | 1 << 40) == NOT_PERMITTED, "the kernel looks at 32 bits"


@BOTH
def test_sockets_are_of_networks_and_of_this_host(machine: str) -> None:
    for network in (True, False):
        assert ask(machine, "socket", 1, 2, network=network) == ALLOWED
        assert ask(machine, "socket", 16, 3, network=network) == ALLOWED
        assert ask(machine, "socket", 2, 0x80001, network=network) == ALLOWED
        assert ask(machine, "socket", 10, 1, 6, network=network) == ALLOWED
        for family in (17, 31, 38, 40, 44):
            assert ask(machine, "socket", family, 1, network=network) == NO_FAMILY
    for kind, protocol in ((2, 0), (3, 1), (1, 262), (1, 132)):
        assert ask(machine, "socket", 2, kind, protocol) == ALLOWED
        assert ask(machine, "socket", 2, kind, protocol, network=False) == DENIED


@BOTH
def test_nothing_is_sent_while_connecting(machine: str) -> None:
    for name, place in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        arguments = [0] * 6
        assert ask(machine, name, *arguments, network=False) == ALLOWED
        arguments[place] = 0x20000000
        assert ask(machine, name, *arguments, network=False) == NOT_SUPPORTED
        assert ask(machine, name, *arguments) == ALLOWED


def test_there_is_no_way_around_by_another_architecture() -> None:
    program = seccomp.program(network=True, machine="x86_64")
    assert decide(program, 0x40000003, 20) == ABSENT, "32 bits"
    assert decide(program, 0xC000003E, 0x40000000 | 39) == ABSENT, "x32"
    assert seccomp.program(network=True, machine="riscv64") == b""


# -- cards ---------------------------------------------------------------------------------------------


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host with four cards, one of them divided."""
    for name in ("dev/nvidia-caps", "sys", "run/opengl-driver/lib"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("nvidiactl", "nvidia-uvm", "nvidia-modeset", *(f"nvidia{minor}" for minor in range(4))):
        (tmp_path / "dev" / name).touch()
    for name, minor in (("gi7/access", 66), ("gi7/ci0/access", 67)):
        path = tmp_path / "proc/driver/nvidia/capabilities/gpu0/mig" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"DeviceFileMinor: {minor}\nDeviceFileMode: 292\n")
        (tmp_path / f"dev/nvidia-caps/nvidia-cap{minor}").touch()
    return tmp_path


def shown(host: Path, *minors: int, mig: tuple[int, ...] = (), display: bool = False) -> dict[str, str]:
    binds = gpu_binds(minors, mig, display=display, root=host)
    return {str(bind.source.relative_to(host)): bind.mode for bind in binds}


def test_a_job_is_shown_its_own_card_and_no_other(host: Path) -> None:
    assert shown(host, 2) == {
        **dict.fromkeys(("dev/nvidiactl", "dev/nvidia-uvm", "dev/nvidia2"), "device"),
        **dict.fromkeys(("sys", "run/opengl-driver"), "read"),
    }
    (host / "dev/nvidia-uvm-tools").touch()
    assert {"dev/nvidia-uvm-tools", "dev/nvidia-modeset", "dev/nvidia0", "dev/nvidia3"} <= shown(
        host, 0, 3, display=True
    ).keys()


def test_a_part_of_a_card_comes_with_its_capabilities(host: Path) -> None:
    minors = mig_minors(0, 7, 0, root=host)
    assert minors == (66, 67)
    assert {"dev/nvidia-caps/nvidia-cap66", "dev/nvidia-caps/nvidia-cap67"} <= shown(
        host, 0, mig=minors
    ).keys()
    with pytest.raises(SandboxError, match="gi8"):
        mig_minors(0, 8, 0, root=host)


@pytest.mark.parametrize("missing", ["nvidia-uvm", "nvidiactl", "nvidia1"])
def test_a_missing_device_is_told_before_the_job_fails(host: Path, missing: str) -> None:
    (host / "dev" / missing).unlink()
    with pytest.raises(SandboxError, match=missing) as caught:
        gpu_binds([1], root=host)
    assert "nvidia-modprobe" in caught.value.remedy


# -- systemd -------------------------------------------------------------------------------------------

OBEDIENT = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n'


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A systemd-run of our own, the only program there is beside those of the system."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    scope._works.cache_clear()
    program = tmp_path / "systemd-run"
    program.write_text(OBEDIENT)
    program.chmod(0o755)
    return program


def test_a_scope_that_bounds_nothing_is_not_believed(systemd: Path) -> None:
    assert scope.guard(memory=1 << 30, tasks=64) is None


def test_a_systemd_that_fails_or_is_not_there_is_no_guard(
    systemd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemd.write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    assert scope.guard(memory=1 << 30) is None
    scope._works.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    assert scope.guard(memory=1 << 30) is None


def test_what_is_asked_for_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope.os, "getuid", lambda: 1000)
    words = scope._words("/run/user/1000", 4 << 30, 64)
    assert words[:2] == ["env", "XDG_RUNTIME_DIR=/run/user/1000"]
    assert {"--user", "--scope", "MemoryMax=4294967296", "MemorySwapMax=0", "TasksMax=64"} <= set(words)
    assert words[-4:] == ["--", "env", "-u", "XDG_RUNTIME_DIR"], "the job never learns of it"
    monkeypatch.setattr(scope.os, "getuid", lambda: 0)
    assert "--user" not in scope._words("/run/user/0", None, None)
