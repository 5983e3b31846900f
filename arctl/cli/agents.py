"""`arctl agents`: who thinks, with what, about what right now, and what came of it."""

from __future__ import annotations

import time

import click

from arctl.cli import common, page
from arctl.cli.costs import tokens, usd
from arctl.cli.forum import block, lines_of
from arctl.cli.look import width
from arctl.cli.page import field, title
from arctl.errors import UsageError
from arctl.format import NA, count, duration, signed, table, word, wrapped
from arctl.text import clean


@click.command()
@click.argument("words", metavar="[show] [NAME|ID|CAMPAIGN]", nargs=-1)
@click.option("-a", "--all", "everything", is_flag=True, help="Those that have left as well.")
@common.campaign_option
@common.json_option
def agents(words: tuple[str, ...], everything: bool, campaign: str | None, as_json: bool) -> None:
    """List the agents: role, team, brain, what each is asked now, its record and cost.

    With a name or an id (a2): its notes, its proposals and how they ended, its last turns and posts.

    Example: arctl agents ada
    """
    ident = _meant(words)
    found = common.ask("agents", id=ident, campaign=campaign, all=everything or None)
    if as_json:
        common.document(found)
        return
    wide = width()
    for line in one(found, wide) if found["kind"] == "agent" else listing(found, wide):
        click.echo(line)


def _meant(words: tuple[str, ...]) -> str | None:
    """Return whom the words name; `show` may stand before the name."""
    if len(words) == 2 and words[0] == "show":
        return words[1]
    if len(words) > 1:
        raise UsageError("one agent is shown at a time", "give its name: `arctl agents NAME`")
    if words == ("show",):
        raise UsageError("which agent?", "`arctl agents` lists them; `arctl agents NAME` shows one")
    return words[0] if words else None


def listing(found: common.Reply, wide: int) -> list[str]:
    """Write a campaign's agents as lines."""
    if not found["agents"]:
        return [f"{clean(found['campaign'])} has no agents yet"]
    rows = [_row(row, found["now"]) for row in found["agents"]]
    paid = any(row["tokens"] for row in found["agents"])
    head = ("NAME", "ROLE", "TEAM", "BRAIN", "TURNS", "MADE", "KEPT", "NOT", "USD", "NOW")
    keep = [index for index, name in enumerate(head) if name != "USD" or paid]
    cells = [[row[index] for index in keep] for row in rows]
    right = [
        number for number, index in enumerate(keep) if head[index] in ("TURNS", "MADE", "KEPT", "NOT", "USD")
    ]
    lines = table([head[index] for index in keep], cells, right=right, width=wide)
    for row in found["agents"]:
        if row["trouble"]:
            lines += wrapped(f"{row['name']} waits for you: {row['trouble']}", wide)
            lines.append(f"  mend it, then `arctl resume {clean(row['name'])}`")
    return lines


def _row(row: common.Reply, now: float) -> tuple[str, ...]:
    record = row["record"]
    refused = record.get("refused", 0) + record.get("withdrawn", 0)
    return (
        row["name"],
        row["role"],
        row["team_name"] or NA,
        clean(" ".join(part for part in (row["brain"], row["model"]) if part), 24),
        str(row["turns"]),
        str(record.get("made", 0)),
        str(record.get("accepted", 0)),
        str(refused),
        usd(row["usd"]) if row["tokens"] else NA,
        _now(row, now),
    )


def _now(row: common.Reply, now: float) -> str:
    """Say what an agent is at, or why it is at nothing."""
    if row["state"] != "active":
        return word(row["state"])
    if row["trouble"]:
        return "waits for you"
    if row["asked"]:
        return page.doing(row["asked"], now)
    if row["exhausted"] and row["declined"]:
        return "declined to propose anything"
    if row["exhausted"]:
        return "has nothing more to propose"
    if row["rests_until"] > now:
        return f"rests {duration(row['rests_until'] - now)}"
    return "free"


def one(found: common.Reply, wide: int) -> list[str]:
    """Write one agent as lines."""
    row, now = found["agent"], found["now"]
    lines = [title(f"{row['name']} ({row['id']})", mark="" if row["state"] == "active" else row["state"])]
    team = f"team {row['team_name']} ({row['team']})" if row["team"] else "no team"
    lines += field("is", f"{row['role']} of {found['campaign']}, {team}", wide)
    lines += field("thinks with", " ".join(part for part in (row["brain"], row["model"]) if part), wide)
    if direction := found["direction"]:
        lines += field("direction", f"{direction['id']} {direction['title']}", wide)
    lines += field("now", _now(row, now), wide)
    lines += field("trouble", row["trouble"], wide)
    lines += field("declined", row["declined"], wide)
    heard = f", last heard of {duration(now - row['seen'])} ago" if row["seen"] else ""
    failed = f", {row['failures']} failed in a row" if row["failures"] else ""
    lines += field("turns", f"{row['turns']}{heard}{failed}", wide)
    lines += field("record", _record(row["record"]), wide)
    if row["tokens"]:
        lines += field("cost", f"{usd(row['usd'])} USD, {tokens(row['tokens'])} tokens", wide)
    for item in found["directives"]:
        lines += field("directive", f"{item['id']}, {word(item['state'])}: {item['text']}", wide)
    if found["notes"]:
        lines += ["", title("its notes")]
        lines += block(found["notes"], wide)
    lines += _proposals(found, wide)
    lines += _turns(found["turns"], wide)
    if found["posts"]:
        left = found["posts_total"] - len(found["posts"])
        more = f", {left} older ones: arctl forum --by {clean(row['name'])}" if left else ""
        lines += ["", title("posts") + more]
        lines += [line for post in found["posts"][-3:] for line in lines_of(post, thread=True, wide=wide)]
    return lines


#: Counts of a record that are no verdict, or are told by themselves.
_STATES = frozenset(
    {
        "made",
        "experiments",
        "taken",
        "refused",
        "withdrawn",
        "parked",
        "pending",
        "objected",
        "ready",
        "claimed",
    }
    | {"accepted", "going"}
)


def _record(record: common.Reply) -> str:
    """Say what came of an agent's proposals."""
    if not record.get("made"):
        return "no proposal so far"
    states = [
        (record.get("refused", 0), "refused"),
        (record.get("withdrawn", 0), "withdrawn"),
        (record.get("parked", 0), "set aside"),
        (sum(record.get(key, 0) for key in ("pending", "objected", "ready", "claimed")), "waiting"),
    ]
    said = [f"{number} {what}" for number, what in states if number]
    text = count(record["made"], "proposal") + (f" ({', '.join(said)})" if said else "")
    ended = [f"{record.get('accepted', 0)} accepted"]
    ended += [f"{number} {word(key)}" for key, number in record.items() if key not in _STATES]
    if record.get("going"):
        ended.append(f"{record['going']} open")
    return f"{text}; {count(record.get('experiments', 0), 'experiment')}: {', '.join(ended)}"


def _proposals(found: common.Reply, wide: int) -> list[str]:
    if not found["proposals"]:
        return []
    left = found["proposals_total"] - len(found["proposals"])
    lines = ["", title("proposals") + (f", {left} older ones are left out" if left else "")]
    cells = [
        (
            row["id"],
            row["experiment"] or NA,
            _came(row) + (" (wrote it)" if row["wrote"] else ""),
            signed(row["effect"]),
            row["title"] + (f": {row['reason']}" if row["reason"] and not row["verdict"] else ""),
        )
        for row in found["proposals"]
    ]
    return [*lines, *table(("ID", "AS", "CAME OF IT", "GAIN", "TITLE"), cells, right=(3,), width=wide)]


def _came(row: common.Reply) -> str:
    """Say what came of a proposal: a verdict, or where it or its experiment stands."""
    if row["verdict"]:
        return word(row["verdict"])
    return "open" if row["state"] == "taken" else word(row["state"])


def _turns(rows: list[common.Reply], wide: int) -> list[str]:
    if not rows:
        return []
    cells = [
        (
            time.strftime("%H:%M:%S", time.localtime(row["created"])),
            duration(row["ended"] - row["created"]) if row["ended"] is not None else NA,
            " ".join(part for part in (word(row["move"]), row["subject"]) if part),
            word(row["state"]),
            ": ".join(part for part in (word(row["fault"]), row["note"]) if part),
        )
        for row in rows
    ]
    head = ("AT", "TOOK", "ASKED TO", "", "SAID")
    return ["", title("last turns"), *table(head, cells, right=(1,), width=wide)]
