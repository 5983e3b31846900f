"""The words of the sandbox: paths that are seen, levels, what is hidden, the error where there is none."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arctl.errors import ArctlError
from arctl.experiments.confinement import Level

Mode = Literal["read", "write", "device"]
LEVELS: tuple[Level, ...] = (3, 2, 1)

#: What programs need to run at all; links among them (`/lib` to `usr/lib`) are made anew.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/nix/store")
#: Files of /etc that are nobody's business; they are readable where the daemon runs as root.
SECRET = (
    *("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers"),
    "/etc/krb5.keytab",
)
SECRET_FOLDERS = (
    *("/etc/ssh", "/etc/ssl/private", "/etc/sudoers.d", "/etc/wireguard", "/etc/NetworkManager"),
    *("/etc/docker", "/etc/kubernetes"),
)
#: Links that lead out of /etc, to what resolves names.
OUTSIDE = ("/etc/resolv.conf", "/etc/hosts", "/etc/localtime")


class SandboxError(ArctlError):
    """No sandbox can be made here."""


@dataclass(frozen=True, slots=True)
class Bind:
    """A path that is seen inside, at `target` where that is another place; what is below it comes along."""

    source: Path
    mode: Mode = "read"
    target: Path | None = None

    @property
    def place(self) -> Path:
        """Where it is seen."""
        return self.target or self.source


def covers(folder: Path, path: Path) -> bool:
    """Tell whether seeing `folder` means seeing `path`, whichever links lead there."""
    return path.resolve().is_relative_to(folder.resolve())


def home_place(real: Path, private: Path) -> Path:
    """Return where a private home is seen: in the real one's place, so that `~/.x` is found there.

    A home that holds what every sandbox needs cannot be covered: the private one then stays where it is.
    """
    needed = [Path(name) for name in (*SYSTEM, "/proc", "/dev", "/tmp")]  # noqa: S108
    system = any(path.exists() and covers(real, path) for path in needed)
    return private if system or not real.is_absolute() else real


def is_folder(name: str) -> bool:
    """Tell whether there is a folder of that name, itself and no link."""
    try:
        return stat.S_ISDIR(Path(name).lstat().st_mode)
    except OSError:
        return False
