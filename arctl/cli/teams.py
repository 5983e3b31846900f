"""`arctl teams`: who works on what, and one team, direction or proposal in full."""

from __future__ import annotations

import click

from arctl.cli import common, page
from arctl.cli.look import width
from arctl.cli.page import field, title
from arctl.format import NA, count, duration, table, word, wrapped
from arctl.text import clean


@click.command()
@click.argument("ident", metavar="CAMPAIGN|TEAM|DIRECTION|PROPOSAL", required=False)
@click.option("-a", "--all", "everything", is_flag=True, help="Directions and teams that have ended as well.")
@common.campaign_option
@common.json_option
def teams(ident: str | None, everything: bool, campaign: str | None, as_json: bool) -> None:
    """Show the teams: direction, members, record, queue.

    Also the discussion that goes on, and directions that wait for a team. With the id of a team (t1), a
    direction (h3) or a proposal (p12): all that is known of it, with what others said of it and why.

    Example: arctl teams h3
    """
    found = common.ask("teams", id=ident, campaign=campaign, all=everything or None)
    if as_json:
        common.document(found)
        return
    wide = width()
    for line in PAGES[found["kind"]](found, wide):
        click.echo(line)


def listing(found: common.Reply, wide: int) -> list[str]:
    """Write a campaign's company as lines."""
    head = f"{clean(found['campaign'])}  {count(len(found['teams']), 'team')}"
    lines = [click.style(head, bold=True) + f"; {word(found['goal'])} {clean(found['metric'])}"]
    if found["off"]:
        lines += field("off", ", ".join(found["off"]), wide)
    for team in found["teams"]:
        lines += ["", *_team_block(team, found, wide)]
    if found["discussion"]:
        lines += ["", *_discussion(found["discussion"], found["now"], wide)]
    if found["standing"]:
        lines += ["", title("directions that wait")]
        for row in found["standing"]:
            lines += _standing(row, wide)
    if found["others"]:
        lines += ["", title("proposals of no team"), *page.queue(found["others"], wide, "  ")]
    if found["loose"]:
        lines += ["", *_loose(found, wide)]
    if "ended" in found:
        lines += _ended(found["ended"], wide)
    return lines


def _team_block(team: common.Reply, found: common.Reply, wide: int) -> list[str]:
    direction = team["direction"]
    states = [
        "held" if team["held"] else "",
        "its direction is held" if direction and direction["held"] else "",
        "what was begun is still judged" if team["drain"] or (direction and direction["drain"]) else "",
    ]
    mark = ", ".join(state for state in states if state)
    about = f"{direction['id']} {direction['title']}" if direction else "no direction at the moment"
    lines = page.heading(f"{team['name']} ({team['id']}), {about}", wide - len(mark) - 2, mark=mark)
    if direction:
        lines += _words(direction, wide, "  ")
        untried = f" (not judged yet: {', '.join(team['untried'])})" if team["untried"] else ""
        lines += field("axes", ", ".join(direction["axes"]) + untried, wide, "  ")
        lines += field("base", direction["base"], wide, "  ")
        since = f"; for {duration(found['now'] - team['since'])}" if team["since"] else ""
        lines += field("record", page.record_said(team["record"], found["stall_after"]) + since, wide, "  ")
    elif team["reason"]:
        lines += field("why", team["reason"], wide, "  ")
    lines += _members(team["members"], found["now"], wide)
    if team["going"]:
        going = "; ".join(f"{row['id']} {row['title']} ({page.how(row)})" for row in team["going"])
        lines += field("under way", going, wide, "  ")
    if team["queue"]:
        lines += ["  queue", *page.queue(team["queue"], wide, "    ")]
        if team["queued"] > len(team["queue"]):
            lines.append(f"    … {team['queued'] - len(team['queue'])} more")
    return lines


def _words(direction: common.Reply, wide: int, indent: str = "") -> list[str]:
    lines = []
    for label, key in (("hypothesis", "hypothesis"), ("predicts", "prediction"), ("wrong if", "falsifier")):
        lines += field(label, direction[key], wide, indent)
    return lines


def _members(rows: list[common.Reply], now: float, wide: int) -> list[str]:
    lines = []
    for number, row in enumerate(rows):
        said = f"{row['name']}, {row['role']}: {_state(row, now)}"
        lines += field("members" if not number else "", said, wide, "  ")
    return lines or field("members", "nobody", wide, "  ")


def _state(row: common.Reply, now: float) -> str:
    """Say what a member is at, or why it is at nothing."""
    if row["state"] != "active":
        return word(row["state"])
    if row["trouble"]:
        return f"waits for you: {row['trouble']}"
    if row["asked"]:
        return page.doing(row["asked"], now)
    return "has nothing more to propose for now" if row["exhausted"] else "free"


def _discussion(row: common.Reply, now: float, wide: int) -> list[str]:
    took = duration(now - row["created"])
    lines = [title(f"discussion {row['id']}, round {row['round']} of {row['rounds']}, for {took}")]
    lines += field("about", row["reason"], wide, "  ")
    waiting = ", ".join(f"{item['agent']} ({duration(now - item['since'])})" for item in row["waiting"])
    lines += field("asked now", waiting or "nobody", wide, "  ")
    lines += field("read it", f"arctl forum {row['thread']}", wide, "  ")
    return lines


def _standing(row: common.Reply, wide: int) -> list[str]:
    state = "discussed now" if row["state"] == "proposed" else "waits"
    said = [f"by {row['author']}", state]
    if row["endorsed"] or row["objected"]:
        said.append(f"{row['endorsed']} endorse, {row['objected']} object")
    if row["base"]:
        said.append(f"builds on {row['base']}")
    if row["cold"]:
        said.append(f"never tried: {', '.join(row['cold'])}")
    head = f"  {row['id']} {row['title']}"
    lines = wrapped(head, max(40, wide), "  ")
    return [*lines, *wrapped("; ".join(said), max(40, wide - 5), "     ")]


def _loose(found: common.Reply, wide: int) -> list[str]:
    who = "agents without a team" if found["teams"] or found["talks"] else "there are no teams here"
    lines = [title(who)]
    for row in found["loose"]:
        lines += wrapped(
            f"{row['name']}, {row['role']}: {_state(row, found['now'])}", max(40, wide - 2), "  "
        )
    return lines


def _ended(ended: common.Reply, wide: int) -> list[str]:
    lines = ["", title(f"ended: {count(ended['directions_total'], 'direction')}")]
    for row in ended["directions"]:
        dead = f", dead end {row['dead_end']}" if row["dead_end"] else ""
        tried = f"{count(row['experiments'], 'experiment')}, {row['accepted']} accepted{dead}"
        lines += wrapped(f"{row['id']} {row['title']}", max(40, wide), "  ")
        lines += wrapped(f"{word(row['state'])}: {row['reason'] or NA}; {tried}", max(40, wide - 5), "     ")
    if ended["teams"]:
        lines += ["", title(f"dissolved: {count(ended['teams_total'], 'team')}")]
        cells = [(row["name"], row["id"], row["reason"] or NA) for row in ended["teams"]]
        lines += [f"  {line}" for line in table((), cells, width=max(40, wide - 2))]
    return lines


# -- one in full -----------------------------------------------------------------------------------------


def team_page(found: common.Reply, wide: int) -> list[str]:
    """Write one team as lines."""
    team = found["team"]
    if team["state"] != "active":
        lines = [
            title(f"{team['name']} ({team['id']})"),
            *field("state", f"dissolved: {team['reason']}", wide),
        ]
    else:
        lines = _team_block(team, found, wide)
    if found["directions"]:
        lines += ["", title("directions that it held")]
        for row in found["directions"]:
            tried = f"{count(row['experiments'], 'experiment')}, {row['accepted']} accepted"
            why = f": {row['reason']}" if row["reason"] else ""
            lines += wrapped(
                f"{row['id']} {row['title']}, {word(row['state'])}{why}; {tried}", max(40, wide - 2), "  "
            )
    return [*lines, *_tried(found, wide), *_directives(found["directives"], wide)]


def direction_page(found: common.Reply, wide: int) -> list[str]:
    """Write one direction as lines."""
    row = found["direction"]
    mark = "held" if row["held"] else ""
    lines = page.heading(f"{row['id']} {row['title']}", wide - len(mark) - 2, mark=mark)
    state = word(row["state"])
    if row["team_name"]:
        state += f", held by team {row['team_name']} ({row['team']})"
    lines += field("state", state + (f": {row['reason']}" if row["reason"] else ""), wide)
    lines += field("by", f"{row['author']}, {duration(found['now'] - row['created'])} ago", wide)
    lines += _words(row, wide)
    lines += field("try first", "; ".join(row["first"]), wide)
    untried = f" (not judged yet: {', '.join(found['untried'])})" if found["untried"] else ""
    lines += field("axes", ", ".join(row["axes"]) + untried, wide)
    if found["base"]:
        lines += field("builds on", f"{found['base']['id']} {found['base']['title']}", wide)
    lines += field("record", page.record_said(found["record"], found["stall_after"]), wide)
    for label, key in (("came from", "parents"), ("went into", "children")):
        lines += field(label, "; ".join(f"{item['id']} {item['title']}" for item in found[key]), wide)
    if end := found["dead_end"]:
        revived = f"; opened again: {end['revived']}" if end["revived"] else f"; reopens with {end['reopen']}"
        lines += field("dead end", f"{end['id']}: {end['reason']}{revived}", wide)
    if found["critiques"]:
        said = f"what others say: {row['endorsed']} endorse, {row['objected']} object"
        lines += ["", title(said), *page.opinions(found["critiques"], wide, "  ")]
    if found["queue"]:
        lines += ["", title("queue"), *page.queue(found["queue"], wide, "  ")]
    return [*lines, *_tried(found, wide), *_directives(found["directives"], wide)]


def _tried(found: common.Reply, wide: int) -> list[str]:
    if not found["experiments"]:
        return []
    lines = ["", title(count(found["total"], "experiment")), *page.experiments(found["experiments"], wide)]
    if found["total"] > len(found["experiments"]):
        lines.append(f"… {found['total'] - len(found['experiments'])} older ones are left out")
    return lines


def _directives(rows: list[common.Reply], wide: int) -> list[str]:
    lines = []
    for row in rows:
        said = f"{row['id']} by {row['author']}, {word(row['state'])}: {row['text']}"
        plan = f"; the plan of {row['by']}: {row['plan']}" if row["plan"] else ""
        lines += wrapped(said + plan, max(40, wide - 2), "  ")
    return ["", title("directives"), *lines] if lines else []


def proposal_page(found: common.Reply, wide: int) -> list[str]:
    """Write one proposal as lines."""
    row = found["proposal"]
    lines = page.heading(f"{row['id']} {row['title']}", wide)
    state = word(row["state"])
    if found["rank"]:
        state += f", number {found['rank']} in the queue"
    if found["approve"] and row["state"] == "ready":
        state += ", approved" if row["approved"] else ", waits for your approval"
    lines += field("state", state + (f": {row['reason']}" if row["reason"] else ""), wide)
    for item in found["asked"]:
        lines += field(
            "now", f"{item['agent']} is {page.doing({**item, 'subject': row['id']}, found['now'])}", wide
        )
    lines += field("by", _whose(found), wide)
    lines += page.proposal_words(row, wide)
    lines += field("change", page.change_said(row["change"]), wide)
    lines += field("base", row["base"], wide)
    near = "; ".join(f"{item['id']} {item['title']} ({word(item['state'])})" for item in found["near"])
    lines += field("near", near, wide)
    lines += field("differs", row["difference"], wide)
    if found["directive"]:
        lines += field("directive", f"{found['directive']['id']}: {found['directive']['text']}", wide)
    marks = [
        "goes first" if row["urgent"] else "",
        "runs without a critique" if row["uncritiqued"] else "",
        f"written anew {count(row['revised'], 'time')}" if row["revised"] else "",
        f"its change is written by {row['writer']}" if row["writer"] else "",
        f"written anew from {row['of']}" if row["of"] else "",
    ]
    lines += field("notes", "; ".join(mark for mark in marks if mark), wide)
    if experiment := found["experiment"]:
        lines += field(
            "experiment", f"{experiment['id']}, {page.how(experiment)}: arctl show {experiment['id']}", wide
        )
    if found["critiques"]:
        lines += ["", title("what others say"), *page.opinions(found["critiques"], wide, "  ")]
    return lines


def _whose(found: common.Reply) -> str:
    row, direction = found["proposal"], found["direction"]
    said = f"{row['agent']} ({row['brain']}), {duration(found['now'] - row['created'])} ago"
    if found["team"]:
        said += f", team {found['team']}"
    return said + (f", direction {direction['id']} {direction['title']}" if direction else "")


PAGES = {"teams": listing, "team": team_page, "direction": direction_page, "proposal": proposal_page}
