"""Source is parsed by several threads at once, as commits of several experiments are built."""

from __future__ import annotations

import ast
import contextlib
import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from arctl.experiments.syntax import tree_of

#: Deep, so that a tree is being built for a while.
SOURCE = "\n".join(f"x{n} = " + "+".join(f"f(g(h({m})))" for m in range(40)) for n in range(10))


class Yielding:
    """Garbage in a ring whose end lets other threads go on."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        time.sleep(0.0005)


@pytest.fixture
def collecting() -> Iterator[None]:
    """Garbage is collected all the time."""
    before = gc.get_threshold()
    gc.set_threshold(50, 2, 2)
    yield
    gc.set_threshold(*before)


def test_threads_that_parse_at_once_do_not_disturb_each_other(collecting: None) -> None:
    done = threading.Event()

    def library() -> None:
        """Parse as `inspect.signature` does, whoever else does."""
        while not done.is_set():
            with contextlib.suppress(SystemError):
                ast.parse(SOURCE)

    def parse(_: int) -> int:
        for _ in range(20):
            Yielding()
        return len(tree_of(SOURCE).body)

    with ThreadPoolExecutor(6) as threads:
        others = [threads.submit(library) for _ in range(2)]
        try:
            assert set(threads.map(parse, range(12))) == {10}
        finally:
            done.set()
        for other in others:
            other.result()
    assert gc.isenabled()


@pytest.mark.parametrize("source", ["x =", "x = '\0'"])
def test_what_is_no_python_raises_as_ast_does(source: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        tree_of(source)
