"""Which keys tests press: declared with the test, checked while it runs, counted against the registry.

@presses(Scope.LIST, "down", "j", "down")
async def test_...
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import ACTIONS

#: A key of an action where it works.
Key = tuple[Scope, str, str]
Test = Callable[..., Awaitable[None]]

#: Every key that some test declares.
DECLARED: set[Key] = set()
#: The keys that were pressed in the test that runs now.
_pressed: ContextVar[set[str] | None] = ContextVar("pressed", default=None)


def every_key() -> list[Key]:
    """Return the keys of the registry."""
    return [(action.scope, action.name, key) for action in ACTIONS for key in action.keys]


def note(*keys: str) -> None:
    """Take down that keys were pressed."""
    pressed = _pressed.get()
    if pressed is not None:
        pressed.update(keys)


def presses(scope: Scope, action: str, *keys: str) -> Callable[[Test], Test]:
    """Declare that a test presses keys of an action; it fails when it did not, or they are not its keys."""
    declared = {(scope, action, key) for key in keys}
    unknown = declared - set(every_key())
    assert not unknown, f"the registry has no such keys: {sorted(unknown)}"
    DECLARED.update(declared)

    def wrap(test: Test) -> Test:
        @functools.wraps(test)
        async def run(*arguments: Any, **named: Any) -> None:
            outer = _pressed.get()
            pressed: set[str] = set() if outer is None else outer
            token = _pressed.set(pressed)
            try:
                await test(*arguments, **named)
            finally:
                _pressed.reset(token)
            assert set(keys) <= pressed, f"declared but not pressed: {sorted(set(keys) - pressed)}"

        return run

    return wrap
