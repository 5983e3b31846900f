"""The history of a campaign, read while it runs: every row once, whatever comes meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon


def test_a_history_read_while_a_campaign_runs_misses_nothing_and_has_nothing_twice(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", experiments=6))
    lines: dict[str, list[list[Any]]] = {}
    cursor = ""

    def read() -> dict[str, Any]:
        nonlocal cursor
        while True:
            page: dict[str, Any] = daemon.call("history", after=cursor)
            for kind in page["columns"]:
                lines.setdefault(kind, []).extend(page[kind])
            cursor = page["cursor"]
            if not page["more"]:
                return page

    while daemon.status()["state"] not in ("finished", "held"):
        read()
    page = read()
    # What is may be ahead of what is written down by a moment.
    while "campaign.finished" not in {line[2] for line in lines["changes"]}:
        page = read()
    assert page["state"] == "finished"
    known = [row["id"] for row in daemon.experiments()]
    assert [line[0] for line in lines["experiments"]] == known
    assert page["baseline"] == known[0]
    runs = [line[0] for line in lines["runs"]]
    assert len(runs) == len(set(runs)) >= len(known)
    changes = [dict(zip(page["columns"]["changes"], line, strict=True)) for line in lines["changes"]]
    kinds = [change["kind"] for change in changes]
    assert kinds.count("campaign.finished") == 1
    assert [change["seq"] for change in changes] == sorted({change["seq"] for change in changes})
    fresh = daemon.call("history")
    whole = [dict(zip(fresh["columns"]["experiments"], line, strict=True)) for line in fresh["experiments"]]
    assert all(row["closed"] >= row["created"] and row["verdict"] for row in whole)
