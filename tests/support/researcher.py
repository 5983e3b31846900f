"""A scripted researcher for the fake server: it goes by what it is offered and told, and is always alike.

    with MessagesServer(script=Researcher()) as server: ...

It reads before it speaks, proposes directions and ideas from a small table (`ideas`), objects to those
without a mechanism, writes the code of ideas, mends its own crashes when shown the log, looks back, obeys.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Any

from tests.support.ideas import TINY, TOY, WEAK, Idea, Line, Program
from tests.support.messages_plan import Json, Plan, call, calls

Tool = tuple[str, Json]
#: Words of a directive that forbid what it names.
AVOIDING = re.compile(r"\b(avoid|leave|no|not|without|stop|never)\b", re.IGNORECASE)


class Told:
    """A request as the researcher reads it."""

    def __init__(self, request: Json) -> None:
        self.tools = {tool["name"] for tool in request.get("tools", [])}
        messages = request["messages"]
        blocks = [block["text"] for block in messages[0]["content"] if block["type"] == "text"]
        self.text = "\n".join(blocks)
        self.task = next((text for text in reversed(blocks) if text.startswith("# Your task")), "")
        self.state = next((text for text in blocks if text.startswith("# You\n")), "")
        self.name = self._one(r"You are ([^,]+),", self.state)
        #: How often it has spoken in this turn, and what the tools said last.
        self.said = sum(message["role"] == "assistant" for message in messages)
        last = messages[-1]["content"] if self.said else []
        results = [block for block in last if block["type"] == "tool_result"]
        self.failed = [str(block["content"]) for block in results if block.get("is_error")]

    @staticmethod
    def _one(pattern: str, text: str) -> str:
        found = re.search(pattern, text)
        return found.group(1) if found else ""

    def section(self, kind: str) -> str:
        """Return the data of a kind."""
        return self._one(rf'(?s)<data\d* kind="{kind}"[^>]*>\n(.*?)\n</data', self.text)

    @property
    def want(self) -> int:
        """How much is asked for at most."""
        if "one experiment" in self.task:
            return 1
        return int(self._one(r"(?:up to|at most) (\d+) (?:experiments|direction)", self.task) or 0)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of the team's direction; empty where all are free."""
        found = self._one(r"axes: (.*)", self.section("direction"))
        return tuple(axis.strip() for axis in found.split(",")) if found and found != "any" else ()

    @property
    def taken(self) -> tuple[str, ...]:
        """The axes that other teams hold."""
        found = self._one(r"# Axes that other teams hold[^\n]*\n\n(.*)", self.state)
        return tuple(axis.strip() for axis in found.split(",")) if found else ()

    @property
    def dead(self) -> tuple[str, ...]:
        """The axes that are closed."""
        return tuple(re.findall(r"(?m)^d\d+ (\S+?)(?: from .*)?:", self.section("dead-ends")))

    @property
    def directives(self) -> list[tuple[str, str, str]]:
        """The directives: id, state, text."""
        return re.findall(r"(?m)^(i\d+) \((\w+), from [^)]*\): (.*)$", self.state)


class Researcher:
    """Answers requests; `program` is known by its metric where it is not given. One serves all agents."""

    def __init__(self, program: Program | None = None) -> None:
        self._program = program
        self._lock = threading.Lock()
        #: What was proposed already, by title; shared, as if they had all read the forum at once.
        self.proposed: list[str] = []
        self.opened: list[str] = []
        self.objected: list[str] = []
        self.repaired: list[str] = []
        #: Directives and how much was proposed before them; those that were reported on.
        self.heard: dict[str, int] = {}
        self.obeyed: list[str] = []
        self.turns: list[tuple[str, str]] = []

    def __call__(self, request: Json) -> Plan:
        """Return what to say to one request."""
        told = Told(request)
        with self._lock:
            move = self._move(told)
            if not told.said:
                self.turns.append((told.name, move))
            return getattr(self, f"_{move}")(told)  # type: ignore[no-any-return]

    def _move(self, told: Told) -> str:
        if "propose_direction" in told.tools:
            return "discuss"
        if "propose" in told.tools:
            return "propose"
        if "judge" in told.tools:
            return "critique"
        if "edit_file" in told.tools:
            return "repair" if "crashed" in told.task else "implement"
        return "reflect"

    def _known(self, told: Told) -> Program:
        if self._program is not None:
            return self._program
        return TINY if f"metric: {TINY.metric}" in told.text else TOY

    def _idea(self, told: Told) -> Idea | None:
        """Return the idea that the task is about, by its title."""
        return next((idea for idea in self._known(told).ideas if idea.title in told.task), None)

    # -- analysts ------------------------------------------------------------------------------------------

    def _discuss(self, told: Told) -> Plan:
        if not told.said:
            return call("list_experiments", {}, words="What has been tried?")
        if told.said > 1:
            return call("finish", {}) if told.said < 4 else call("decline", {"reason": "I cannot agree."})
        tools: list[Tool] = []
        shown = told.section("directions")
        for line in self._known(told).lines:
            if len(tools) == min(told.want, 1) or line.title in self.opened or line.title in shown:
                continue
            self.opened.append(line.title)
            tools.append(_direction(line))
        for ident, author in re.findall(r"(?m)^(h\d+) \(proposed, by ([^)]*)\)", shown):
            if author != told.name:
                reason = "Its axes are open, and its prediction may fail."
                tools.append(("judge", {"subject": ident, "stance": "endorse", "reason": reason}))
        return _last(tools)

    def _propose(self, told: Told) -> Plan:
        if not told.said:
            return call("read_file", {"path": "train.py"}, words="First the code as it stands.")
        if told.said == 2 and told.failed:
            return call("finish", {"exhausted": True})
        if told.said > 2:
            return call("decline", {"reason": f"My proposals do not fit: {told.failed[:1]}"})
        if "was objected to" in told.task:
            words = {"text": "I withdraw it: I have no mechanism for it.", "kind": "answer"}
            return _last([*self._heard(told, nothing=False), ("post", words)])
        ideas = self._choose(told)
        tools = self._heard(told, nothing=not ideas)
        self.proposed += [idea.title for idea in ideas]
        tools += [_proposal(idea) for idea in ideas]
        tools.append(("note_to_self", {"text": f"Proposed so far: {', '.join(self.proposed)[:1000]}"}))
        return _last(tools, exhausted=not ideas and told.want > 0)

    def _choose(self, told: Told) -> list[Idea]:
        chosen: list[Idea] = []
        for idea in self._known(told).ideas:
            fresh = idea.title not in self.proposed and idea.title not in told.section("experiments")
            free = not told.axes or any(_within(axis, idea.axis) for axis in told.axes)
            closed = any(_within(axis, idea.axis) for axis in (*told.dead, *told.taken))
            other = all(idea.axis != before.axis for before in chosen)
            if fresh and free and not closed and other and self._allowed(told, idea.axis):
                chosen.append(idea)
            if len(chosen) == told.want:
                break
        return chosen[: told.want]

    def _allowed(self, told: Told, axis: str) -> bool:
        """Obey the directives: leave what they forbid, keep to what they name."""
        names = {idea.axis for idea in self._known(told).ideas} | {
            axis for line in self._known(told).lines for axis in line.axes
        }
        for _, _, text in told.directives:
            named = [name for name in names if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text)]
            inside = any(_within(name, axis) for name in named)
            if named and inside == bool(AVOIDING.search(text)):
                return False
        return True

    def _heard(self, told: Told, *, nothing: bool) -> list[Tool]:
        """Acknowledge new directives; report on one when something was proposed since, or nothing can be."""
        tools: list[Tool] = []
        for ident, state, text in told.directives:
            if state == "issued":
                plan = f"I will keep to it in what I propose next: {text[:80]}"
                parked = re.findall(r"(?m)^(p\d+) parked \| (\S+)", told.section("proposals"))
                keep = [row for row, axis in parked if self._allowed(told, axis)]
                tools.append(("acknowledge", {"directive": ident, "plan": plan, "keep": keep}))
                self.heard[ident] = len(self.proposed)
            elif ident not in self.obeyed and (nothing or len(self.proposed) > self.heard.get(ident, 0)):
                self.obeyed.append(ident)
                report = "What I proposed since keeps to it."
                tools.append(
                    ("acknowledge", {"directive": ident, "plan": "", "report": report, "done": True})
                )
        return tools

    def _critique(self, told: Told) -> Plan:
        if not told.said:
            return call("read_file", {"path": "train.py"}, words="Does the change do what it says?")
        if told.said > 1:
            return call("decline", {"reason": "I have said what I think."})
        subject = told._one(r"Judge the proposal (p\d+)", told.task)
        stance, reason = "endorse", "It names a mechanism and may fail; the axis is worth a run."
        if WEAK in told.task:
            self.objected.append(subject)
            stance, reason = "object", "It has no mechanism, and its gain is below the noise."
        return call("judge", {"subject": subject, "stance": stance, "reason": reason, "links": ["e1"]})

    # -- experimenters -------------------------------------------------------------------------------------

    def _implement(self, told: Told) -> Plan:
        idea = self._idea(told)
        if idea is None or not idea.edits:
            return call("decline", {"reason": "I do not know how to write this."})
        return self._write(told, [("edit_file", _edit(old, new)) for old, new in idea.edits])

    def _repair(self, told: Told) -> Plan:
        idea = self._idea(told)
        if idea is None or idea.broken is None or "Error" not in told.section("log"):
            return call("decline", {"reason": "I do not see why it crashed."})
        if not told.said:
            self.repaired.append(idea.title)
        return self._write(told, [("edit_file", _edit(*idea.broken))])

    def _write(self, told: Told, edits: list[Tool]) -> Plan:
        if not told.said:
            return call("read_file", {"path": "train.py"}, words="The code first.")
        if told.failed:
            return call("decline", {"reason": f"It does not fit any more: {told.failed[0][:200]}"})
        return calls(*edits) if told.said == 1 else call("finish", {})

    def _reflect(self, told: Told) -> Plan:
        if told.said:
            return call("decline", {"reason": "Nothing to add."})
        ident = told._one(r"Look back on (e\d+)", told.task)
        verdict = told._one(rf"(?m)^{ident} (\w+):", told.section("experiment"))
        text = (
            f"{ident} was {verdict}. The prediction is to be read against the noise; one axis less is open."
        )
        return _last([("post", {"text": text, "kind": "reflection", "links": [ident]})])


def _within(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(f"{outer}.")


def _last(tools: Iterable[Tool], **finish: Any) -> Plan:
    return calls(*tools, ("finish", finish))


def _edit(old: str, new: str) -> Json:
    return {"path": "train.py", "old": old, "new": new}


def _direction(line: Line) -> Tool:
    return "propose_direction", {
        "title": line.title,
        "hypothesis": line.why,
        "axes": list(line.axes),
        "prediction": "One of the first three experiments beats the champion.",
        "falsifier": "Three rejections and no acceptance.",
        "first": [f"move {axis}" for axis in line.axes],
    }


def _proposal(idea: Idea) -> Tool:
    form: Json = {"kind": idea.form}
    if idea.form == "params":
        form["params"] = [{"name": name, "value": str(value)} for name, value in idea.params.items()]
    elif idea.form == "edits":
        form["edits"] = [_edit(old, new) for old, new in idea.edits]
    return "propose", {
        "title": idea.title,
        "hypothesis": idea.why,
        "axis": idea.axis,
        "move": idea.move,
        "expected": f"{idea.expected} by what is known of such programs",
        "if_works": "Go on in the same direction.",
        "if_fails": "Close the axis.",
        "cost": "none",
        "difference": "" if idea.weak else f"It moves {idea.axis} for the reason that it gives.",
        **form,
    }
