"""Where things lie: the state folder, and every file of ours in it."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from arctl.errors import ArctlError, UsageError

#: `sun_path` holds 108 bytes on Linux and 104 on macOS, the closing NUL included.
MAX_SOCKET_PATH = 100


def default_home() -> Path:
    """Return `$ARCTL_HOME`, else `arctl` under the XDG state folder."""
    if home := os.environ.get("ARCTL_HOME"):
        return Path(home).expanduser().absolute()
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "arctl"


def expanded(text: str) -> Path:
    """Return a path as a person wrote it, with `~` resolved; raises `UsageError` where that is nobody's."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        msg = f"{text} is in nobody's home"
        raise UsageError(msg, "write ~/ for your own, or the path in full") from error


@dataclass(frozen=True, slots=True)
class Home:
    """One state folder; a daemon owns it for as long as it holds `lock`."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The SQLite file."""
        return self.root / "ledger.db"

    @property
    def lock(self) -> Path:
        """The file whose flock makes a daemon the only one."""
        return self.root / "daemon.lock"

    @property
    def log(self) -> Path:
        """What the daemon says of itself."""
        return self.root / "daemon.log"

    @property
    def ballast(self) -> Path:
        """A file that is deleted to make room when the disk is full."""
        return self.root / "ballast"

    @property
    def backups(self) -> Path:
        """Copies of the ledger, made while the daemon runs."""
        return self.root / "backups"

    @property
    def damaged(self) -> Path:
        """Ledgers in whose place a backup was put."""
        return self.root / "damaged"

    @property
    def aside(self) -> Path:
        """Run folders of which a ledger that was put back knows nothing."""
        return self.root / "aside"

    @property
    def trash(self) -> Path:
        """What is being deleted."""
        return self.root / "trash"

    @property
    def runs(self) -> Path:
        """Run folders: `runs/<run>/<attempt>/`."""
        return self.root / "runs"

    @property
    def trees(self) -> Path:
        """Work trees of runs that are prepared or under way."""
        return self.root / "trees"

    @property
    def scratch(self) -> Path:
        """Work trees of agents that are thinking."""
        return self.root / "scratch"

    def campaign(self, name: str) -> Path:
        """Return the folder of one campaign: its bare repository and its data."""
        return self.root / "campaigns" / name

    def hidden(self, name: str) -> Path:
        """Return the folder of a campaign's data that no run may see; only what scores it may."""
        return self.campaign(name) / "hidden"

    def trusted(self, name: str, commit: str) -> Path:
        """Return the files of a campaign's first commit, from which its runs are scored."""
        return self.campaign(name) / "trusted" / commit

    def run_folder(self, run: str, attempt: int) -> Path:
        """Return the folder of one attempt of a run."""
        return self.runs / run / str(attempt)

    @property
    def aheads(self) -> Path:
        """Folders of environments that are made while other runs train."""
        return self.root / "ahead"

    def ahead(self, run: str, attempt: int) -> Path:
        """Return the folder in which the environment of one attempt of a run is made."""
        return self.aheads / f"{run}-{attempt}"

    def tree(self, run: str) -> Path:
        """Return the work tree of a run."""
        return self.trees / run

    @property
    def socket(self) -> Path:
        """The daemon's socket; in a short temporary folder where the state folder's path is too long."""
        path = self.root / "run" / "arctl.sock"
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
            return path
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"arctl-{os.getuid()}-{digest}" / "arctl.sock"


def private_folder(path: Path, *, close: bool = True) -> Path:
    """Create `path` with mode 0700 and insist that it is ours; raises `ArctlError` when it is not.

    One that was there before is closed to others too, unless `close` is False.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    seen = path.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
        msg = f"{path} is not a folder of yours"
        raise ArctlError(msg, "remove it, or set ARCTL_HOME to a folder of your own")
    if close and stat.S_IMODE(seen.st_mode) & 0o077:
        path.chmod(0o700)
    return path
