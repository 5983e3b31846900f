"""The syntax tree of Python source, read by one thread at a time."""

from __future__ import annotations

import ast
import threading

_ONE = threading.RLock()


def tree_of(source: str) -> ast.Module:
    """Parse source; raises SyntaxError, ValueError, RecursionError or MemoryError as `ast.parse` does.

    CPython before 3.11.8 counts the depth of all trees that are being built in one number: where garbage is
    collected meanwhile and another thread goes on, both end in a SystemError (python/cpython#106905).
    """
    with _ONE:
        return ast.parse(source)
