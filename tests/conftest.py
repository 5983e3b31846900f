"""Fixtures for all tests: a real daemon in a temporary state folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with two processor slots, started; stopped at the end with all its runs."""
    running = Daemon(tmp_path / "home")
    running.start()
    yield running
    running.stop()
