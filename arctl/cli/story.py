"""What happens in a campaign, told in short lines to somebody who watches: not every turn, not every run."""

from __future__ import annotations

import click

from arctl.cli.common import Reply
from arctl.events import QUIET
from arctl.format import number
from arctl.text import clean

#: Width of the word that a line begins with, and the longest text behind it.
LABEL = 11
LONGEST = 170
#: The longest text of a line that says again what an earlier one said whole.
SHORT = 96

_BROKEN = ("crashed", "timed_out", "no_metric", "not_finite", "invalid", "lost")

#: Kinds of events that are told as they are: the word in front, and the colour.
_TOLD = {
    "agent.hired": ("company", ""),
    "agent.retired": ("company", ""),
    "baseline.ready": ("baseline", ""),
    "campaign.started": ("campaign", ""),
    "campaign.finished": ("campaign", ""),
    "campaign.paused": ("campaign", "yellow"),
    "campaign.resumed": ("campaign", ""),
    "campaign.held": ("held", "red"),
    "action.failed": ("held", "red"),
    "champion.new": ("champion", "green"),
    "dead_end.closed": ("dead end", "yellow"),
    "dead_end.reopened": ("reopened", ""),
    "dead_end.revived": ("reopened", ""),
    "discussion.closed": ("discussion", "cyan"),
    "direction.merged": ("regroup", "cyan"),
    "direction.retired": ("regroup", "cyan"),
    "direction.split": ("regroup", "cyan"),
    "direction.killed": ("regroup", "cyan"),
    "direction.standing": ("direction", "cyan"),
    "direction.taken": ("team", "cyan"),
    "team.formed": ("team", "cyan"),
    "team.retired": ("team", "cyan"),
    "team.killed": ("team", "cyan"),
    "directive.issued": ("directive", "magenta"),
    "directive.acknowledged": ("directive", "magenta"),
    "directive.reported": ("directive", "magenta"),
    "directive.done": ("directive", "magenta"),
    "experiment.crashed": ("crash", "red"),
    "experiment.repaired": ("repair", ""),
    "proposal.refused": ("refused", "yellow"),
    "proposal.uncritiqued": ("in a hurry", ""),
    "edit.refused": ("edit", "red"),
    "file.astray": ("edit", "yellow"),
    "file.back": ("edit", ""),
    "spec.edited": ("edit", ""),
    "objective.edited": ("edit", ""),
}


class Teller:
    """Tells events, what was said before only once: an idea may be objected to again and again."""

    def __init__(self) -> None:
        self._before: set[str] = set()

    def line(self, event: Reply) -> str:
        """Return what to say of an event; empty where there is nothing to say, or nothing new."""
        said = told(event)
        if event["kind"] in ("proposal.objected", "proposal.made", "proposal.refused"):
            # Without the proposal's id the same idea reads the same.
            key = click.unstyle(said).replace(event["subject"], "", 1)
            if key in self._before:
                return ""
            self._before.add(key)
        return said


def told(event: Reply) -> str:
    """Return what to say of an event to somebody who watches; empty where it is of no interest."""
    kind, data = event["kind"], event["data"]
    text = clean(event["text"], LONGEST)
    if kind in _TOLD:
        label, colour = _TOLD[kind]
        if label == "team":  # the direction was told when it was suggested
            text = clean(text, SHORT)
        return _line(label, text, colour, bold=kind == "champion.new")
    match kind:
        case "experiment.closed" if data.get("verdict") != "accepted":
            return _closed(event)
        case "discussion.opened":
            about = text.partition(": ")[2] or text
            return _line("discussion", f"the agents talk about where to look: {about}", "cyan")
        case "direction.proposed":
            return _line("direction", clean(f"{event['actor']} suggests {text}", LONGEST), "cyan")
        case "critique.made" if data.get("stance") == "object" and event["subject"].startswith("h"):
            return _line("objection", text, "yellow")
        case "proposal.objected":
            said = text.replace(" is objected: ", ": ", 1)
            return _line("objection", clean(f"{event['actor']} objects to {said}", LONGEST), "yellow")
        case "proposal.made" if data.get("state") == "objected":
            said = text.replace(" is objected: ", " repeats too much: ", 1)
            return _line("objection", said, "yellow")
        case "forum.posted" if data.get("kind") == "question":
            return _line("question", text, "magenta")
        case "turn.failed" if data.get("human"):
            return _line("needs you", text, "red")
    return ""


def _closed(event: Reply) -> str:
    """Tell how an experiment ended that did not become champion, with its mean where it has one."""
    verdict = event["data"].get("verdict")
    values = event["data"].get("values") or []
    value = f" ({number(sum(values) / len(values), 4)})" if values else ""
    text = clean(event["text"], LONGEST)
    return _line("closed", f"{text}{value}", "red" if verdict in _BROKEN else "")


def _line(label: str, text: str, colour: str, *, bold: bool = False) -> str:
    return click.style(f"{label:{LABEL}}{text}", fg=colour or None, bold=bold or None)


def loud(event: Reply) -> bool:
    """Tell whether somebody who follows along wants to read an event: what a post repeats is left out."""
    if event["kind"] in QUIET:
        return False
    echo = event["kind"] == "forum.posted" and event["data"].get("kind") in (
        "critique",
        "direction",
        "decision",
    )
    return not echo
