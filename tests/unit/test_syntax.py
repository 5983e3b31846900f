"""Source is parsed by several threads at once, as commits are built while libraries parse for themselves.

From Python 3.11.8 on none of it could fail in any case.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from arctl.experiments.syntax import tree_of

#: Long enough that garbage is collected while it becomes a tree.
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


def as_a_library() -> None:
    """Parse little, as `inspect.signature` and tracebacks do, whoever else does."""
    with contextlib.suppress(SystemError):
        ast.parse("x = f(1)")


def as_we_do() -> None:
    """Parse as another commit does."""
    tree_of("x = f(1)")


@pytest.mark.parametrize("other", [as_a_library, as_we_do])
def test_another_thread_that_parses_does_not_disturb(collecting: None, other: Callable[[], None]) -> None:
    done = threading.Event()

    def parse() -> None:
        while not done.wait(0.0001):
            other()

    thread = threading.Thread(target=parse)
    thread.start()
    try:
        for _ in range(10):
            for _ in range(20):
                Yielding()
            assert len(tree_of(SOURCE).body) == 10
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("source", ["x =", "x = '\0'"])
def test_what_is_no_python_raises_as_ast_does_and_leaves_the_collector_on(source: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        tree_of(source)
    assert gc.isenabled()
