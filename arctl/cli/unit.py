"""The daemon as a systemd user service: its unit file, and what systemctl is told. Never with sudo."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from arctl.errors import ArctlError, RefusedError
from arctl.paths import Home

NAME = "arctl.service"
#: Variables that the daemon has as a service, too; keys go into the file that `keys` names.
KEPT = ("ARCTL_HOME", "ARCTL_DEVICES", "ARCTL_DISK_FLOOR", "PATH", "LD_LIBRARY_PATH", "CUDA_HOME")
#: Exit status of a daemon that found another one in its place.
REFUSED = 5


def folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return where a person's own units lie."""
    return _config(environ) / "systemd" / "user"


def keys(environ: Mapping[str, str] | None = None) -> Path:
    """Return the file with variables that are nobody else's business, such as API keys."""
    return _config(environ) / "arctl" / "environment"


def _config(environ: Mapping[str, str] | None) -> Path:
    found = (os.environ if environ is None else environ).get("XDG_CONFIG_HOME")
    return Path(found) if found else Path.home() / ".config"


def text(home: Home, environ: Mapping[str, str]) -> str:
    """Return the unit for a state folder, with this very interpreter and its devices.

    Only the daemon itself is ended with the service: runs outlive it, and the next one adopts them.
    """
    variables = {name: environ[name] for name in KEPT if environ.get(name)} | {"ARCTL_HOME": str(home.root)}
    lines = "\n".join(
        f"Environment={_quoted(f'{name}={value}')}" for name, value in sorted(variables.items())
    )
    return f"""\
# Written by `arctl service install`; `arctl service uninstall` takes it away.
[Unit]
Description=arctl, mission control for autonomous research
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
ExecStart={_quoted(sys.executable, command=True)} -m arctl.daemon
{lines}
EnvironmentFile=-{_escaped(str(keys(environ)))}
WorkingDirectory=/
# Runs go on when the daemon ends, and none of them takes it along when memory runs out.
KillMode=process
OOMPolicy=continue
OOMScoreAdjust=100
Restart=on-failure
RestartSec=5
RestartPreventExitStatus={REFUSED}
TimeoutStopSec=60

[Install]
WantedBy=default.target
"""


def _escaped(value: str) -> str:
    return value.replace("%", "%%")


def _quoted(value: str, *, command: bool = False) -> str:
    """Quote a word as unit files have it; `%` and, in commands, `$` stand for themselves."""
    if "\n" in value or "\r" in value:
        msg = f"{value!r} cannot stand in a unit file"
        raise RefusedError(msg, "take the line break out of it")
    value = _escaped(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value.replace("$", "$$") if command else value}"'


def systemctl(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Ask the user's own systemd; raises `ArctlError` with its words where it fails."""
    program = shutil.which("systemctl")
    if program is None:
        msg = "there is no systemd here: systemctl is not on the PATH"
        raise RefusedError(msg, "`arctl start` starts the daemon without it; tmux or cron's @reboot can, too")
    done = subprocess.run(
        [program, "--user", *words], capture_output=True, text=True, check=False, timeout=120,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        msg = f"systemctl --user {' '.join(words)}: {said}"
        raise ArctlError(msg, _remedy(said))
    return done


def _remedy(said: str) -> str:
    if "Failed to connect" in said or "No medium found" in said or "not been booted" in said:
        return (
            "your own systemd is not reached: log in directly or by ssh (not by su or sudo), so that"
            " XDG_RUNTIME_DIR is set; `arctl start` works without it"
        )
    return f"`systemctl --user status {NAME}` and `journalctl --user -u {NAME}` say more"


def installed() -> Path | None:
    """Return the unit file, None where there is none."""
    path = folder() / NAME
    return path if path.is_file() else None


def ours(home: Home) -> bool:
    """Tell whether the unit that is installed serves this state folder."""
    path = installed()
    try:
        wanted = f"Environment={_quoted(f'ARCTL_HOME={home.root}')}"
        return path is not None and wanted in path.read_text().splitlines()
    except OSError:
        return False


def serving(pid: int) -> bool:
    """Tell whether a process is the service's; where that cannot be seen, whether systemd says so."""
    try:
        return f"/{NAME}" in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def started(home: Home) -> bool:
    """Start the service, where one is installed for this state folder; False where it did not start."""
    if not ours(home) or shutil.which("systemctl") is None:
        return False
    return systemctl("start", NAME, check=False).returncode == 0


def start() -> None:
    """Start the service; raises `ArctlError`."""
    systemctl("start", NAME)


def lingers() -> bool | None:
    """Tell whether this user's services go on without a login; None where nobody can say."""
    program = shutil.which("loginctl")
    if program is None:
        return None
    done = subprocess.run(
        [program, "show-user", getpass.getuser(), "--property=Linger", "--value"],
        capture_output=True, text=True, check=False, timeout=30, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    said = done.stdout.strip()
    return said == "yes" if done.returncode == 0 and said in ("yes", "no") else None
