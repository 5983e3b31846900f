"""What a job may inherit from the shell that starts its campaign: an allow-list; keys stay behind."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

NAMES = frozenset(
    (
        *("HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"),
        *("VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "XLA_FLAGS"),
    )
)
PREFIXES = ("LC_", "CONDA_", "PYENV_", "UV_", "XDG_CACHE", "XDG_DATA")
#: Package managers carry credentials under their own prefixes, too.
SECRET = re.compile(r"TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|AUTH|KEY", re.IGNORECASE)


def inherited(environment: Mapping[str, str], extra: Collection[str] = ()) -> dict[str, str]:
    """Return the part of an environment that jobs may see; `extra` names what a campaign asks for by name."""
    return {
        name: value
        for name, value in environment.items()
        if name in extra or name in NAMES or (name.startswith(PREFIXES) and not SECRET.search(name))
    }
