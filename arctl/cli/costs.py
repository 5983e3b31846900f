"""`arctl costs`: what language models cost, for whom, and how near the caps are."""

from __future__ import annotations

import click

from arctl.cli import common
from arctl.cli.look import width
from arctl.format import NA, count, table, word
from arctl.text import clean

BY = ("agent", "team", "experiment", "model")


@click.command()
@click.argument("campaign", required=False)
@click.option("--by", type=click.Choice(BY), default="agent", show_default=True, help="What to sum by.")
@common.json_option
def costs(campaign: str | None, by: str, as_json: bool) -> None:
    """Show what the calls of language models used and cost, the dearest first.

    USD is what is settled; HELD is reserved for calls under way; UNKNOWN is what calls may have cost whose
    outcome nobody knows: it stays spent. CACHED is the share of the prompts that was read from the cache.

    Example: arctl costs --by experiment
    """
    found = common.ask("costs", campaign=campaign or "", by=by)
    if as_json:
        common.document(found)
        return
    if not found["rows"]:
        common.narrate(f"no model was called in {clean(found['campaign'])}")
    else:
        _table(found, by)
    _caps(found["caps"])
    total = found["total"]
    if total["unpriced"]:
        calls = count(total["unpriced"], "call")
        common.narrate(f"{calls} of a model whose price is not known: write it into prices.toml")


def _table(found: common.Reply, by: str) -> None:
    total = {**found["total"], "name": "all", "title": ""}
    rows = [_row(row) for row in (*found["rows"], total)]
    head = ("CALLS", "FAULTS", "IN", "OUT", "CACHED", "USD", "HELD", "UNKNOWN", by.upper())
    for line in table(head, rows, right=range(8), width=width()):
        click.echo(line)


def _row(row: common.Reply) -> tuple[str, ...]:
    sent = row["input"] + row["cache_read"] + row["cache_write"]
    priced = row["unpriced"] < row["calls"]
    return (
        str(row["calls"]),
        str(row["faults"] or NA),
        tokens(sent),
        tokens(row["output"]),
        NA if row["cached"] is None else f"{row['cached']:.0%}",
        usd(row["usd"]) if priced else "?",
        usd(row["reserved"]) if row["reserved"] else NA,
        usd(row["unknown"]) if row["unknown"] else NA,
        " ".join(part for part in (row["name"] or NA, row["title"]) if part),
    )


def _caps(caps: list[common.Reply]) -> None:
    """Say how much of each cap is used up; what is held and unknown counts."""
    for cap in caps:
        money = cap["cap"].startswith("usd")
        show = usd if money else tokens
        unit = "USD" if money else "tokens"
        scope = word(cap["cap"].partition("_")[2]) or "in all"
        if cap["spent"] is None:
            click.echo(f"cap {scope}: {show(cap['limit'])} {unit}")
            continue
        share = f" ({cap['spent'] / cap['limit']:.0%})" if cap["limit"] else ""
        whose = "the dearest agent has used" if scope == "per agent" else "used"
        click.echo(f"cap {scope}: {show(cap['limit'])} {unit}, {whose} {show(cap['spent'])}{share}")


def usd(value: float) -> str:
    """Write US dollars: cents from a dollar on, more digits below."""
    return f"{value:,.2f}" if value >= 1 else f"{value:.4f}"


def tokens(value: float) -> str:
    """Write a number of tokens: `812`, `14.2k`, `3.1M`."""
    if value < 10_000:
        return f"{value:.0f}"
    return f"{value / 1000:.1f}k" if value < 1_000_000 else f"{value / 1e6:.1f}M"
