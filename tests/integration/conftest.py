"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Arctl


@pytest.fixture
def arctl(tmp_path: Path) -> Iterator[Arctl]:
    """The real command line with a state folder and a daemon of its own, stopped at the end."""
    running = Arctl(tmp_path / "home", daemon_runs=True)
    yield running
    running.close()
