"""Benchmarks are run by hand: they must not rot in between."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests import benchmarks

MODULES = sorted(path.stem for path in Path(benchmarks.__path__[0]).glob("*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_finds_what_it_is_made_of(name: str) -> None:
    importlib.import_module(f"tests.benchmarks.{name}")
