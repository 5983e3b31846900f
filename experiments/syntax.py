"""The syntax tree of Python source, whatever other threads parse meanwhile."""

from __future__ import annotations

import ast
import gc
import threading

#: One at a time: each leaves the collector as it found it.
_ONE = threading.Lock()


def tree_of(source: str) -> ast.Module:
    """Parse source; raises SyntaxError, ValueError, RecursionError or MemoryError as `ast.parse` does.

    CPython before 3.11.8 and 3.12.2 counts the depth of all trees that are being built in one number: where
    garbage is collected meanwhile, another thread goes on, and parses, too, the first ends in a SystemError
    (python/cpython#106905). Libraries parse as well (`inspect.signature`, tracebacks). So none is collected
    while a tree is built: nothing else lets another thread go on in there.
    """
    with _ONE:
        collects = gc.isenabled()
        gc.disable()
        try:
            return ast.parse(source)
        finally:
            if collects:
                gc.enable()
