"""Where an API key comes from; it is given to the SDK and to nothing else."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from arctl.daemon.models.prices import is_local
from arctl.daemon.thought import BrainFault
from arctl.experiments.company import Brain as Settings

#: What servers that want no key are given: the SDK insists on one.
DUMMY = "not-needed"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY = re.compile(r"[!-~]+")


class Keys:
    """Finds the key of a brain: the environment, else a private file, else none for a server of one's own."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environ = environ

    def find(self, settings: Settings) -> str:
        """Return the key; raises `BrainFault` where there is none, or where others could read it."""
        name, url = settings.key_env, settings.base_url
        if url and urlsplit(url).scheme != "https" and not is_local(url):
            # In clear text, to another machine: no key is sent there.
            return DUMMY
        if not _NAME.fullmatch(name):
            _missing(f"key_env = {name!r} is no name of a variable", "set [brain] key_env to a plain name")
        path = self._folder / name
        key = self._environ.get(name, "").strip()
        source = f"the variable {name}"
        if not key:
            key, source = self._read(path), str(path)
        if not key and url:
            return DUMMY
        if not key:
            _missing(
                f"there is no API key: {name} is not set where the daemon was started",
                f"write it into {path} (mode 600), or set {name} and start the daemon again",
            )
        if not _KEY.fullmatch(key):
            _missing(f"{source} holds no usable key: it has blanks or unusual characters", f"mend {source}")
        return key

    def _read(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                seen = os.fstat(file.fileno())
                if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.getuid():
                    _missing(f"{path} is not a file of yours", "put the key into a file of your own there")
                if stat.S_IMODE(seen.st_mode) & 0o077:
                    _missing(f"others could read the key in {path}", f"chmod 600 {path}")
                return file.read(4096).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            _missing(f"{path} cannot be read: {error.strerror}", f"make {path} readable for you")


def _missing(message: str, remedy: str) -> NoReturn:
    raise BrainFault("no_key", message, remedy, human=True) from None
