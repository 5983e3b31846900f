"""A real sshd on a free port of this machine, with keys of its own, and the client's side of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.support.daemon import wait_for

SSHD = shutil.which("sshd", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/usr/local/sbin")))
HAVE = SSHD is not None and shutil.which("ssh") is not None

SERVER = """ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv PATH={path}
"""
#: `box` is as it should be; the others are each wrong in one way. The first value found counts.
CLIENT = """Host box-stranger
  UserKnownHostsFile /dev/null
Host box-changed
  UserKnownHostsFile {folder}/known_others
Host box-locked
  IdentityFile {folder}/other_key
Host * !box-locked
  IdentityFile {folder}/user_key
Host box box-*
  HostName 127.0.0.1
  Port {port}
Host closed
  HostName 127.0.0.1
  Port {closed}
Host mute
  HostName 127.0.0.1
  Port {mute}
Host nowhere
  HostName nowhere.invalid
Host *
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile /dev/null
  HostKeyAlias box
  StrictHostKeyChecking yes
  IdentitiesOnly yes
  IdentityAgent none
"""


class Sshd:
    """An ssh server that lets one key in; `ssh` is the command that knows the way to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in ("host_key", "user_key", "other_key"):
            make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
        shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
        for name, key in (("known_hosts", "host_key"), ("known_others", "other_key")):
            kind, words, *_ = (folder / f"{key}.pub").read_text().split()
            (folder / name).write_text(f"box {kind} {words}\n")
        # Takes connections and never says a word.
        self._mute = socket.create_server(("127.0.0.1", 0))
        # Bound and not listening: whoever connects is refused, and nobody else gets the port.
        self._closed = socket.socket()
        self._closed.bind(("127.0.0.1", 0))
        self._process: subprocess.Popen[bytes] | None = None
        self.ssh = f"ssh -F {folder}/config"
        self._start()

    def _start(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)  # sshd wants it, empty
        path = os.pathsep.join((str(Path(sys.executable).parent), os.defpath))
        for _ in range(5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            given = {"folder": self.folder, "port": port, "path": path}
            (self.folder / "sshd_config").write_text(SERVER.format(**given))
            ways = {"closed": self._closed.getsockname()[1], "mute": self._mute.getsockname()[1]}
            (self.folder / "config").write_text(CLIENT.format(**given, **ways))
            if self._listens():
                return
        raise AssertionError((self.folder / "sshd.log").read_text())

    def _listens(self) -> bool:
        """Start it; False where somebody else took the port meanwhile."""
        assert SSHD
        log = self.folder / "sshd.log"
        with log.open("wb") as sink:
            command = [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=sink)
        self._process = process
        wait_for("sshd", lambda: "Server listening" in log.read_text() or process.poll() is not None)
        return process.poll() is None

    def close(self) -> None:
        """End it; connections that are open go on until their clients leave."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._mute.close()
        self._closed.close()


def gone(pid: int, patience: float = 60.0) -> bool:
    """Wait until a process has ended; False where it never does."""
    end = time.monotonic() + patience
    while Path(f"/proc/{pid}/exe").exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
