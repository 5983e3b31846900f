"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Arctl


@pytest.fixture
def arctl(tmp_path: Path) -> Iterator[Arctl]:
    """The real command line with a state folder of its own; its daemon is stopped at the end."""
    running = Arctl(tmp_path / "home")
    yield running
    running.close()
