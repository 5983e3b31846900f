"""The one registry of actions: bindings, the key line and the help are all made from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType


class Scope(StrEnum):
    """Where a key works; the order is that of the help."""

    EVERYWHERE = "everywhere"
    LIST = "in a list"
    CONTROL = "control"
    MODAL = "in every window"
    DETAIL = "in a window with text"
    QUESTION = "in a question"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person can do; `name` is Textual's action, `label` stands in the key line."""

    name: str
    keys: tuple[str, ...]
    label: str
    help: str
    scope: Scope
    #: It asks the daemon for a change: off while cut off, and in read-only sessions.
    changes: bool = False
    #: Whether the key line has room for it; the smallest ranks stay longest.
    rank: int = 0


ACTIONS: tuple[Action, ...] = (
    Action("app.help", ("question_mark", "f1"), "help", "Show the keys.", Scope.EVERYWHERE, rank=1),
    Action("app.next_pane", ("tab", "l", "right"), "pane", "Go to the next pane.", Scope.EVERYWHERE, rank=5),
    Action("app.previous_pane", ("shift+tab", "h", "left"), "", "Go to the last pane.", Scope.EVERYWHERE),
    Action("app.show_view('overview')", ("1",), "", "Show the overview.", Scope.EVERYWHERE),
    Action(
        "app.resync",
        ("ctrl+r",),
        "resync",
        "Ask for everything anew; when cut off, try to connect now.",
        Scope.EVERYWHERE,
        rank=6,
    ),
    Action("app.detach", ("q",), "detach", "Leave; the daemon goes on.", Scope.EVERYWHERE, rank=2),
    Action("down", ("j", "down"), "", "Go down.", Scope.LIST),
    Action("up", ("k", "up"), "", "Go up.", Scope.LIST),
    Action("first", ("g", "home"), "", "Go to the top, and stay with what is new.", Scope.LIST),
    Action("last", ("G", "end"), "", "Go to the bottom.", Scope.LIST),
    Action("half_down", ("ctrl+d", "pagedown"), "", "Go down half a page.", Scope.LIST),
    Action("half_up", ("ctrl+u", "pageup"), "", "Go up half a page.", Scope.LIST),
    Action(
        "enter",
        ("enter",),
        "open",
        "Show the experiment: its verdict, the evidence, its runs.",
        Scope.LIST,
        rank=4,
    ),
    Action(
        "app.pause",
        ("p",),
        "pause/resume",
        "Start nothing more of the campaign, experiment or run under the cursor; again lets it go on.",
        Scope.CONTROL,
        changes=True,
        rank=3,
    ),
    Action(
        "app.kill",
        ("x",),
        "kill",
        "End what is under the cursor, after a question; what was measured stays recorded.",
        Scope.CONTROL,
        changes=True,
        rank=3,
    ),
    Action("close", ("escape", "q"), "close", "Close the window.", Scope.MODAL, rank=1),
    Action("down", ("j", "down"), "", "Scroll down.", Scope.DETAIL),
    Action("up", ("k", "up"), "", "Scroll up.", Scope.DETAIL),
    Action("app.focus_next", ("h", "l", "left", "right"), "", "Go to the other answer.", Scope.QUESTION),
)

#: Keys as people write them, where Textual's names differ.
_WRITTEN = {
    "question_mark": "?",
    "shift+tab": "S-Tab",
    "tab": "Tab",
    "enter": "Enter",
    "escape": "Esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "home": "Home",
    "end": "End",
    "f1": "F1",
}


def written(key: str) -> str:
    """Write a key as people do: `ctrl+r` is `^r`."""
    if key in _WRITTEN:
        return _WRITTEN[key]
    return "^" + key.removeprefix("ctrl+") if key.startswith("ctrl+") else key


def of(*scopes: Scope) -> tuple[Action, ...]:
    """Return the actions of some scopes, in the registry's order."""
    return tuple(action for action in ACTIONS if action.scope in scopes)


def bindings(*scopes: Scope) -> list[BindingType]:
    """Return Textual's bindings of some scopes."""
    return [
        Binding(
            ",".join(action.keys),
            action.name,
            action.label or action.help,
            show=bool(action.label),
            id=f"{action.scope.name.lower()}.{action.name}",
        )
        for action in of(*scopes)
    ]


def key_line(width: int) -> list[Action]:
    """Return the actions that the key line names, in order of rank, as far as they fit."""
    ranked = sorted(
        (action for action in ACTIONS if action.rank and action.scope is not Scope.MODAL), key=_rank
    )
    found, left = [], width
    for action in ranked:
        left -= len(written(action.keys[0])) + len(action.label) + 3
        if left < 0:
            break
        found.append(action)
    return found


def _rank(action: Action) -> int:
    return action.rank
