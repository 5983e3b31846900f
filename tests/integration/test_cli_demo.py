"""The demo, with the real example."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.cli import Arctl
from tests.support.patient import refused


def test_the_demo_tells_its_story_and_leaves_the_folder(arctl: Arctl, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    done = arctl("demo", "--folder", tmp_path / "demo", "-n", 1)
    assert done.returncode == 0, done.stderr
    for part in (
        "baseline   the baseline stands",
        "campaign digits is finished: 1 of 1 proposals",
        "on the clock",
    ):
        assert part in done.stdout
    assert ("how sure" in done.stdout) != ("nothing beat the baseline" in done.stdout)
    assert f"export ARCTL_HOME={tmp_path}/demo/arctl-home" in done.stderr
    assert not arctl.home.root.exists(), "the state folder of its own was used"
    left = Arctl(tmp_path / "demo" / "arctl-home")
    assert left("status").returncode == 3, "its daemon is stopped"
    again = arctl("demo", "--folder", tmp_path / "demo")
    refused(again, 5, "exists already", "arctl start")


def test_ctrl_c_ends_the_demo_and_its_daemon(arctl: Arctl, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    showing = arctl.begin("demo", "--folder", tmp_path / "demo", start_new_session=True)
    assert showing.stdout is not None
    assert "campaign digits begins" in showing.stdout.readline()
    showing.send_signal(signal.SIGINT)
    _, err = showing.communicate(timeout=180)
    assert showing.returncode == 130
    assert "interrupted: stopping the daemon" in err
    assert "Traceback" not in err
    assert Arctl(tmp_path / "demo" / "arctl-home")("status").returncode == 3
