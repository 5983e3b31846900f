"""The tools that a model is offered: their schemas, in one place, and which move has which."""

from __future__ import annotations

from typing import Any

from arctl.daemon.rows import STANCES, Json, Move
from arctl.experiments.company import Brain as Settings

MOVES = ("up", "down", "replace", "remove", "structural")
KINDS = ("note", "answer", "reflection", "report")

#: Families of models that know no strict tools, by the beginning of their names.
_LAX = ("claude-2", "claude-3", "claude-instant", "claude-opus-4-0", "claude-opus-4-2", "claude-sonnet-4-0",
        "claude-sonnet-4-2")  # fmt: skip


def _text(says: str, *allowed: str) -> Json:
    return {"type": "string", "description": says, **({"enum": list(allowed)} if allowed else {})}


def _texts(says: str) -> Json:
    return {"type": "array", "items": {"type": "string"}, "description": says}


def _flag(says: str) -> Json:
    return {"type": "boolean", "description": says}


def _number(says: str) -> Json:
    return {"type": "integer", "description": says}


def _object(properties: Json, needed: tuple[str, ...]) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(needed),
        "additionalProperties": False,
    }


def _tool(name: str, says: str, properties: Json, *needed: str) -> tuple[str, Json]:
    return name, {"name": name, "description": says, "input_schema": _object(properties, needed)}


_PATH = {"path": _text("Path in the campaign's folder.")}
_LINKS = _texts("Ids of the evidence, such as e12, d3, m41.")
_EDIT = _object(
    {
        **_PATH,
        "old": _text("Text that stands in the file exactly once; empty for a new file."),
        "new": _text("What takes its place."),
        "whole": _flag("With an empty old: replace the whole file."),
    },
    ("path", "old", "new"),
)

TOOLS: dict[str, Json] = dict(
    (
        # -- looking --
        _tool(
            "list_files",
            "List the files of the commit that the turn is about; editable ones are marked.",
            {"under": _text("Only paths that begin with this.")},
        ),
        _tool(
            "read_file",
            "Read a text file of that commit, with your own edits in it; long files in parts.",
            {
                "path": _text("Path in the campaign's folder."),
                "from_line": _number("First line, counted from 1."),
                "lines": _number("How many lines, at most 2000."),
            },
            "path",
        ),
        _tool(
            "list_experiments",
            "List experiments, newest first, 40 a page.",
            {
                "axis": _text("Only this axis and those within it."),
                "verdict": _text("Only this verdict, such as accepted or rejected."),
                "page": _number("1 is the newest page."),
            },
        ),
        _tool(
            "show_experiment",
            "Show all that is known of one experiment: figures, verdict, evidence, runs.",
            {"id": _text("Its id, such as e12."), "diff": _flag("Show also what it changed.")},
            "id",
        ),
        _tool(
            "search_forum",
            "Search the forum's posts by words.",
            {"query": _text("Words to look for.")},
            "query",
        ),
        # -- answering --
        _tool(
            "propose_direction",
            "Put a direction on the table of the discussion.",
            {
                "title": _text("A few words."),
                "hypothesis": _text("What you believe, and the mechanism behind it."),
                "axes": _texts("The dotted axes to work on; parameters go by their names."),
                "prediction": _text("What will be seen if it holds."),
                "falsifier": _text("What would show that it does not."),
                "first": _texts("The first experiments, in words."),
            },
            "title", "hypothesis", "axes", "prediction", "falsifier",
        ),
        _tool(
            "propose",
            "Propose one experiment. It is checked at once; an error says what to mend.",
            {
                "title": _text("One line that says what is changed."),
                "hypothesis": _text("The mechanism: why this should help here."),
                "axis": _text("What it moves, with dots; for params the parameters' names are taken."),
                "move": _text("The way it moves.", *MOVES),
                "expected": _text("Expected gain as a number, positive is better, then a word on why."),
                "if_works": _text("What follows if it works."),
                "if_fails": _text("What follows if it does not."),
                "cost": _text("What it costs in time or memory against the base."),
                "difference": _text("In what it differs from what is near it; empty if nothing is."),
                "kind": _text("The form of the change.", "params", "edits", "idea"),
                "params": {
                    "type": "array",
                    "description": "For params: the new values.",
                    "items": _object(
                        {"name": _text("The parameter."), "value": _text("Its value, as in 0.003 or true.")},
                        ("name", "value"),
                    ),
                },
                "edits": {"type": "array", "items": _EDIT, "description": "For edits: in this order."},
            },
            "title", "hypothesis", "axis", "move", "expected", "if_works", "if_fails", "kind",
        ),
        _tool(
            "judge",
            "Say what you think of somebody else's proposal or direction.",
            {
                "subject": _text("Its id, such as p7 or h3."),
                "stance": _text("Your judgement.", *STANCES),
                "reason": _text("Why, in a few sentences."),
                "links": _LINKS,
            },
            "subject", "stance", "reason",
        ),
        _tool(
            "edit_file",
            "Replace a text in an editable file; it must stand there exactly once.",
            {**_PATH, "old": _text("Text that stands there exactly once."), "new": _text("The new text.")},
            "path", "old", "new",
        ),
        _tool(
            "write_file",
            "Write a whole editable file, new or in place of what is there.",
            {**_PATH, "text": _text("The whole text.")},
            "path", "text",
        ),
        # -- talking --
        _tool(
            "post",
            "Write a post to the forum.",
            {
                "text": _text("The post."),
                "kind": _text("What it is.", *KINDS),
                "parent": _text("The post that it answers, such as m41; empty for a new thread."),
                "links": _LINKS,
            },
            "text",
        ),
        _tool(
            "ask_human",
            "Ask the people who run the campaign something that only they can answer. Nobody waits for it.",
            {"text": _text("The question."), "links": _LINKS},
            "text",
        ),
        _tool(
            "acknowledge",
            "Take up a directive, or report what came of it.",
            {
                "directive": _text("Its id, such as i6."),
                "plan": _text("What you will do under it."),
                "report": _text("What came of it; empty as long as nothing did."),
                "done": _flag("Whether it is fulfilled."),
                "keep": _texts("Parked proposals (p7) that it does not speak against."),
            },
            "directive", "plan",
        ),
        _tool(
            "note_to_self",
            "Write your notes anew, at most 4000 characters; they come back in your next turns.",
            {"text": _text("The notes.")},
            "text",
        ),
        # -- ending --
        _tool(
            "finish",
            "End the turn: all that was to be done is handed in.",
            {"exhausted": _flag("For proposals: nothing is left here that is worth a run.")},
        ),
        _tool(
            "decline",
            "End the turn without an answer, because it cannot be done well.",
            {"reason": _text("Why.")},
            "reason",
        ),
    )
)  # fmt: skip

_LOOK = ("list_files", "read_file", "list_experiments", "show_experiment", "search_forum")
_TALK = ("post", "ask_human", "acknowledge", "note_to_self", "finish", "decline")

OFFERED: dict[Move, tuple[str, ...]] = {
    Move.DISCUSS: (*_LOOK, "propose_direction", "judge", *_TALK),
    Move.PROPOSE: (*_LOOK, "propose", *_TALK),
    Move.CRITIQUE: (*_LOOK, "judge", *_TALK),
    Move.IMPLEMENT: (*_LOOK, "edit_file", "write_file", *_TALK),
    Move.REPAIR: (*_LOOK, "edit_file", "write_file", *_TALK),
    Move.REFLECT: (*_LOOK, *_TALK),
}
#: Tools whose input is worth a grammar; few, because each costs the server time to compile.
_STRICT = frozenset({"propose", "propose_direction", "judge", "edit_file", "write_file"})


def strict(settings: Settings) -> bool:
    """Tell whether the server holds a model to the schemas: the official one does, for models that can."""
    return settings.base_url is None and not (settings.model or "").startswith(_LAX)


def offered(move: Move, *, strict: bool = False) -> tuple[Json, ...]:
    """Return the tools of a move; the same ones in the same order each time, for they open the cache."""
    return tuple(
        _strictly(TOOLS[name]) if strict and name in _STRICT else TOOLS[name] for name in OFFERED[move]
    )


def _strictly(tool: Json) -> Json:
    return {**tool, "strict": True, "input_schema": _complete(tool["input_schema"])}


def _complete(schema: Any) -> Any:
    """Make every property of every object required, as strict tools ask for."""
    if isinstance(schema, list):
        return [_complete(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    done = {key: _complete(value) for key, value in schema.items()}
    if done.get("type") == "object":
        done["required"] = list(done["properties"])
    return done
