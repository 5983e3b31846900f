"""`arctl status`: what runs, on what, and what needs a person."""

from __future__ import annotations

import click

from arctl.cli import common
from arctl.cli.look import width
from arctl.format import count, duration, number, word, wrapped
from arctl.text import clean


@click.command()
@common.json_option
def status(as_json: bool) -> None:
    """Show what runs, on what, and what needs you."""
    found = common.ask("status")
    if as_json:
        common.document(found)
        return
    head = (
        f"arctl {found['version']} on {found['host']}, process {found['pid']}, up {duration(found['uptime'])}"
    )
    click.echo(clean(head))
    click.echo(f"devices   {found['busy']} of {found['devices']} busy")
    click.echo(f"log       {clean(found['log'])}")
    for line in _away(found):
        click.echo(line)
    if found["stopping"]:
        click.echo(f"stopping  {found['stopping']}: nothing new is started; `arctl start` changes its mind")
    if found["trouble"]:
        click.echo(f"trouble   {clean(found['trouble'])}")
    if not found["campaigns"]:
        click.echo("no campaign yet: `arctl start PATH` begins one, `arctl demo` shows how")
    for row in found["campaigns"]:
        click.echo()
        for line in campaign_block(row, width()):
            click.echo(line)


def _away(found: common.Reply) -> list[str]:
    """Write the devices on which nothing starts: by a person's word, by a failure, or because of others."""
    texts = []
    for row in found["held"]:
        why = f": {row['reason']}" if row["reason"] else ""
        texts.append(
            ("held", f"{row['name']} by {row['actor']}{why}; `arctl resume {row['name']}` lets it go on")
        )
    texts += [
        ("failed", f"{row['name']}: {row['reason']}; when it is well: `arctl gpus release {row['name']}`")
        for row in found["failed"]
    ]
    texts += [("taken", f"{row['name']} by {row['reason']}") for row in found["taken"]]
    return [click.style(f"{label:{LABEL - 2}}{clean(text)}", fg="yellow") for label, text in texts]


#: Width of the labels on the left.
LABEL = 12
_COLOURS = {"running": "green", "held": "red", "paused": "yellow", "finished": "cyan"}


def campaign_block(row: common.Reply, wide: int = 80) -> list[str]:
    """Write a campaign's entry of a status as lines."""
    name, state = clean(row["campaign"]), clean(row["state"])
    lines = [
        f"{click.style(name, bold=True)}  {click.style(state, fg=_COLOURS.get(state))}  {clean(row['root'])}"
    ]
    if row["reason"]:
        lines += _field("why", row["reason"], wide)
    if row["behind"]:
        lines += _field("branch", row["behind"], wide)
    if row["drain"]:
        text = f"what was begun is still judged, nothing new begins; {way_on(row)} ends that"
        lines += _field("drains", text, wide)
    if state in ("held", "paused"):
        lines += _field("next", way_on(row), wide)
    runs = row["champion_runs"]
    value = (
        f"{row['metric']} {number(row['champion_mean'])} over {count(runs, 'run')}"
        if runs
        else "not measured yet"
    )
    title = clean(row["champion_title"], 40)
    lines += _field("champion", f"{row['champion']} {title}: {value} ({row['goal']}, {trust(row)})", wide)
    verdicts = {key: n for key, n in row["verdicts"].items() if key != "baseline"}
    said = ", ".join(f"{n} {word(key)}" for key, n in sorted(verdicts.items(), key=lambda item: -item[1]))
    lines += _field("tried", str(row["experiments"]) + (f": {said}" if said else ""), wide)
    lines.append(
        f"  now       {row['running']} running, {row['queued']} queued, {row['open']} without a verdict"
    )
    lines += _company(row["company"], wide)
    for need in row["needs"]:
        lines += [click.style(line, fg="yellow") for line in _field("needs you", need["text"], wide)]
        lines += _field("", need["remedy"], wide)
    for wait in row["waits"]:
        lines += _field("waits", f"{wait['text']}; asked again in {duration(wait['left'])}", wide)
        lines += _field("", wait["remedy"], wide)
    return lines


def trust(row: common.Reply) -> str:
    """Say who computes a campaign's metric, and what keeps its runs from meddling."""
    return f"{row['trust']}, sandbox {row['sandbox']}"


def _field(label: str, text: str, wide: int) -> list[str]:
    """Write a labelled text of a campaign's entry, broken into lines."""
    lines = wrapped(text, max(30, wide - LABEL))
    return [f"  {label if not number else '':{LABEL - 2}}{line}" for number, line in enumerate(lines)]


def _company(company: common.Reply, wide: int) -> list[str]:
    """Write who works on a campaign: the teams with their directions, and the discussion that goes on."""
    lines = []
    for place, team in enumerate(company["teams"]):
        held = " (held)" if team["held"] else ""
        about = f"{team['direction']} {team['title']}" if team["direction"] else "no direction at the moment"
        said = clean(f"{team['name']} on {about}", 66)
        lines.append(f"  {'teams' if not place else '':9} {said}{held}")
    if talk := company["discussion"]:
        waiting = ", ".join(talk["waiting"])
        asked = f"; asked now: {waiting}" if waiting else ""
        said = f"{talk['id']}, round {talk['round']} of {talk['rounds']}{asked}"
        lines += [*_field("talk", said, wide), *_field("", talk["reason"], wide)]
    waits = sum(company["proposals"].values())
    if waits or company["asked"]:
        parts = [f"{many} {word(state)}" for state, many in sorted(company["proposals"].items())]
        proposals = count(waits, "proposal") + (f" ({', '.join(parts)})" if parts else "")
        at_work = f"{company['asked']} of {count(company['agents'], 'agent')} at work"
        lines += _field("thought", f"{at_work}, {proposals}", wide)
    return lines


def way_on(row: common.Reply) -> str:
    """Say what lets a held or paused campaign go on."""
    resume = f"`arctl resume {clean(row['campaign'])}`"
    if row["state"] != "held":
        return resume
    # Where nothing was measured yet it may begin from another commit; unless what is wrong is outside git.
    if not row["champion_runs"] and resume not in row["reason"]:
        return f"mend it and commit what you change, then `arctl start {clean(row['root'])}`"
    return f"mend it, then {resume}"
