"""What to do where no namespaces can be made: the cause is looked for, and its own remedy told."""

from __future__ import annotations

from pathlib import Path

#: A profile for AppArmor 4 that lets bubblewrap, and nothing else, make user namespaces.
PROFILE = (
    "abi <abi/4.0>, include <tunables/global> profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }"
)
_APPARMOR = (
    "AppArmor keeps user namespaces from bubblewrap (Ubuntu 23.10 and newer); as root, once: "
    f"`echo '{PROFILE}' > /etc/apparmor.d/bwrap && apparmor_parser -r /etc/apparmor.d/bwrap`"
)
_CLONE = (
    "user namespaces are switched off; as root: "
    "`echo kernel.unprivileged_userns_clone=1 > /etc/sysctl.d/60-userns.conf && sysctl --system`"
)
_NUMBER = (
    "no user namespaces may be made; as root: "
    "`echo user.max_user_namespaces=65536 > /etc/sysctl.d/60-userns.conf && sysctl --system`"
)
_CONTAINER = (
    "this container forbids user namespaces; start it with `--security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined --security-opt systempaths=unconfined` (docker), or `--security-opt unmask=ALL "
    "--security-opt seccomp=unconfined` (podman), or use level 2"
)
_ELSE = (
    "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces=65536), "
    "run outside of that container, or use level 2"
)


def namespaces_remedy(trouble: str, root: Path = Path("/")) -> str:
    """Return what lets bubblewrap make its namespaces, after what this system says of itself."""
    kernel = root / "proc/sys/kernel"
    if setting(root / "proc/sys/user/max_user_namespaces") == "0":
        return _NUMBER
    if setting(kernel / "unprivileged_userns_clone") == "0":
        return _CLONE
    if in_container(root):
        return _CONTAINER
    denied = "permission denied" in trouble.lower() or "not permitted" in trouble.lower()
    if denied and setting(kernel / "apparmor_restrict_unprivileged_userns") == "1":
        return _APPARMOR
    return _ELSE


def setting(path: Path) -> str | None:
    """Return what a file of /proc/sys says; None where this kernel has none."""
    try:
        return path.read_text().strip()
    except OSError:
        return None


def in_container(root: Path = Path("/")) -> bool:
    """Tell whether this is a container of docker, podman or Kubernetes."""
    marks = (".dockerenv", "run/.containerenv", "var/run/secrets/kubernetes.io")
    return any((root / mark).exists() for mark in marks)
