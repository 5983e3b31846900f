"""Every key of the interface, once: bindings, key line and help are made from this list."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding, BindingType

from arctl.tui.data.route import Screen
from arctl.tui.keys.actions import Action, Scope, written

_S = Scope
#: What some panes are, and others are not.
_OF_PANES = (_S.QUEUE, _S.FORUM, _S.CURVE, _S.TEXT, _S.LOG, _S.SOURCES)

ACTIONS: tuple[Action, ...] = (
    # -- everywhere
    *(
        Action(
            f"app.show_screen('{screen.value}')",
            (str(screen.number),),
            "",
            f"Show {screen.heading}.",
            _S.EVERYWHERE,
        )
        for screen in Screen
    ),
    Action("app.help", ("question_mark", "f1"), "help", "Show the keys.", _S.EVERYWHERE, rank=1),
    Action(
        "app.palette",
        ("colon", "ctrl+p"),
        "command",
        "Type a command: all that changes something, and what has no key.",
        _S.EVERYWHERE,
        rank=2,
    ),
    Action(
        "app.filter",
        ("slash",),
        "filter",
        "Show only rows with a text; begun with ! only those without it. In a text it searches.",
        _S.EVERYWHERE,
        rank=3,
    ),
    Action("app.next_pane", ("tab", "l", "right"), "", "Go to the next pane.", _S.EVERYWHERE),
    Action("app.previous_pane", ("shift+tab", "h", "left"), "", "Go to the pane before.", _S.EVERYWHERE),
    Action("app.back", ("escape",), "", "Go back: out of a filter, marks, what is open.", _S.EVERYWHERE),
    Action("app.last_view", ("minus",), "", "Go to where you were before; again comes back.", _S.EVERYWHERE),
    Action(
        "app.sibling(-1)", ("left_square_bracket",), "", "Open the one before it in its list.", _S.EVERYWHERE
    ),
    Action("app.sibling(1)", ("right_square_bracket",), "", "Open the next one of its list.", _S.EVERYWHERE),
    Action("app.copy", ("y",), "", "Copy what is under the cursor (OSC 52).", _S.EVERYWHERE),
    Action("app.pager", ("o",), "", "Open the pane's whole text in your pager.", _S.EVERYWHERE),
    Action(
        "app.resync",
        ("ctrl+r",),
        "",
        "Ask for everything anew; when cut off, try to connect now.",
        _S.EVERYWHERE,
    ),
    Action("app.campaign", ("C",), "", "Choose the campaign that is shown.", _S.EVERYWHERE),
    Action("app.needs", ("exclamation_mark",), "", "Show what waits for you, and what to do.", _S.EVERYWHERE),
    Action("app.detach", ("q",), "detach", "Leave; the daemon goes on.", _S.EVERYWHERE, rank=11),
    # -- in a pane
    Action("down", ("j", "down"), "", "Go down.", _S.LIST),
    Action("up", ("k", "up"), "", "Go up.", _S.LIST),
    Action("first", ("g", "home"), "", "Go to the top, and stay with what comes there.", _S.LIST),
    Action("last", ("G", "end"), "", "Go to the bottom, and stay with what is new there.", _S.LIST),
    Action("half_down", ("ctrl+d", "pagedown"), "", "Go down half a page.", _S.LIST),
    Action("half_up", ("ctrl+u", "pageup"), "", "Go up half a page.", _S.LIST),
    Action("next_match", ("n",), "", "Go to the next match of the filter or search.", _S.LIST),
    Action("previous_match", ("N",), "", "Go to the match before.", _S.LIST),
    Action("enter", ("enter",), "open", "Open what the row stands for; every id is a link.", _S.LIST, rank=4),
    # -- control
    Action(
        "app.pause",
        ("p",),
        "pause",
        "Start nothing more of what is under the cursor; again lets it go on. z takes it back.",
        _S.CONTROL,
        changes=True,
        rank=5,
    ),
    Action(
        "app.freeze",
        ("P",),
        "",
        "Stop its processes where they are, or let them go on (run.freezable).",
        _S.CONTROL,
        changes=True,
    ),
    Action(
        "app.kill",
        ("x",),
        "kill",
        "End it, or the direction, team or campaign that it belongs to, after a question.",
        _S.CONTROL,
        changes=True,
        rank=6,
    ),
    Action(
        "app.force_kill",
        ("X",),
        "",
        "End it without any grace; its id must be typed.",
        _S.CONTROL,
        changes=True,
    ),
    Action(
        "app.redirect",
        ("r",),
        "redirect",
        "Give its direction, team or campaign an instruction; in the forum, reply.",
        _S.CONTROL,
        changes=True,
        rank=7,
    ),
    Action("app.add", ("a",), "add", "Propose an experiment of your own.", _S.CONTROL, changes=True, rank=9),
    Action("app.undo", ("z",), "undo", "Take back what you did last.", _S.CONTROL, changes=True, rank=8),
    Action("app.redo", ("Z",), "", "Do again what was taken back last.", _S.CONTROL, changes=True),
    # -- in a queue
    Action("app.move('down')", ("J",), "", "Let it run later.", _S.QUEUE, changes=True),
    Action("app.move('up')", ("K",), "", "Let it run earlier.", _S.QUEUE, changes=True),
    Action("app.edit", ("e",), "", "Change a proposal before it runs.", _S.QUEUE, changes=True),
    Action(
        "mark",
        ("space",),
        "",
        "Mark the row: p, x, S, A and R then act on all that are marked.",
        _S.QUEUE,
    ),
    Action("app.stash", ("S",), "", "Set it aside, or take it back into the queue.", _S.QUEUE, changes=True),
    Action(
        "app.approve", ("A",), "", "Agree to a proposal that waits for your word.", _S.QUEUE, changes=True
    ),
    Action(
        "app.rerun",
        ("R",),
        "",
        "Try again what ended without a verdict on its merits.",
        _S.QUEUE,
        changes=True,
    ),
    Action(
        "app.dead_end", ("d",), "", "Close its axis: a dead end, with your reason.", _S.QUEUE, changes=True
    ),
    Action("app.revive", ("D",), "", "Open a dead end again.", _S.QUEUE, changes=True),
    Action("sort", ("s",), "sort", "Sort by the next column.", _S.QUEUE, rank=12),
    # -- in the forum
    Action("app.say", ("a",), "say", "Begin a thread.", _S.FORUM, rank=9, changes=True),
    Action("questions", ("exclamation_mark",), "", "Show only questions that wait for you.", _S.FORUM),
    Action("unread", ("u",), "", "Go to the next thread with something new.", _S.FORUM),
    # -- at a curve
    Action("metric", ("m",), "", "Draw the next metric.", _S.CURVE),
    Action("logarithmic", ("L",), "", "Draw on a logarithmic scale, and back.", _S.CURVE),
    Action("zoom(1)", ("plus", "equals_sign"), "", "Look closer at the end.", _S.CURVE),
    Action("zoom(-1)", ("minus",), "", "Look from further off.", _S.CURVE),
    Action("zoom(0)", ("0",), "", "Show all of it.", _S.CURVE),
    Action("compare", ("c",), "", "Compare with another: the champion, the base, the ones marked.", _S.CURVE),
    # -- in a text
    Action("section(-1)", ("left_curly_bracket",), "", "Go to the hunk or section before.", _S.TEXT),
    Action("section(1)", ("right_curly_bracket",), "", "Go to the next hunk or section.", _S.TEXT),
    Action("wrap", ("w",), "", "Break long lines, or cut them.", _S.TEXT),
    # -- in a log
    Action("follow", ("f",), "follow", "Stay with what is new, or stand still.", _S.LOG, rank=8),
    Action("times", ("t",), "", "Show when lines came, or not.", _S.LOG),
    Action("sources", ("S",), "", "Choose whose lines are shown.", _S.LOG),
    Action("level", ("exclamation_mark",), "", "Show only warnings and errors, then all again.", _S.LOG),
    Action("pick", ("space",), "", "Add a log to those that are shown, or take it away.", _S.SOURCES),
    # -- in a replay
    Action("app.play", ("space",), "", "Let the time run, or stop it.", _S.REPLAY),
    Action("app.scrub(-1)", ("comma",), "", "Go back by a hundredth of the campaign.", _S.REPLAY),
    Action("app.scrub(1)", ("full_stop",), "", "Go on by a hundredth of the campaign.", _S.REPLAY),
    Action("app.step(-1)", ("less_than_sign",), "", "Go back to the event before.", _S.REPLAY),
    Action("app.step(1)", ("greater_than_sign",), "", "Go on to the next event.", _S.REPLAY),
    # -- windows
    Action("close", ("escape", "q"), "close", "Close the window.", _S.MODAL, rank=1),
    Action("down", ("j", "down"), "", "Scroll down.", _S.READING),
    Action("up", ("k", "up"), "", "Scroll up.", _S.READING),
    Action("app.focus_next", ("l", "j", "right", "down"), "", "Go to the next answer.", _S.QUESTION),
    Action("app.focus_previous", ("h", "k", "left", "up"), "", "Go to the answer before.", _S.QUESTION),
    Action("next_choice", ("down", "ctrl+n"), "", "Go to the next choice.", _S.PALETTE),
    Action("previous_choice", ("up", "ctrl+p"), "", "Go to the choice before.", _S.PALETTE),
    Action("complete", ("tab",), "", "Complete what is typed with the choice.", _S.PALETTE),
)


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


def elsewhere(key: str) -> str:
    """Say where a key works that does nothing where one is; "" where it works nowhere."""
    found = dict.fromkeys(action.scope for action in of(*_OF_PANES) if key in action.keys)
    where = ", ".join(found)
    return f"{written(key)} works {where}; ? tells what it does there" if where else ""


def find(name: str) -> Action | None:
    """Return an action by its name."""
    return next((action for action in ACTIONS if action.name == name), None)


def key_line(width: int, scopes: Sequence[Scope]) -> list[Action]:
    """Return the actions that the key line names where these scopes count, as far as they fit."""
    first: dict[str, Action] = {}
    for scope in scopes:  # a key belongs to the innermost scope that has it
        for action in of(scope):
            first.setdefault(action.keys[0], action)
    here = [action for action in of(*scopes) if action.rank and first[action.keys[0]] is action]
    ranked = sorted(here, key=lambda action: action.rank)
    found, left = [], width - 1
    for action in ranked:
        left -= len(written(action.keys[0])) + len(action.label) + 3
        if left < 0:
            break
        found.append(action)
    return found
