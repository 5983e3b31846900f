"""Where a daemon lives, and how a wire to it is laid: this machine's socket, or `arctl stdio` over ssh."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from arctl import protocol
from arctl.errors import ArctlError, NotRunningError, UsageError
from arctl.paths import Home
from arctl.ssh import Goodbye, Ssh, explain
from arctl.text import clean

#: Names the ssh to use, with options of its own: `ssh -F other_config`.
SSH_VARIABLE = "ARCTL_SSH"
#: Seconds that ssh may take until the far machine has answered at all.
CONNECT_TIMEOUT = 10
#: Seconds between ssh's questions whether the other side is still there, and how many may stay unanswered.
ALIVE_INTERVAL, ALIVE_COUNT = 5, 3
#: Lines that a far shell may say before the daemon does: greetings in its start-up files.
MAX_FOREIGN = 200

_TILDE = re.compile(r"(~[\w.-]*/)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """An open wire: `ended` says why it broke, `close` hangs up; neither raises.

    `foreign` lines that are no messages may come before the first one.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ended: Callable[[Goodbye], Awaitable[ArctlError]]
    close: Callable[[], Awaitable[None]]
    foreign: int = 0


class Place(Protocol):
    """A place where a daemon lives; what an error about it says is said here."""

    @property
    def label(self) -> str:
        """The machine's name, for a heading."""

    @property
    def start_hint(self) -> str:
        """How a daemon is started there."""

    @property
    def silence_hint(self) -> str:
        """Where to look when nothing is answered."""

    @property
    def version_hint(self) -> str:
        """What to do when the other side speaks another protocol; "" where the daemon says it best."""

    @property
    def patience(self) -> float:
        """Seconds that the way there adds to the time a greeting may take."""

    async def open(self, timeout: float) -> Line:
        """Lay a wire; raises `NotRunningError`."""


@dataclass(frozen=True, slots=True)
class Local:
    """The daemon of a state folder on this machine."""

    home: Home

    start_hint = "start it with `arctl start`"
    version_hint = ""
    patience = 0.0

    @property
    def label(self) -> str:
        """This machine's name."""
        return socket.gethostname()

    @property
    def silence_hint(self) -> str:
        """Name the daemon's log."""
        return f"look into {self.home.log}"

    async def open(self, timeout: float) -> Line:
        """Connect to the socket; raises `NotRunningError` where nobody listens."""
        path = str(self.home.socket)
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_unix_connection(path, limit=protocol.MAX_LINE), timeout
            )
        except FileNotFoundError as error:
            msg = f"no daemon is running for {self.home.root}"
            raise NotRunningError(msg, self.start_hint) from error
        except (ConnectionRefusedError, ConnectionResetError) as error:
            msg = "no daemon listens"  # it left its socket behind when it died
            raise NotRunningError(msg, self.start_hint) from error
        except TimeoutError as error:
            msg = f"the daemon does not answer at {path}"
            raise NotRunningError(msg, self.silence_hint) from error
        except OSError as error:
            msg = f"cannot connect: {error.strerror or error}: {path}"
            raise NotRunningError(msg, "set ARCTL_HOME to a folder of yours") from error

        async def close() -> None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

        return Line(reader, writer, self._ended, close)

    async def _ended(self, goodbye: Goodbye) -> ArctlError:
        if goodbye.error is None:
            return NotRunningError("the daemon hung up", self.start_hint)
        return NotRunningError(f"the connection to the daemon broke: {goodbye.error}", self.start_hint)


@dataclass(frozen=True, slots=True)
class Remote:
    """The daemon of another machine, reached by `ssh HOST COMMAND stdio`.

    `home` is the far state folder where it is not the far user's own. A host that ssh could take for an
    option is refused with `UsageError`.
    """

    host: str
    command: tuple[str, ...] = ("arctl",)
    home: str = ""
    ssh: tuple[str, ...] = ("ssh",)

    patience = 15.0

    def __post_init__(self) -> None:
        if not self.host or self.host.startswith("-") or "@-" in self.host or clean(self.host) != self.host:
            msg = f"{clean(self.host, 60)!r} is no host"
            raise UsageError(msg, "name it as ssh does: `box` or `user@box`")
        if " " in self.host:
            msg = f"{clean(self.host, 60)!r} is no host: it has a blank"
            raise UsageError(msg, f"options of ssh go into ~/.ssh/config, or into {SSH_VARIABLE}")
        if not self.command or not self.ssh:
            raise UsageError("the command is empty", "leave it out, or name one")

    @property
    def label(self) -> str:
        """The host without user, scheme and port."""
        bare = self.host.removeprefix("ssh://").rsplit("@", 1)[-1].split("/")[0]
        return bare.split(":")[0] if self.host.startswith("ssh://") else bare

    @property
    def start_hint(self) -> str:
        """How it is started from here."""
        return f"start it there: `{self.by_hand('start')}`"

    @property
    def silence_hint(self) -> str:
        """What tells whether the machine or the daemon is stuck."""
        return f"see whether `{self.by_hand('status')}` answers"

    @property
    def version_hint(self) -> str:
        """Both sides belong together."""
        return f"install the same arctl here and on {self.label}, or attach there: `{self.by_hand('tui')}`"

    def far(self, *words: str) -> str:
        """Return the command line of an arctl command for the far shell."""
        home = ("env", f"ARCTL_HOME={self.home}") if self.home else ()
        return " ".join(_quoted(word) for word in (*home, *self.command, *words))

    def by_hand(self, verb: str) -> str:
        """Return what a person would type here for an arctl command there."""
        return f"ssh {'-t ' if verb == 'tui' else ''}{self.host} {self.far(verb)}"

    def words(self) -> tuple[str, ...]:
        """Return the ssh command line: it asks nothing, and notices when the other side is gone."""
        settings = (
            "BatchMode=yes",
            f"ConnectTimeout={CONNECT_TIMEOUT}",
            f"ServerAliveInterval={ALIVE_INTERVAL}",
            f"ServerAliveCountMax={ALIVE_COUNT}",
        )
        options = [part for setting in settings for part in ("-o", setting)]
        return (*self.ssh, "-T", *options, "--", self.host, self.far("stdio"))

    async def open(self, timeout: float) -> Line:
        """Start ssh; whether it gets through shows when the greeting is answered."""
        del timeout  # ssh has its own; the greeting is waited for with `patience` more
        wire = await Ssh.start(self.words())

        async def ended(goodbye: Goodbye) -> ArctlError:
            code, said = await wire.end()
            return explain(self, code, said, goodbye)

        return Line(wire.reader, wire.writer, ended, wire.close, MAX_FOREIGN)


def _quoted(word: str) -> str:
    """Quote a word for a shell, but leave `~/` in front to it: it knows where that is."""
    found = _TILDE.fullmatch(word)
    return found[1] + shlex.quote(found[2]) if found and found[2] else shlex.quote(word)


def remote(host: str, command: str = "", home: str = "", environ: Mapping[str, str] | None = None) -> Remote:
    """Return the place behind a host as a person names it; raises `UsageError` for what cannot be one."""
    ssh = (os.environ if environ is None else environ).get(SSH_VARIABLE) or "ssh"
    return Remote(host, _split(command or "arctl", "--remote-command"), home, _split(ssh, SSH_VARIABLE))


def _split(text: str, whose: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        msg = f"{whose} cannot be read: {error}"
        raise UsageError(msg, "write it as for a shell, each quote closed") from error
