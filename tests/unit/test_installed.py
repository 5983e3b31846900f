"""What has to be seen of this machine for a run's programs to start."""

from __future__ import annotations

from pathlib import Path

from arctl.daemon.jobs.installed import called, installations, origins


def _environment(folder: Path, made_from: Path | None = None) -> Path:
    """Lay out what stands on disk of an environment, and return its interpreter."""
    (folder / "bin").mkdir(parents=True)
    if made_from is not None:
        (folder / "pyvenv.cfg").write_text(f"home = {made_from}\nversion = 3.11\n")
    else:
        (folder / "conda-meta").mkdir()
    python = folder / "bin" / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    return python


def test_an_interpreter_called_by_its_whole_path_brings_its_installation_along(tmp_path: Path) -> None:
    base = _environment(tmp_path / "conda")
    python = _environment(tmp_path / "env", base.parent)
    seen = list(called([f"SEED=1 {python} train.py"]))
    assert set(seen) == {tmp_path / "env", tmp_path / "conda"}


def test_of_a_program_that_belongs_to_nothing_only_itself_is_seen(tmp_path: Path) -> None:
    script, secret = tmp_path / "run.sh", tmp_path / "secret"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    secret.write_text("secret")
    assert list(called([f"{script} {secret} {tmp_path}", "/bin/sh -c true", 'echo "unfinished'])) == [script]


def test_an_environment_names_what_it_was_made_from(tmp_path: Path) -> None:
    base = _environment(tmp_path / "conda")
    _environment(tmp_path / "env", base.parent)
    assert list(origins(tmp_path / "env")) == [tmp_path / "conda"]
    assert list(origins(tmp_path / "conda")) == []


def test_scripts_that_choose_a_version_bring_all_versions_along(tmp_path: Path) -> None:
    (tmp_path / "pyenv" / "shims").mkdir(parents=True)
    (tmp_path / "pyenv" / "versions").mkdir()
    (tmp_path / "shims").mkdir()
    search = f"{tmp_path}/pyenv/shims:{tmp_path}/shims"
    assert installations(search, "") == (tmp_path / "pyenv", tmp_path / "shims")
