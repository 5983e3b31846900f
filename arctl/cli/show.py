"""`arctl show`: one experiment with its verdict, its evidence, its runs and what happened to it."""

from __future__ import annotations

import math
import shutil
import time

import click

from arctl.cli import common
from arctl.cli.forum import lines_of
from arctl.cli.page import change_said, heading, how, opinions
from arctl.format import NA, count, duration, interval, number, signed, table, word, wrapped
from arctl.text import clean

#: Width of the labels on the left.
LABEL = 11


@click.command()
@click.argument("ident", metavar="EXPERIMENT|RUN|PROPOSAL")
@common.json_option
def show(ident: str, as_json: bool) -> None:
    """Show all that is known of an experiment, or of that of a run or a proposal.

    Who had the idea and what was expected of it, what others said, its verdict in a sentence, the evidence
    behind it, every run with its seed and value, the tail of a crash, what was learnt.

    Example: arctl show e7
    """
    found = common.ask("show", id=ident)
    if as_json:
        common.document(found)
        return
    for line in page(found, shutil.get_terminal_size((80, 24)).columns):
        click.echo(line)


def page(found: common.Reply, width: int) -> list[str]:
    """Write an experiment as lines."""
    row, base = found["experiment"], found["base"]
    lines = heading(f"{row['id']} {row['title']}", width - 10)
    if found["champion"]:
        lines[-1] += click.style("  champion", fg="green")
    lines += _field("campaign", f"{row['campaign']}, {found['goal']} {found['metric']}", width)
    if base:
        lines += _field("base", f"{base['id']} {base['title']}", width)
    if found["titled"] != row["title"]:
        lines += _field("titled", f"{found['titled']}, when another experiment was the base", width)
    lines += _field("axis", row["axis"], width)
    lines += _proposal(found["proposal"] or {}, found["change"], found["company"], width)
    lines += _field("state", _state(row), width)
    lines += _field("why", row["reason"], width)
    if found["company"]["critiques"]:
        lines += ["", "what others said before it ran"]
        lines += opinions(found["company"]["critiques"], width, "  ")
    if row["evidence"].get("n"):
        lines += ["", "evidence", *(f"  {line}" for line in evidence_lines(row["evidence"]))]
    if found["findings"]:
        lines += ["", "counter-checks" + (", in quarantine" if found["quarantined"] else "")]
        lines += finding_lines(found["findings"], width)
    if found["runs"]:
        lines += ["", *_runs(found["runs"], width)]
    failed = next((run for run in reversed(found["runs"]) if run["evidence"].get("tail")), None)
    if failed:
        lines += [
            "",
            f"the end of {failed['id']} ({word(failed['outcome'])}: {clean(failed['reason'])})",
        ]
        lines += [f"  {clean(line, max(20, width - 2))}" for line in failed["evidence"]["tail"]]
    if found["company"]["posts"]:
        lines += ["", "what was said of it"]
        posts = found["company"]["posts"][-5:]
        said = [line for post in posts for line in lines_of(post, wide=width - 2)]
        lines += [f"  {line}".rstrip() for line in said[:-1]]
    if row["commit"]:
        lines += ["", *_field("commit", row["commit"], width), *_field("ref", found["ref"], width)]
    if found["events"]:
        lines += ["", "events"]
        for event in found["events"][-12:]:
            at = time.strftime("%m-%d %H:%M:%S", time.localtime(event["at"]))
            lines.append(f"  {at}  {clean(event['text'], max(20, width - 18))}")
    return lines


def _field(label: str, text: str, width: int) -> list[str]:
    """Write a labelled text, broken into lines; nothing where it is empty."""
    lines = wrapped(text, max(30, width - LABEL))
    return [f"{label if not index else '':{LABEL}}{line}" for index, line in enumerate(lines)]


def _state(row: common.Reply) -> str:
    marks = [
        how(row),
        "paused" if row["held"] else "",
        "in quarantine"
        if row.get("quarantined") and not row["quarantined"].get("cleared") and not row["verdict"]
        else "",
        "by hand" if row["by_hand"] else "",
        f"repaired {count(row['repairs'], 'time')}" if row["repairs"] else "",
        f"{row['rebase_of']} tried again" if row["rebase_of"] else "",
        f"same as {row['same_as']}" if row["same_as"] else "",
        "built on an experiment that was never champion" if row["forked"] else "",
    ]
    return ", ".join(mark for mark in marks if mark)


def _proposal(proposal: common.Reply, change: str, company: common.Reply, width: int) -> list[str]:
    """Write whose idea it was, in which direction, and what was expected of it."""
    if not proposal:
        return []
    lines = []
    for label, key in (
        ("hypothesis", "hypothesis"),
        ("expected", "expected"),
        ("if works", "if_works"),
        ("if fails", "if_fails"),
        ("source", "source"),
    ):
        lines += _field(label, proposal[key], width)
    whose = f"as {proposal['id']} by {proposal['agent']} ({proposal['brain']})"
    if team := company["team"]:
        whose += f", team {team['name']} ({team['id']})"
    lines += _field("proposed", whose, width)
    if direction := company["direction"]:
        lines += _field("direction", f"{direction['id']} {direction['title']}", width)
    if directive := company["directive"]:
        lines += _field("directive", f"{directive['id']}: {directive['text']}", width)
    writer = proposal["writer"] if proposal["writer"] != proposal["agent"] else ""
    lines += _field("written by", writer, width)
    lines += _field("change", change or change_said(proposal["change"]), width)
    near = "; ".join(f"{item['id']} {item['title']} ({word(item['state'])})" for item in company["near"])
    lines += _field("near", near, width)
    lines += _field("differs", proposal["difference"], width)
    if proposal["uncritiqued"]:
        lines += _field("note", "it ran without a critique: a slot stood idle", width)
    return lines


def evidence_lines(evidence: common.Reply) -> list[str]:
    """Write what a judgement rests on; gains are positive when better, in the metric's unit."""
    ours = f"{number(evidence['mean_candidate'])} over {count(evidence['n'], 'run')}"
    theirs = f"{number(evidence['mean_champion'])} over {count(evidence['m'], 'run')}"
    limits = interval(evidence["effect_low"], evidence["effect_high"])
    rows = [
        ("candidate", ours),
        ("champion", f"{theirs} ({evidence.get('against', NA)})"),
        ("gain", f"{signed(evidence['effect'])}, interval {limits}"),
    ]
    if evidence["sigma"] is not None:
        source = f"{evidence['nu']:g} degrees of freedom ({evidence['method']})"
        rows.append(("noise", f"sigma {number(evidence['sigma'], 3)} from {source}"))
    if evidence["z"] is not None:
        futile = evidence["futility"]
        bounds = f"accepted from {number(evidence['threshold'], 3)}"
        bounds += f", given up below {number(futile, 3)}" if futile is not None else ""
        rows.append(("Z", f"{number(evidence['z'], 3)}, {bounds}"))
    reach = evidence["minimum_detectable_effect"]
    if reach is not None and math.isfinite(reach):
        rows.append(("would find", f"a true gain of {number(reach, 3)} in four cases of five"))
    rows += [("guardrail", text) for text in evidence["guardrails"]]
    if evidence["note"]:
        rows.append(("note", evidence["note"]))
    return [f"{label:{LABEL}}{clean(text)}" for label, text in rows]


def finding_lines(findings: list[common.Reply], width: int) -> list[str]:
    """Write what the counter-checks found, the gravest first as they come."""
    colours = {"quarantine": "red", "invalid": "red", "flag": "yellow"}
    lines = []
    for each in findings:
        head = click.style(f"  {each['severity']:<{LABEL}}", fg=colours.get(each["severity"]))
        where = f" ({each['where']})" if each["where"] else ""
        pieces = wrapped(clean(f"{each['check']}: {each['text']}{where}"), max(30, width - LABEL - 2))
        lines += [f"{head if not at else ' ' * (LABEL + 2)}{piece}" for at, piece in enumerate(pieces)]
    return lines


def _runs(runs: list[common.Reply], width: int) -> list[str]:
    head = ("RUN", "FOR", "SEED", "STATE", "VALUE", "TIME", "ON", "")
    rows = [
        (
            run["id"],
            run["purpose"],
            str(run["seed"]),
            word(run["outcome"] or run["state"]) + (" (paused)" if run["held"] else ""),
            number(run["value"]),
            _time(run),
            run["device_name"] or NA,
            run["stopping"] or run["reason"],
        )
        for run in runs
    ]
    return table(head, rows, right=(2, 4, 5), width=width)


def _time(run: common.Reply) -> str:
    if run["ended"] is None and run["started"] is not None:
        return duration(time.time() - run["started"]) + "…"
    return duration(run["seconds"]) if run["ended"] is not None else NA
