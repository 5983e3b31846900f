"""The forum: say something, read, search, and see what waits for an answer."""

from __future__ import annotations

import time

import click

from arctl.cli import common
from arctl.cli.control import told
from arctl.cli.look import width
from arctl.errors import UsageError
from arctl.format import count, duration, table, word, wrapped
from arctl.text import clean, clean_block


@click.command()
@click.argument("text")
@click.option("--to", metavar="TARGET", help="A team, direction or agent that it is meant for.")
@click.option("--reply", "parent", metavar="POST", help="Reply to a post; an answer closes a question.")
@click.option("--link", "links", multiple=True, metavar="ID", help="What it speaks of; may be repeated.")
@common.campaign_option
@common.json_option
def say(
    text: str,
    to: str | None,
    parent: str | None,
    links: tuple[str, ...],
    campaign: str | None,
    as_json: bool,
) -> None:
    """Say something in the forum, where every agent reads it.

    Example: arctl say "the data was shuffled twice until today" --link e12
    """
    answer = common.ask(
        "say", text=text, to=to, parent=parent, links=list(links) or None, campaign=campaign,
        key=common.new_key(),
    )  # fmt: skip
    told(answer, as_json=as_json)


@click.command()
@click.argument("thread", required=False)
@click.option("-s", "--search", metavar="QUERY", help="Posts with these words, best first.")
@click.option("--by", metavar="NAME", help="Only this author's.")
@click.option("-n", "--limit", type=click.IntRange(1, 500), default=30, show_default=True, help="At most.")
@common.campaign_option
@common.json_option
def forum(
    thread: str | None, search: str | None, by: str | None, limit: int, campaign: str | None, as_json: bool
) -> None:
    """Read the forum: its threads, the posts of one, or those that fit a search.

    Example: arctl forum --search "warm-up diverges"
    """
    if thread and search:
        msg = "a thread is shown, or all are searched"
        raise UsageError(msg, "leave out the thread, or --search")
    found = common.ask("forum", thread=thread, search=search, by=by, limit=limit, campaign=campaign)
    if as_json:
        common.document(found)
        return
    if "threads" in found:
        _threads(found)
        return
    for post in found["posts"]:
        for line in lines_of(post, thread=bool(search or by)):
            click.echo(line)
    if not found["posts"]:
        common.narrate("no post fits" if search or by else "nothing was said so far")


def _threads(found: common.Reply) -> None:
    if not found["threads"]:
        common.narrate(f"nothing was said in {clean(found['campaign'])} so far")
        return
    rows = [
        (
            "?" if row["open"] else "",
            row["thread"],
            duration(time.time() - row["latest"]),
            str(row["posts"]),
            row["author"],
            row["text"],
        )
        for row in found["threads"]
    ]
    for line in table(("", "ID", "AGO", "POSTS", "BY", "BEGINS"), rows, right=(2, 3), width=width()):
        click.echo(line)
    if found["total"] > len(rows):
        common.narrate(f"{found['total'] - len(rows)} older ones are left out (--limit)")


def lines_of(post: common.Reply, *, thread: bool = False, wide: int = 0) -> list[str]:
    """Write a post: who, what and when, then its words; `thread` says where it stands."""
    head = [
        f"{post['id']} {post['author']}",
        word(post["kind"]),
        f"{duration(time.time() - post['created'])} ago",
    ]
    if post["parent"]:
        head.append(f"to {post['parent']}")
    if thread and post["thread"] != post["id"]:
        head.append(f"in {post['thread']}")
    if post["links"]:
        head.append("on " + ", ".join(post["links"]))
    if post["open"]:
        head.append("waits for an answer")
    wide = wide or width()
    heads = [click.style(line, bold=True) for line in wrapped(", ".join(head), wide)]
    return [*heads, *block(post["text"], wide), ""]


def block(text: str, wide: int) -> list[str]:
    """Write foreign words of several lines, set in; only lines that are too long are broken."""
    lines = []
    for line in clean_block(text).splitlines():
        lines += [f"  {line}".rstrip()] if len(line) <= wide - 2 else wrapped(line, wide, "  ")
    return lines


@click.command()
@common.campaign_option
@common.json_option
def questions(campaign: str | None, as_json: bool) -> None:
    """List the agents' questions that wait for you.

    Example: arctl questions
    """
    found = common.ask("questions", campaign=campaign)
    if as_json:
        common.document(found)
        return
    for post in found:
        for line in lines_of(post, thread=True):
            click.echo(line)
    if found:
        common.narrate(
            f"{count(len(found), 'question')}: answer with `arctl say TEXT --reply {found[0]['id']}`"
        )
    else:
        common.narrate("no question waits for you")
