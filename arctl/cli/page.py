"""Pieces that pages about the community are made of: labelled texts, who is at what, opinions."""

from __future__ import annotations

import click

from arctl.cli.common import Reply
from arctl.format import count, duration, signed, table, word, wrapped
from arctl.text import clean

#: Width of the labels on the left.
LABEL = 12

#: What an agent is doing, by what it is asked for.
DOING = {
    "discuss": "discussing",
    "propose": "thinking of proposals",
    "critique": "looking at",
    "implement": "writing",
    "repair": "repairing",
    "reflect": "thinking about",
}
STANCES = {"endorse": "endorses", "object": "objects", "revise": "wants it revised"}


def field(label: str, text: str, width: int, indent: str = "") -> list[str]:
    """Write a labelled text, broken into lines; nothing where it is empty."""
    room = max(30, width - LABEL - len(indent))
    lines = wrapped(text, room)
    return [f"{indent}{label if not number else '':{LABEL}}{line}" for number, line in enumerate(lines)]


def title(text: str, *, mark: str = "") -> str:
    """Write a heading; `mark` stands behind it in colour."""
    return click.style(clean(text), bold=True) + (
        click.style(f"  {clean(mark)}", fg="yellow") if mark else ""
    )


def heading(text: str, width: int, *, mark: str = "") -> list[str]:
    """Write a heading of foreign words as lines of at most `width`."""
    lines = [click.style(line, bold=True) for line in wrapped(text, max(30, width))]
    return [*lines[:-1], *(line + title("", mark=mark) for line in lines[-1:])]


def doing(asked: Reply | None, now: float) -> str:
    """Say what somebody is asked right now and for how long; empty where that is nothing."""
    if not asked:
        return ""
    what = DOING.get(asked["move"], word(asked["move"]))
    if asked["move"] == "propose" and asked["subject"]:
        what = "writing anew"
    about = f" {asked['subject']}" if asked["subject"] else ""
    return f"{what}{about}, {duration(now - asked['since'])}"


def opinions(rows: list[Reply], width: int, indent: str = "") -> list[str]:
    """Write critiques: who, what stance and why, and what lifted those that are lifted."""
    lines = []
    for row in rows:
        stance = STANCES.get(row["stance"], word(row["stance"]))
        lifted = f" (lifted: {row['lifted']})" if row["lifted"] else ""
        text = f"{row['author']} {stance}{lifted}: {row['reason']}"
        lines += wrapped(text, max(30, width - len(indent)), indent)
    return lines


def experiments(rows: list[Reply], width: int) -> list[str]:
    """Write experiments as lines: how each ended, its gain, whose it was."""
    cells = [(row["id"], how(row), signed(row["effect"]), row["agent"], row["title"]) for row in rows]
    return table(("ID", "VERDICT", "GAIN", "BY", "TITLE"), cells, right=(2,), width=width) if cells else []


def how(row: Reply) -> str:
    """Say how an experiment ended, or where it stands."""
    if row["verdict"]:
        return word(row["verdict"])
    return "running" if row.get("running") else word(row["state"])


def queue(rows: list[Reply], width: int, indent: str = "") -> list[str]:
    """Write proposals that wait: the place of those that are ready, the state of the others."""
    cells = []
    for row in rows:
        marks = [
            "first" if row["urgent"] else "",
            "moved by hand" if row["moved"] else "",
            row["directive"],
            "not critiqued" if row["uncritiqued"] else "",
            f"{row['writer']} writes it" if row["state"] == "claimed" and row["writer"] else "",
        ]
        said = ", ".join(mark for mark in marks if mark)
        why = row["reason"] if row["state"] in ("objected", "parked") else ""
        text = row["title"] + (f" ({said})" if said else "") + (f": {why}" if why else "")
        place = str(row["rank"]) if row["rank"] else "-"
        cells.append((place, row["id"], word(row["state"]), row["agent"], text))
    lines = table((), cells, right=(0,), width=max(40, width - len(indent)))
    return [indent + line for line in lines]


def record_said(record: Reply | None, stall_after: int) -> str:
    """Say what came of a direction since its team took it up, or since its last acceptance."""
    if record is None:
        return ""
    said = f"{record['accepted']} accepted, {record['rejected']} not, {record['open']} open"
    vain = record["finished"]
    since = "since the last acceptance" if record["accepted"] else "so far"
    return f"{said}; {vain} in vain {since} (it stalls at {stall_after})"


def proposal_words(row: Reply, wide: int) -> list[str]:
    """Write what a proposal expects, and what its author concludes either way."""
    lines = []
    for label, key in (
        ("hypothesis", "hypothesis"),
        ("axis", "axis"),
        ("expected", "expected"),
        ("if works", "if_works"),
        ("if fails", "if_fails"),
        ("cost", "cost"),
    ):
        lines += field(label, row.get(key, ""), wide)
    return lines


def change_said(change: Reply) -> str:
    """Say what a change is."""
    match change.get("kind"):
        case "params":
            return "sets " + ", ".join(f"{name} = {value}" for name, value in change["values"].items())
        case "patch":
            return f"a patch of {count(change['lines'], 'line')}"
        case "edits":
            return f"{count(change['edits'], 'edit')} in {', '.join(change['files'])}"
        case "idea":
            return "an idea that nobody has written yet"
        case "merge":
            return f"what {change.get('of', 'another')} changed, merged"
    return word(str(change.get("kind", "")))
