"""The systemd unit: what stands in it, what systemd thinks of it, and what systemctl is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from arctl.cli import unit
from arctl.paths import Home
from tests.support.cli import Arctl

ENVIRON = {
    "ARCTL_DEVICES": "gpu:0,1",
    "PATH": "/usr/bin:/opt/my tools/bin",
    "ANTHROPIC_API_KEY": "sk-secret",
    "XDG_CONFIG_HOME": "/etc/somebody",
}

#: Stands in for systemctl and loginctl: writes down what it is asked, and says what a test wants.
FAKE = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "$FAKE_LOG"
case "$*" in
*show-user*) echo no ;;
*is-active*) echo active ;;
*is-enabled*) echo enabled ;;
*show-environment*) [ -z "$FAKE_DOWN" ] || { echo "Failed to connect to bus" >&2; exit 1; } ;;
esac
"""


def test_the_unit_keeps_runs_alive_and_no_secrets() -> None:
    text = unit.text(Home(Path("/srv/100%/arctl")), ENVIRON)
    lines = text.splitlines()
    assert f'ExecStart="{sys.executable}" -m arctl.daemon' in lines
    assert 'Environment="ARCTL_HOME=/srv/100%%/arctl"' in lines
    assert 'Environment="ARCTL_DEVICES=gpu:0,1"' in lines
    assert 'Environment="PATH=/usr/bin:/opt/my tools/bin"' in lines
    assert {"KillMode=process", "OOMPolicy=continue", "Restart=on-failure", "Type=exec"} <= set(lines)
    assert "sk-secret" not in text
    assert "EnvironmentFile=-/etc/somebody/arctl/environment" in lines


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path) -> None:
    path = tmp_path / unit.NAME
    path.write_text(unit.text(Home(tmp_path / "a 100% home"), ENVIRON))
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    said = [line for line in done.stderr.splitlines() if unit.NAME in line]
    if done.returncode and not said:
        pytest.skip(f"systemd-analyze does not work here: {done.stderr.strip()[:200]}")
    assert said == []


@pytest.fixture
def arctl(tmp_path: Path) -> Arctl:
    """The command line with a systemctl that only writes down what it is asked."""
    fakes = tmp_path / "bin"
    fakes.mkdir()
    for name in ("systemctl", "loginctl"):
        (fakes / name).write_text(FAKE)
        (fakes / name).chmod(0o755)
    found = Arctl(tmp_path / "home")
    found.env |= {
        "PATH": f"{fakes}:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "FAKE_LOG": str(tmp_path / "asked"),
    }
    return found


def asked(tmp_path: Path) -> list[str]:
    path = tmp_path / "asked"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line for line in lines if line.startswith("systemctl")]


def test_a_service_is_installed_shown_and_taken_away(arctl: Arctl, tmp_path: Path) -> None:
    path = tmp_path / "config" / "systemd" / "user" / "arctl.service"
    printed = arctl.ok("service", "install", "--print")
    assert not path.exists()
    done = arctl("service", "install")
    assert done.returncode == 0, done.stderr
    assert path.read_text() == printed
    assert f'Environment="ARCTL_HOME={arctl.home.root}"' in printed
    assert asked(tmp_path) == [
        "systemctl --user show-environment",
        "systemctl --user daemon-reload",
        "systemctl --user enable arctl.service",
        "systemctl --user start arctl.service",
    ]
    assert "loginctl enable-linger" in done.stderr
    assert "sudo" not in done.stderr
    shown = arctl.json("service", "status")
    assert (shown["active"], shown["enabled"], shown["linger"], shown["pid"]) == (
        "active", "enabled", False, None,
    )  # fmt: skip
    asked(tmp_path)
    arctl.ok("service", "uninstall")
    assert not path.exists()
    assert asked(tmp_path)[0] == "systemctl --user disable --now arctl.service"
    assert arctl("service", "uninstall").returncode == 5


def test_a_systemd_that_is_not_reached_is_told_before_anything_is_written(
    arctl: Arctl, tmp_path: Path
) -> None:
    done = arctl("service", "install", FAKE_DOWN="1")
    assert done.returncode == 1
    assert "not by su or sudo" in done.stderr
    assert "`arctl start` works without it" in done.stderr
    assert not (tmp_path / "config").exists()


def test_without_systemd_it_is_said_what_else_works(arctl: Arctl, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    done = arctl("service", "install", PATH=str(bare))
    assert done.returncode == 5
    assert "there is no systemd here" in done.stderr
    assert "arctl start" in done.stderr
