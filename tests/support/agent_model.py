"""The model behind a real coding agent: it says what `fake_agent` would, by the tools that claude gives it.

    with MessagesServer(script=Model(Manner(weak=True))) as server: ...

It reads the task that the prompt names, page by page, then the files that the task needs, edits them, writes
its answer and its notes, and says that it is done. It knows nothing but what stands in the request.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tests.support.fake_agent import Done, Manner, asked, respond
from tests.support.messages_plan import Json, Plan, calls, text

#: Lines that are read of a task at a time: no page has more tokens than one answer of claude's Read may.
PAGE = 500
#: A line of a file as Read shows it.
LINE = re.compile(r" *(\d+)[\t→](.*)", re.DOTALL)


class Lost(Exception):
    """The tools do not say what is needed to go on."""


@dataclass(frozen=True)
class Use:
    """One use of a tool, and what came of it."""

    name: str
    given: Json
    result: str
    failed: bool


class Talk:
    """A request as a talk: what was asked for, and what the tools said so far."""

    def __init__(self, request: Json) -> None:
        blocks = [block for message in request["messages"] for block in _blocks(message["content"])]
        said = "\n".join(block["text"] for block in blocks if block["type"] == "text")
        named = re.search(r"Read the file (\S+) and do what it asks", said)
        #: Where the task is; None where this is no turn of an agent.
        self.task = PurePosixPath(named[1]) if named and request.get("tools") else None
        results = {block["tool_use_id"]: block for block in blocks if block["type"] == "tool_result"}
        self.uses = [
            Use(block["name"], block["input"], _words(result), bool(result.get("is_error")))
            for block in blocks
            if block["type"] == "tool_use" and (result := results.get(block["id"]))
        ]

    def pages(self, path: PurePosixPath) -> list[tuple[int, list[str]]]:
        """Return what was read of a file: from which line on, and the lines."""
        reads = [use for use in self.uses if use.name == "Read" and use.given["file_path"] == str(path)]
        return [(int(use.given.get("offset") or 1), list(_lines(use))) for use in reads]


class Model:
    """A script for `MessagesServer`."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        #: Calls by the moves that they belong to; of those that belong to none: "aside".
        self.calls: Counter[str] = Counter()
        #: What went wrong with the tools.
        self.stumbled: list[str] = []

    def __call__(self, request: Json) -> Plan:
        talk = Talk(request)
        if talk.task is None:
            self.calls["aside"] += 1
            return text("I have nothing to add.")
        try:
            return self._go_on(talk, talk.task)
        except Lost as error:
            self.stumbled.append(str(error))
            return text(f"I cannot go on: {error}")

    def _go_on(self, talk: Talk, named: PurePosixPath) -> Plan:
        question, tree = named.with_name("task.json"), named.parent.parent
        for use in talk.uses:
            if use.failed:
                raise Lost(f"{use.name}: {use.result}")
        if not talk.uses:
            self.calls["begun"] += 1
            first = ("Read", {"file_path": str(named)})
            return calls(first, _page(question, 1), words="I read what I am asked.")
        pages = talk.pages(question)
        if len(pages[-1][1]) == PAGE:
            return calls(_page(question, pages[-1][0] + PAGE))
        task = _parsed([line for _, lines in pages for line in lines])
        self.calls[task["move"]] += 1
        if any(use.name in ("Edit", "Write") for use in talk.uses):
            return text(self._done(talk, task, tree).words)
        if (needed := asked(task)) and not any(use.name == "Glob" for use in talk.uses):
            return calls(*(("Glob", {"pattern": pattern, "path": str(tree)}) for pattern in needed))
        unread = [path for path in _found(talk) if not talk.pages(tree / path)]
        if unread:
            return calls(*(("Read", {"file_path": str(tree / path)}) for path in unread))
        done = self._done(talk, task, tree)
        tools = list(_tools(done, named.parent, tree))
        return calls(*tools, words="I do it.") if tools else text("There is nothing to do.")

    def _done(self, talk: Talk, task: Json, tree: PurePosixPath) -> Done:
        files = {path: "\n".join(talk.pages(tree / path)[0][1]) for path in _found(talk)}
        return respond(task, files, self.manner)


def _tools(done: Done, desk: PurePosixPath, tree: PurePosixPath) -> Iterator[tuple[str, Json]]:
    for edit in done.edits:
        path = str(tree / edit.path)
        yield "Edit", {"file_path": path, "old_string": edit.old, "new_string": edit.new}
    if done.answer is not None:
        answer = json.dumps(done.answer, indent=1)
        yield "Write", {"file_path": str(desk / "answer.json"), "content": answer}
    if done.notes:
        yield "Write", {"file_path": str(desk / "notes.md"), "content": done.notes}


def _page(path: PurePosixPath, start: int) -> tuple[str, Json]:
    return "Read", {"file_path": str(path), "offset": start, "limit": PAGE}


def _parsed(lines: list[str]) -> Json:
    try:
        task: Json = json.loads("\n".join(lines))
    except ValueError as error:
        raise Lost(f"what Read shows of the task is no JSON: {error}") from error
    return task


def _lines(use: Use) -> Iterator[str]:
    """Yield the lines of a file that a result shows; what stands below them is claude's own."""
    expected = int(use.given.get("offset") or 1)
    for line in use.result.split("\n"):
        found = LINE.fullmatch(line)
        if found is None or int(found[1]) != expected:
            return
        yield found[2]
        expected += 1


def _found(talk: Talk) -> list[str]:
    """Return the files that were found, by their paths in the campaign's folder."""
    found = {line for use in talk.uses if use.name == "Glob" for line in use.result.splitlines()}
    if "No files found" in found:
        raise Lost("there is no file of that name")
    return sorted(found)


def _blocks(content: Any) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _words(result: Json) -> str:
    return "\n".join(block.get("text", "") for block in _blocks(result.get("content") or ""))
