"""What a job may inherit from the shell that starts its campaign: an allow-list; keys stay behind."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping

NAMES = frozenset(
    (
        *("HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"),
        *("VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "XLA_FLAGS"),
    )
)
#: What leads to the network from behind a company's proxy; for jobs that have the network.
PROXIES = frozenset(("ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"))
CERTIFICATES = frozenset(
    (
        *("CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE"),
        *("SSL_CERT_DIR", "SSL_CERT_FILE"),
    )
)
PREFIXES = ("LC_", "CONDA_", "PYENV_", "UV_", "XDG_CACHE", "XDG_DATA")
#: Package managers carry credentials under their own prefixes, too.
SECRET = re.compile(r"TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|AUTH|KEY", re.IGNORECASE)
#: An address with somebody's name, and so perhaps a password, in it.
PASSWORD = re.compile(r"://[^/@\s]*@")


def inherited(
    environment: Mapping[str, str], extra: Collection[str] = (), *, online: bool = True
) -> dict[str, str]:
    """Return the part of an environment that jobs may see; `extra` names what a campaign asks for by name.

    Where they are `online`, what leads to the network belongs to it. Addresses with a password stay behind.
    """
    return {
        name: value
        for name, value in environment.items()
        if name in extra
        or name in NAMES
        or (name.startswith(PREFIXES) and not SECRET.search(name) and not PASSWORD.search(value))
        or (online and _leads(name, value))
    }


def certificates(environment: Mapping[str, str]) -> list[str]:
    """Return the paths of the certificates that an environment names; one may be a list of folders."""
    named = (environment.get(name, "").split(os.pathsep) for name in sorted(CERTIFICATES))
    return [path for paths in named for path in paths if path]


def _leads(name: str, value: str) -> bool:
    return name in CERTIFICATES or (name.upper() in PROXIES and "@" not in value)
