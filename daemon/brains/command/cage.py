"""What a command may see: its work tree, an empty home, its own installation, what the campaign adds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from arctl.daemon.brains.command.place import DESK, TASK, Place
from arctl.daemon.rows import Campaign
from arctl.daemon.sandbox import Bind, Limits, Sandbox, covers, home_place
from arctl.daemon.thought import BrainFault
from arctl.experiments.company import Brain as Settings
from arctl.paths import Home, default_home

#: Variables of whoever started the campaign that say how to find and print things, nothing more.
KEPT = ("PATH", "LANG", "LANGUAGE", "TERM", "TZ", "USER", "LOGNAME", "SHELL")
LIMITS = Limits(processes=4096, file_bytes=4 << 30)
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def search_path(campaign: Campaign) -> str:
    """Return the PATH in which a campaign's programs are looked for."""
    return campaign.env.get("PATH") or os.environ.get("PATH") or DEFAULT_PATH


@dataclass(frozen=True, slots=True)
class Cage:
    """The surroundings of one run; `seen` are the paths of the command's own installation."""

    settings: Settings
    campaign: Campaign
    place: Place
    seen: tuple[Path, ...] = ()
    #: Variables of the profile.
    env: dict[str, str] = field(default_factory=dict)

    def environment(self, *, inside: bool) -> dict[str, str]:
        """Return the whole environment: an allow-list, and what the campaign passes on by name."""
        ours = self.campaign.env
        kept = {name: value for name, value in ours.items() if name in KEPT or name.startswith("LC_")}
        passed = {name: os.environ.get(name, ours.get(name)) for name in self.settings.env_pass}
        return {
            "TERM": "dumb",
            **kept,
            **self.env,
            **{name: value for name, value in passed.items() if value is not None},
            "PATH": search_path(self.campaign),
            "HOME": str(self.home if inside else self.place.home),
            "TMPDIR": "/tmp" if inside else str(self.place.home),  # noqa: S108  # the sandbox's own
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "ARCTL_TASK": str(self.place.desk / TASK),
            "ARCTL_DESK": str(self.place.at / DESK),
        }

    @property
    def home(self) -> Path:
        """Where the private home is seen: at the real one's place, so that `~/.claude/x` is found there."""
        real = Path(os.path.expanduser("~"))  # noqa: PTH111  # never raises
        return home_place(real, self.place.home)

    def inside(self, words: Sequence[str]) -> list[str]:
        """Return the command line within a sandbox; raises `BrainFault` where it would see too much."""
        binds = [Bind(self.place.home, "write", self.home), Bind(self.place.tree, "write")]
        for path in (*self.seen, *self._extra()):
            self._decent(path)
            binds.append(Bind(path))
        box = Sandbox(self.place.at, tuple(binds), network=self.settings.network, limits=LIMITS)
        return box.wrap(words)

    def outside(self, words: Sequence[str]) -> list[str]:
        """Return the command line without a sandbox: it ends with the daemon where that can be had."""
        for path in self._extra():
            if path.is_relative_to(self.home) and path != self.home:
                link = self.place.home / path.relative_to(self.home)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
        tie = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        limited = LIMITS.wrap(words, inside=False) if shutil.which("prlimit") else list(words)
        return [*tie, *limited]

    def _extra(self) -> Iterator[Path]:
        for name in self.settings.read_only:
            path = Path(self.campaign.root) / os.path.expanduser(name)  # noqa: PTH111  # a name yet
            if not path.exists():
                msg = f"[brain] read_only names {name}, which is not there"
                raise BrainFault("not_installed", msg, "create it, or take it out of arctl.toml", human=True)
            yield Path(os.path.normpath(path))

    def _decent(self, path: Path) -> None:
        """Refuse to show any part of arctl's own state: its ledger, its socket, other agents' work."""
        ours = Home(default_home())
        for secret in (ours.root, ours.socket.parent, self.place.folder.parent):
            if covers(path, secret) or covers(secret, path):
                msg = f"the command would see {path}, where arctl keeps its own state"
                raise BrainFault("no_sandbox", msg, "name less in [brain] read_only and command", human=True)
