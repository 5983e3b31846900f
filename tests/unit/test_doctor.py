"""`arctl doctor`: the same attacks succeed without a sandbox and fail in one; what is said of it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.doctor import bundle, facts
from arctl.daemon.doctor.attacks import ATTACKS
from arctl.daemon.doctor.probes import PROBES, Host, Probe, expected, judge
from arctl.daemon.doctor.stage import stage
from arctl.daemon.sandbox import Level
from arctl.daemon.sandbox.landlock import abi
from arctl.paths import Home
from tests.support.boxes import need
from tests.support.cli import Arctl

#: What nothing but a sandbox stops, whoever runs it and however the kernel is set up.
PLANTED = {
    *("ssh_key", "api_key", "ledger_read", "ledger_write", "evaluator_write", "evaluator_replace"),
    *("git_write", "write_outside", "symlink_out", "signal", "socket_abstract", "setuid"),
}


@pytest.fixture
def arctl(tmp_path: Path) -> Arctl:
    """The command, with a state folder that nobody has used."""
    return Arctl(tmp_path / "home")


def examined(arctl: Arctl, level: Level, *words: str, code: int = 0) -> dict[str, Any]:
    """Run the doctor and return its document."""
    need(level)
    done = arctl("doctor", "--level", level, "--json", *words)
    assert done.returncode == code, (done.stdout, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def got(document: dict[str, Any]) -> dict[str, str]:
    """Return what came of each probe."""
    return {row["name"]: row["got"] for row in document["probes"]}


def test_every_attack_is_expected_and_every_probe_is_made() -> None:
    assert set(ATTACKS) == {probe.name for probe in PROBES}


def test_level_3_keeps_everything_out(arctl: Arctl, tmp_path: Path) -> None:
    found = examined(arctl, 3)
    assert found["ok"]
    assert found["best"] == 3
    assert found["daemon"] == {"running": False, "why": f"no daemon is running for {tmp_path / 'home'}"}
    results = got(found)
    allowed = {"own_files", "loopback"} | ({"fork_bomb"} if os.getuid() == 0 else set())
    assert {name for name, what in results.items() if what not in ("refused", "nothing")} == allowed
    assert {name for name in PLANTED if results[name] == "refused"} == PLANTED
    assert not (tmp_path / "home").exists(), "it leaves nothing behind"


def test_the_stage_and_the_stand_in_go_away() -> None:
    with stage() as found, found.daemon() as ports:
        root, pid = found.root, ports["pid"]
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        assert Path(f"/proc/{pid}").exists()
    assert not root.exists()
    assert not Path(f"/proc/{pid}").exists()
    assert found.reached == frozenset(), "nobody came"


def test_level_2_keeps_out_what_landlock_knows(arctl: Arctl) -> None:
    found = examined(arctl, 2)
    results = got(found)
    if abi() >= 6:
        assert {name for name in PLANTED if results[name] == "refused"} == PLANTED
        assert results["loopback"] == "fails"
    told = {row["name"]: row for row in found["probes"]}
    assert (told["socket"]["verdict"], told["socket"]["expected"]) == ("open", "open")
    assert "level 3" in told["socket"]["remedy"]


def test_level_1_keeps_nothing_out_so_that_the_attacks_are_real(arctl: Arctl) -> None:
    results = got(examined(arctl, 1))
    assert {name for name in PLANTED if results[name] == "open"} == PLANTED
    assert results["memory"] == results["file_size"] == results["left_behind"] == "refused"


def test_it_is_a_table_for_people(arctl: Arctl) -> None:
    need(3)
    done = arctl("doctor", COLUMNS="80")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("kernel ") for line in lines)
    assert any(line.split()[:4] == ["ssh_key", "refused", "refused", "ok"] for line in lines)
    assert lines[-1].startswith(f"{len(PROBES)} probes at level 3: 0 not as expected")


def test_a_level_that_cannot_be_had_is_told_with_its_remedy(arctl: Arctl, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("prlimit", "sh", "true", "env", "git"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    arctl.env["PATH"] = str(tools)
    done = arctl("doctor")
    assert done.returncode == 1
    assert "level 3 cannot be had here: bubblewrap is not installed" in done.stderr
    assert "apt-get install bubblewrap" in done.stderr
    document = json.loads(arctl("doctor", "--json").stdout)
    assert (document["ok"], document["probes"]) == (False, [])
    assert "bubblewrap" in document["missing"]["message"]


def test_an_interpreter_is_tried_for_torch(arctl: Arctl, tmp_path: Path) -> None:
    need(3)
    package = tmp_path / "lib" / "torch.py"
    package.parent.mkdir()
    package.write_text(
        "__version__ = '9.9'\nclass ones:\n    def __init__(self, n): self.n = n\n"
        "    def sum(self): return self.n\n"
    )
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={package.parent} exec {Path(sys.executable).resolve()} "$@"\n')
    python.chmod(0o755)
    torch = next(
        row for row in examined(arctl, 3, "--python", str(python))["probes"] if row["name"] == "torch"
    )
    assert (torch["got"], torch["detail"]) == ("works", "9.9 2.0")
    package.write_text("raise ImportError('libcudart.so.13 is not there')\n")
    failed = examined(arctl, 3, "--python", str(python), code=1)
    torch = next(row for row in failed["probes"] if row["name"] == "torch")
    assert (torch["verdict"], "libcudart" in torch["detail"]) == ("failed", True)
    assert arctl("doctor", "--python", "/nowhere/python").returncode == 2


def test_a_bundle_tells_what_is_in_it_and_no_secrets(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    key = "sk-ant-" + "a1" * 20
    home.log.write_text(
        f"INFO asked with {key}\nAuthorization: Bearer abc.def\nHF_TOKEN=hunter22 WARNING kept\n"
    )
    status = {"campaigns": [], "env": {"WANDB_API_KEY": "0123456789"}}
    names = bundle.write_bundle(tmp_path / "b.tar.gz", home, {"level": 3}, status)
    assert names == ["README.txt", "versions.txt", "doctor.json", "daemon.log", "status.json"]
    assert stat.S_IMODE((tmp_path / "b.tar.gz").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        texts = {}
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            texts[Path(member.name).name] = file.read().decode()
    everything = "".join(texts.values())
    for secret in (key, "hunter22", "0123456789", "abc.def"):
        assert secret not in everything
    assert "WARNING kept" in texts["daemon.log"]
    assert all(name in texts["README.txt"] for name in names[1:])
    assert "click" in texts["versions.txt"]
    assert json.loads(texts["doctor.json"]) == {"level": 3}


def test_the_bundle_is_written_beside_the_examination(arctl: Arctl, tmp_path: Path) -> None:
    need(2)
    done = arctl("doctor", "--level", 2, "--bundle", tmp_path / "report.tar.gz")
    assert "README.txt says what is in it" in done.stderr
    with tarfile.open(tmp_path / "report.tar.gz") as archive:
        file = archive.extractfile("arctl-doctor/doctor.json")
        assert file is not None
        assert json.load(file)["level"] == 2


@pytest.mark.parametrize(
    ("host", "name", "what"),
    [
        (Host(3, 7, root=False), "fork_bomb", "refused"),
        (Host(3, 7, root=True), "fork_bomb", "open"),
        (Host(2, 7, root=False), "signal", "refused"),
        (Host(2, 5, root=False), "signal", "open"),
        (Host(2, 3, root=False), "loopback", "works"),
        (Host(2, 4, root=False), "loopback", "closed"),
        (Host(2, 2, root=False), "evaluator_write", "open"),
        (Host(3, 0, root=False), "evaluator_write", "refused"),
        (Host(1, 7, root=False), "ssh_key", "open"),
    ],
)
def test_what_is_expected_depends_on_level_kernel_and_user(host: Host, name: str, what: str) -> None:
    assert expected(next(probe for probe in PROBES if probe.name == name), host) == what


@pytest.mark.parametrize(
    ("at", "got", "verdict"),
    [
        ("refused", "refused", "ok"),
        ("refused", "open", "failed"),
        ("refused", "fails", "failed"),
        ("refused", "no answer", "failed"),
        ("refused", "nothing", "nothing"),
        ("open", "open", "open"),
        ("open", "refused", "ok"),
        ("open", "no answer", "failed"),
        ("works", "works", "ok"),
        ("works", "fails", "failed"),
        ("closed", "fails", "closed"),
        ("closed", "works", "ok"),
    ],
)
def test_a_verdict_compares_what_came_with_what_should(at: Any, got: str, verdict: str) -> None:
    result = judge(Probe("x", "try x", (at, at, at), "mend it"), Host(3, 7, root=False), got, "so")
    assert result.verdict == verdict
    assert bool(result.remedy) == (verdict not in ("ok", "nothing"))


def test_the_file_system_of_a_path_is_found(tmp_path: Path) -> None:
    assert facts.file_system(Path("/proc/self")) == "proc"
    wanted = subprocess.run(
        ["findmnt", "-no", "FSTYPE", "-T", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert facts.file_system(tmp_path) == wanted.stdout.strip()


def test_the_facts_name_what_decides(tmp_path: Path) -> None:
    found = {fact.name: fact for fact in facts.facts(Home(tmp_path / "not" / "there"))}
    assert found["kernel"].value == f"Linux {os.uname().release}"
    assert found["landlock"].value == (f"ABI {abi()}" if abi() else "none")
    assert bool(found["user"].remedy) == (os.getuid() == 0)
    assert {"arctl", "python", "git", "bubblewrap", "sqlite", "systemd", "linger", "clock"} <= found.keys()
