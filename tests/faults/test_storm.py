"""A small storm; `make storm N=1000` is the whole one."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.daemon.sandbox import levels
from tests.faults.storm import storm


@pytest.mark.fault(2, "SIGKILL at random to daemon, shims and launcher", "nothing lost, twice or left behind")
@pytest.mark.parametrize("level", [pytest.param("1", marks=pytest.mark.long), "best"])
def test_2_a_storm_loses_nothing_counts_nothing_twice_and_leaves_nothing(tmp_path: Path, level: str) -> None:
    report = storm(tmp_path, 25, seed=11, level=str(levels.best()) if level == "best" else level)
    assert report.wrong == []
    assert report.jobs >= 25
    assert report.killed["daemon"]
    assert report.killed["shim"]
