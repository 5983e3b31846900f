"""The commands of the palette: those of the command line; what is under the cursor need not be named."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from arctl.errors import UsageError
from arctl.tui.acting.requests import Request, figure


@dataclass(frozen=True, slots=True)
class Option:
    """An option: `many` may be repeated, `flag` takes no value, `kind` is what its value is."""

    name: str
    kind: type = str
    param: str = ""
    flag: bool = False
    many: bool = False
    #: What is sent for a flag.
    value: Any = True

    @property
    def sent_as(self) -> str:
        """The parameter of the wire."""
        return self.param or self.name.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its operands in order (`TARGET` may be left out), its options, and who carries it out.

    `verb` is a key of `targets.ACCEPTS` for commands about a thing; `method` "" means the interface itself.
    """

    name: str
    help: str
    method: str = ""
    operands: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    verb: str = ""
    #: The last operand takes the rest of the line.
    rest: bool = False
    #: Operands that may be missing, from the right.
    spare: int = 0

    @property
    def changes(self) -> bool:
        """Whether it asks the daemon for a change."""
        return bool(self.method) and self.method not in READS

    @property
    def usage(self) -> str:
        """Write how it is typed."""
        names = list(self.operands)
        for at in range(len(names)):
            if at >= len(names) - self.spare or (names[at] == "TARGET" and self.verb):
                names[at] = f"[{names[at]}]"
        names += [f"[--{each.name}]" if each.flag else f"[--{each.name} X]" for each in self.options]
        return " ".join([self.name, *names])


#: Methods that only look.
READS = frozenset({"export", "prompt", "costs"})

_REASON = Option("reason")
_AXES = Option("axis", param="axes", many=True)
_TITLE = Option("title")
_PREDICTION = Option("prediction")
_FALSIFIER = Option("falsifier")
_FORCE = Option("force", flag=True)
_DRAIN = Option("drain", param="mode", flag=True, value="drain")
_FREEZE = Option("freeze", param="mode", flag=True, value="freeze")
_IDEA = tuple(map(Option, ("title", "hypothesis", "axis", "expected", "if-works", "if-fails")))
_SET = Option("set", param="values", many=True)
_UNSET = Option("unset", param="values", many=True)
_PATCH = Option("patch")
_TARGET = ("TARGET",)
_ALL = Option("all", flag=True)
_NOW = Option("now", param="mode", flag=True, value="now")

COMMANDS: tuple[Command, ...] = (
    # -- control, as on the command line
    Command("pause", "start nothing more of it", "pause", _TARGET, (_ALL, _DRAIN, _FREEZE, _REASON), "pause"),
    Command("resume", "let it go on", "resume", _TARGET, (_ALL, _REASON), "pause"),
    Command("kill", "end it now", "kill", _TARGET, (_FORCE, _REASON), "kill"),
    Command(
        "redirect", "give it an instruction", "redirect", ("TARGET", "TEXT"), (_REASON,), "redirect",
        rest=True,
    ),
    Command(
        "withdraw", "end a directive, or take a direction back", "withdraw", _TARGET, (_REASON,), "withdraw",
    ),
    Command(
        "direction", "write down a direction", "direction", ("TEXT",),
        (_AXES, _TITLE, _PREDICTION, _FALSIFIER, Option("first", many=True)), rest=True,
    ),
    Command(
        "fork", "make an experiment the base of a direction", "fork", ("TARGET", "TEXT"),
        (_AXES, _TITLE, _PREDICTION, _FALSIFIER), "fork", rest=True,
    ),
    Command(
        "mark", "close an axis, or a range of it", "mark", ("AXIS",),
        (Option("from", float, "low"), Option("to", float, "high"), _REASON),
    ),
    Command("revive", "open a dead end again", "revive", _TARGET, (_REASON,), "revive"),
    Command("promote", "make it champion by hand", "promote", _TARGET, (_REASON,), "promote"),
    Command("rollback", "make an earlier champion champion again", "rollback", _TARGET, (_REASON,), spare=1),
    Command("undo", "take back what you did last, or a deed", "undo", _TARGET, (_REASON,), spare=1),
    Command("redo", "do again what was taken back", "redo", _TARGET, (_REASON,), spare=1),
    Command(
        "propose", "propose an experiment: values, or a patch of this machine", "propose", (),
        (_SET, _PATCH, *_IDEA, Option("base")),
    ),
    Command("edit", "change a proposal", "edit", _TARGET, (_SET, _UNSET, _PATCH, *_IDEA, _REASON), "edit"),
    Command("approve", "agree to proposals", "approve", _TARGET, (_ALL, _REASON), "approve"),
    Command("reject", "withdraw proposals", "reject", _TARGET, (_ALL, _REASON), "reject"),
    Command(
        "move", "let it run earlier or later", "move", _TARGET,
        (
            *(Option(way, param="to", flag=True, value=way) for way in ("up", "down", "top", "bottom")),
            Option("before", param="other"), Option("after", param="other"),
            _REASON,
        ), "move",
    ),
    Command("stash", "set it aside", "stash", _TARGET, (_REASON,), "stash"),
    Command("unstash", "take it back into the queue", "unstash", _TARGET, (_REASON,), "stash"),
    Command("rerun", "try again what failed", "rerun", _TARGET, (_REASON,), "rerun"),
    Command(
        "release", "have a result in quarantine judged, a device used again", "release", _TARGET,
        (_REASON,), "release",
    ),
    Command(
        "invalidate", "reject a result in quarantine", "invalidate", _TARGET, (_REASON,), "invalidate",
    ),
    Command(
        "say", "say something in the forum", "say", ("TEXT",),
        (Option("reply", param="parent"), Option("to"), Option("link", param="links", many=True)), rest=True,
    ),
    Command("hold", "pause it; `hold all` pauses every campaign", "pause", _TARGET, (_REASON,), "pause"),
    Command("stop", "stop the daemon once runs under way have ended, or --now", "stop", (), (_NOW,)),
    # -- looking
    Command("checkout", "write the champion's files into a folder", "champion.checkout", ("FOLDER",)),
    Command("export", "write the ledger as results.tsv into a file", "export", ("FILE",)),
    Command(
        "prompt", "show what an agent would be told", "prompt", ("MOVE",), (Option("agent"), Option("about")),
    ),
    Command("costs", "show what models cost", "costs", (), (Option("by"),)),
    # -- the interface itself
    Command("go", "open an id, an agent or a screen", "", ("WHERE",)),
    Command("campaign", "choose the campaign that is shown", "", ("NAME",)),
    Command("filter", "show only rows with a text", "", ("TEXT",), rest=True, spare=1),
    Command("theme", "dark, light or ansi", "", ("THEME",)),
    Command("glyphs", "braille, block or ascii", "", ("GLYPHS",)),
    Command("at", "go to a time of the replay: 12:04, +10m, 50%", "", ("TIME",), rest=True),
    Command("speed", "how fast a replay runs", "", ("FACTOR",)),
    Command("help", "show the keys"),
    Command("detach", "leave; the daemon goes on"),
)  # fmt: skip


BY_NAME = {command.name: command for command in COMMANDS}


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: the command, its operands and its options as parameters of the wire."""

    command: Command
    operands: dict[str, str]
    params: dict[str, Any]

    def request(self, target: str) -> Request:
        """Return the request about a target, "" for none."""
        command = self.command
        given = dict(self.params)
        for name, value in self.operands.items():
            if name != "TARGET":
                given[name.lower()] = value
        if command.name in ("approve", "reject"):
            given |= {} if given.get("all") or not target else {"proposals": target.split(",")}
        elif target:
            given["target"] = target
        return Request(command.method, given, f"{command.name} {target}".strip())


def typed(text: str) -> Typed:
    """Read a line of the palette; raises `UsageError` that says how the command is written."""
    name, _, tail = text.strip().partition(" ")
    command = BY_NAME.get(name)
    if command is None:
        near = [known for known in BY_NAME if known.startswith(name[:2])] or list(BY_NAME)
        msg = f"there is no command {name!r}"
        raise UsageError(msg, f"try {', '.join(near[:6])}; ? lists the keys")
    words = shlex.shlex(tail, posix=True)
    words.whitespace_split, words.commenters = True, ""
    if command.rest:
        words.quotes, words.escape = '"', ""  # in a sentence an apostrophe is no quotation mark
    try:
        parts = list(words)
    except ValueError:
        parts = tail.split()
    operands: list[str] = []
    params: dict[str, Any] = {}
    known = {option.name: option for option in command.options}
    while parts:
        part = parts.pop(0)
        if not part.startswith("--") or part == "--":
            operands.append(part)
            continue
        word, equals, value = part[2:].partition("=")
        option = known.get(word)
        if option is None:
            msg = f"{name} has no option --{word}"
            raise UsageError(msg, f"write {command.usage}")
        if option.flag:
            params[option.sent_as] = option.value
            continue
        if not equals:
            if not parts:
                msg = f"--{word} needs a value"
                raise UsageError(msg, f"write {command.usage}")
            value = parts.pop(0)
        _take(params, option, value)
    return Typed(command, _named(command, operands), params)


def _take(params: dict[str, Any], option: Option, value: str) -> None:
    if option.name == "unset":
        params.setdefault("values", {})[value] = None
    elif option.sent_as == "values":
        name, equals, said = value.partition("=")
        if not equals:
            msg = f"--set {value} names no value"
            raise UsageError(msg, "write --set NAME=VALUE")
        params.setdefault("values", {})[name] = said
    elif option.sent_as == "other":
        params |= {"to": option.name, "other": value}
    elif option.many:
        params.setdefault(option.sent_as, []).append(value)
    elif option.kind is float:
        params[option.sent_as] = figure(value, f"write --{option.name} 0.1")
    else:
        params[option.sent_as] = value


def _named(command: Command, given: list[str]) -> dict[str, str]:
    """Give operands their names; one too few leaves the target to the cursor."""
    names = list(command.operands)
    if command.rest and len(given) >= len(names) and names:
        keep = len(names) - 1
        given = [*given[:keep], " ".join(given[keep:])]
    if command.verb and names[:1] == ["TARGET"]:
        if command.rest and given:
            if not _looks_like_target(given[0]):
                given = [" ".join(given)]
            elif len(given) == 1:  # never as a text about what is under the cursor
                msg = f"there is nothing to {command.name} {given[0]} with"
                raise UsageError(msg, f"write {command.usage}")
        if len(given) < len(names):
            names = names[1:]
    if len(given) > len(names) or len(given) < len(names) - command.spare:
        msg = f"{command.name} takes {len(names) or 'no'} operand{'' if len(names) == 1 else 's'}"
        raise UsageError(msg, f"write {command.usage}")
    return dict(zip(names, given, strict=False))


def _looks_like_target(text: str) -> bool:
    """Tell an id (`t1`, `h2`, `gpu0`) from the first word of a sentence."""
    head = text.rstrip("0123456789")
    return head != text and head.isalpha() and len(head) <= 3 and text.isalnum()


def matching(text: str, names: Iterable[str]) -> list[str]:
    """Return the names that a person may mean, best first: begun alike, then with the letters in order."""
    wanted = text.lower()
    begun = [name for name in names if name.lower().startswith(wanted)]
    rest = [name for name in names if name not in begun and _in_order(wanted, name.lower())]
    return begun + rest


def _in_order(letters: str, text: str) -> bool:
    found = iter(text)
    return all(letter in found for letter in letters)
