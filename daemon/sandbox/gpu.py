"""What a job needs to see of the system to compute on an NVIDIA card: its own devices, no other card."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from arctl.daemon.sandbox.base import SYSTEM, Bind, SandboxError

#: Without these CUDA does not start; `nvidia-uvm` appears when something on the host first asks for it.
NEEDED = ("nvidiactl", "nvidia-uvm")
#: With them, if they are there.
OPTIONAL = ("nvidia-uvm-tools",)
#: Where drivers keep libraries outside of /usr: NixOS.
DRIVERS = ("run/opengl-driver", "run/opengl-driver-32")
LIBRARIES = ("libcuda.so", "libnvidia-ml.so", "libnvidia-ptxjitcompiler.so", "libnvidia-nvvm.so")
_MINOR = re.compile(r"^DeviceFileMinor:\s*(\d+)", re.MULTILINE)
_CARD = re.compile(r"nvidia(\d+)")
_CAPABILITY = re.compile(r"nvidia-cap(\d+)")


def gpu_binds(
    minors: Iterable[int], mig: Iterable[int] = (), *, display: bool = False, root: Path = Path("/")
) -> tuple[Bind, ...]:
    """Return what is bound for cards: `minors` are those of /dev/nvidiaN, which NVML tells (no indices).

    `mig` are the minors of capability devices, as `mig_minors` finds them; `display` adds nvidia-modeset,
    which rendering needs and CUDA does not. The topology is read in /sys; /proc/driver/nvidia is part of
    any /proc. Raises `SandboxError` where a device is missing: nothing inside could make it.
    """
    dev = root / "dev"
    cards = [f"nvidia{minor}" for minor in minors]
    capabilities = [f"nvidia-caps/nvidia-cap{minor}" for minor in mig]
    for name in (*NEEDED, *cards, *capabilities):
        if not (dev / name).exists():
            remedy = (
                "have the driver make it: `nvidia-modprobe -u -c 0`, or `nvidia-smi` as root; the service "
                "nvidia-persistenced does so at boot"
            )
            msg = f"there is no {dev / name}"
            raise SandboxError(msg, remedy)
    wanted = (*NEEDED, *OPTIONAL, *(["nvidia-modeset"] if display else []), *cards, *capabilities)
    devices = tuple(Bind(dev / name, "device") for name in wanted if (dev / name).exists())
    topology = (Bind(root / "sys"),) if (root / "sys").is_dir() else ()
    libraries = (root / name for name in DRIVERS)
    found = {path for path in libraries if path.exists()} | set(_elsewhere(root))
    return (*devices, *topology, *(Bind(path) for path in sorted(found)))


def node_binds(nodes: Iterable[str]) -> tuple[Bind, ...]:
    """Return what is bound for cards that are known by their device files: /dev/nvidia0, and MIG's."""
    names = [Path(node).name for node in nodes]
    minors = [int(found[1]) for name in names if (found := _CARD.fullmatch(name))]
    return gpu_binds(minors, [int(found[1]) for name in names if (found := _CAPABILITY.fullmatch(name))])


def mig_minors(card: int, instance: int, compute: int, *, root: Path = Path("/")) -> tuple[int, ...]:
    """Return the minors of the capability devices of a MIG compute instance: the instance's, and its own."""
    folder = root / "proc/driver/nvidia/capabilities" / f"gpu{card}" / "mig" / f"gi{instance}"
    found = []
    for access in (folder / "access", folder / f"ci{compute}" / "access"):
        try:
            said = _MINOR.search(access.read_text())
        except OSError:
            said = None
        if said is None:
            msg = f"the driver tells no device for {access.parent}"
            raise SandboxError(msg, "look at `nvidia-smi -L` which instances there are")
        found.append(int(said[1]))
    return tuple(found)


def _elsewhere(root: Path) -> Iterator[Path]:
    """Yield folders of driver libraries that the linker knows of and every program does not see anyway."""
    if root != Path("/"):
        return
    for name in _linked():
        path = Path(name)
        for place in (path.parent, path.resolve().parent):
            if not any(place.is_relative_to(system) for system in SYSTEM):
                yield place


@lru_cache(maxsize=1)
def _linked() -> tuple[str, ...]:
    """Return the driver's libraries by the linker's cache; none where there is no such cache."""
    try:
        listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    lines = listed.stdout.decode("utf-8", "replace").splitlines()
    pairs = [line.strip().partition(" => ")[::2] for line in lines]
    return tuple(path for name, path in pairs if path and name.startswith(LIBRARIES))
