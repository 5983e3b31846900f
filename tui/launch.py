"""From a command to a running interface: what must be settled before Textual is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass, replace

from arctl.errors import UsageError
from arctl.paths import Home, default_home
from arctl.places import Local, Place


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person chose; `host_label` stands in for the machine's name, no `place` is this machine."""

    readonly: bool = False
    host_label: str = ""
    no_color: bool = False
    #: `dark`, `light` or `ansi`.
    theme: str = "dark"
    #: `braille`, `block` or `ascii`.
    glyphs: str = "braille"
    #: The campaign to replay, and from when on; "" for the daemon as it is.
    replay: str = ""
    at: str = ""
    place: Place | None = None


def prepare(environ: MutableMapping[str, str]) -> None:
    """Settle what Textual reads from the environment: the terminal's own size, and nothing animated over SSH.

    Where a shell exports LINES and COLUMNS they would stand for the window whatever size it is given.
    """
    for name in ("LINES", "COLUMNS"):
        environ.pop(name, None)
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        environ.setdefault("TEXTUAL_ANIMATIONS", "none")
        environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")


def launch(settings: Settings) -> int:
    """Run the interface of a place, else of `$ARCTL_HOME`, in this terminal; the daemon goes on after it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        msg = "`arctl tui` needs a terminal"
        raise UsageError(msg, "use `arctl status` or `arctl experiments --json` in scripts and pipes")
    if settings.at and not settings.replay:
        msg = "--at needs --replay"
        raise UsageError(msg, "name the campaign: `arctl tui --replay CAMPAIGN --at 50%`")
    prepare(os.environ)
    from arctl.tui.app import ArctlApp  # after `prepare`

    place = settings.place or Local(Home(default_home()))
    plain = settings.no_color or bool(os.environ.get("NO_COLOR"))
    label = settings.host_label or place.label
    app = ArctlApp(place, replace(settings, host_label=label, no_color=plain))
    app.run()
    return app.return_code or 0
