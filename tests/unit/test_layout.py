"""The house: import names, lazy imports, the wheel's content, what the repository must not say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def loaded(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has after running code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_bare_names_are_never_imported() -> None:
    modules = loaded("import arctl.daemon.main, arctl.tui, arctl.experiments.spec, arctl.cli")
    assert not modules & {"daemon", "tui", "experiments"}
    assert "arctl.daemon.main" in modules


@pytest.mark.parametrize("name", ["daemon", "tui", "experiments"])
def test_the_folders_are_linked_into_the_package(name: str) -> None:
    link = ROOT / "arctl" / name
    assert link.is_symlink()
    assert str(link.readlink()) == f"../{name}"


def test_the_face_loads_nothing_heavy() -> None:
    modules = loaded("import arctl.cli, arctl.client")
    heavy = {"textual", "anthropic", "optuna", "scipy", "numpy", "pydantic", "sqlite_utils", "pynvml"}
    assert not modules & heavy


def test_the_daemon_starts_without_what_only_some_campaigns_need() -> None:
    modules = loaded("import arctl.daemon.main")
    assert not modules & {"textual", "anthropic", "optuna", "torch", "sklearn"}


def test_the_tui_never_loads_the_daemon() -> None:
    modules = loaded("import arctl.tui.app")
    assert not {name for name in modules if name.startswith("arctl.daemon")}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_no_path_of_one_machine_is_in_the_repository() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w")
    for path in tracked():
        if path.is_symlink() or path.suffix in {".svg", ".png"} or path == Path(__file__):
            continue
        found = pattern.search(path.read_text("utf-8", "replace"))
        assert not found, f"{path}: {found}"
