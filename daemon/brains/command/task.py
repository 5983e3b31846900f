"""What a command is told: `task.json`, the whole question as data, and `task.md`, the same for reading."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any

from arctl.daemon.brains import prompts
from arctl.daemon.rows import Json, Move
from arctl.daemon.specs import spec_of
from arctl.daemon.turns import Past, Question
from arctl.text import clean, clean_block

#: The most experiments, dead ends and posts that are told of, the newest; the baseline is always among them.
HISTORY, DEAD_ENDS, POSTS = 300, 200, 60
#: How many of them the text shows.
SHOWN = 15
#: Fields of rows that mean nothing to an agent.
_INNER = frozenset({"rev", "campaign", "spec", "env", "root"})
_WANTED = {
    Move.DISCUSS: "`directions` of your own, and `opinions` on those of others.",
    Move.PROPOSE: "`proposals`, or change the files and describe the change as one proposal.",
    Move.CRITIQUE: "one opinion in `opinions` on {subject}.",
    Move.IMPLEMENT: "the change itself, made in the files; `answer.json` is needed only to decline.",
    Move.REPAIR: "the repaired files; `answer.json` is needed only to decline.",
    Move.REFLECT: "one post of kind reflection in `posts`.",
}


@cache
def contract() -> str:
    """Return how an answer is written down."""
    return (resources.files(__name__.rpartition(".")[0]) / "contract.md").read_text(encoding="utf-8").strip()


def version(question: Question) -> str:
    """Return a short name of exactly the words that this question is put in."""
    texts = (prompt.text for prompt in prompts.load(question.move, question.campaign))
    return prompts.version(*texts, contract())


def as_json(question: Question, log: str) -> str:
    """Return the whole question as JSON; `log` is the end of the log of a crash."""
    spec = spec_of(question.campaign)
    history = question.history
    if len(history) > HISTORY:
        history = (history[0], *history[1 - HISTORY :])
    told = {
        "version": 1,
        "move": question.move,
        "turn": question.turn.id,
        "campaign": question.campaign.id,
        "objective": clean_block(question.campaign.objective),
        "metric": {"name": spec.metric.name, "goal": spec.metric.goal},
        "command": spec.run.command,
        "editable": spec.files.editable,
        "protected": spec.files.protected,
        "tunable": {name: param.model_dump(exclude_defaults=True) for name, param in spec.params.items()},
        "agent": question.agent,
        "team": question.team,
        "champion": {"experiment": question.base, "commit": question.commit, "params": question.params},
        "want": question.want,
        "round": question.round,
        "reason": question.reason,
        "history": history,
        "history_left_out": len(question.history) - len(history),
        "effects": question.effects,
        "dead_ends": question.dead_ends[-DEAD_ENDS:],
        "direction": question.direction,
        "directions": question.directions,
        "taken": sorted(question.taken),
        "open": question.open,
        "directives": question.directives,
        "posts": question.posts[-POSTS:],
        "proposal": question.proposal,
        "experiment": question.experiment,
        "critiques": question.critiques,
        "log": clean_block(log),
    }
    return json.dumps(_plain(told), indent=1, ensure_ascii=False, allow_nan=False)


def as_text(question: Question, log: str) -> str:
    """Return the task for reading: what agents are told of this move, how to answer, what matters most."""
    common, move = prompts.load(question.move, question.campaign)
    wanted = _WANTED[question.move].format(subject=_subject(question))
    told = [common.text, move.text, contract(), f"**Wanted in this turn:** {wanted}"]
    told += [f"## {title}\n{body}" for title, body in _sections(question, log) if body]
    return "\n\n".join(told) + "\n"


def _subject(question: Question) -> str:
    return question.proposal.id if question.proposal is not None else "it"


def _sections(question: Question, log: str) -> Iterable[tuple[str, str]]:
    spec = spec_of(question.campaign)
    yield "Objective", clean_block(question.campaign.objective).strip()
    goal = "lower is better" if spec.metric.goal == "minimize" else "higher is better"
    yield (
        "Program",
        (
            f"It is run as `{clean(spec.run.command)}`. The metric is {spec.metric.name}; {goal}.\n"
            f"You may change: {', '.join(spec.files.editable)}. "
            f"Protected: {', '.join(spec.files.protected) or 'nothing further'}."
        ),
    )
    params = ", ".join(f"{name} = {value}" for name, value in question.params.items())
    yield "Champion", clean(f"{question.base} with {params or 'no tunable parameters'}.", 2000)
    yield (
        "Directives of the people who run this",
        _list(f"{row.id} ({row.state}): {clean(row.text, 2000)}" for row in question.directives),
    )
    if (direction := question.direction) is not None:
        lines = (
            f"{direction.title}: {direction.hypothesis}",
            f"Axes: {', '.join(direction.axes)}",
            f"Prediction: {direction.prediction}",
            f"Falsifier: {direction.falsifier}",
        )
        yield f"Your team's direction, {direction.id}", "\n".join(clean(line, 2000) for line in lines)
    yield "Experiments, newest last", _list(map(_past, question.history[-SHOWN:]))
    closed = [row for row in question.dead_ends if not row.revived]
    yield "Dead ends", _list(f"{row.id} {row.axis}: {clean(row.reason, 300)}" for row in closed[-SHOWN:])
    if question.move is Move.DISCUSS:
        table = [
            f"{row.id} by {row.author}: {row.title} ({', '.join(row.axes)})" for row in question.directions
        ]
        yield "Directions on the table", _list(clean(line, 400) for line in table)
    if (proposal := question.proposal) is not None:
        yield (
            f"Proposal {proposal.id}",
            _data(
                f"{proposal.title}\nAxis: {proposal.axis}\nHypothesis: {proposal.hypothesis}\n"
                f"Expected: {proposal.expected}\nChange: {json.dumps(_plain(proposal.change))[:20_000]}"
            ),
        )
    yield (
        "What was said of it",
        _list(f"{row.author}: {row.stance}: {clean(row.reason, 2000)}" for row in question.critiques),
    )
    yield "Why", clean(question.reason, 2000)
    yield "The end of the crashed run's log", _data(log) if log else ""
    yield "How many", f"At most {question.want}." if question.want else ""
    yield "Your notes", _data(question.agent.notes) if question.agent.notes else ""


def _past(row: Past) -> str:
    value = "no value" if row.value is None else f"{row.value:.6g}"
    return clean(f"{row.experiment} {row.verdict or 'under way'}, {value}: {row.title} ({row.axis})", 300)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _data(text: str) -> str:
    """Return foreign text between marks that it cannot close itself."""
    return f"<data>\n{clean_block(text).replace('</data', '< /data').strip()}\n</data>"


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it; numbers that JSON has no word for become null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value))
        found: Json = {name: _plain(getattr(value, name)) for name in fields if name not in _INNER}
        return found
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    # A lone surrogate could not be written to the file.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
