"""The ledger: rows come back as they went in, results count once, strangers are refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlite_utils import Database, Migrations

from arctl.daemon.rows import (
    TABLES,
    Campaign,
    CampaignState,
    CurvePoint,
    Event,
    Experiment,
    ExperimentState,
    ProposalState,
    Purpose,
    Result,
    Row,
    Run,
    RunState,
)
from arctl.daemon.state import load
from arctl.daemon.store import Batch, LedgerError, Reader, Writer, health, schema
from arctl.daemon.store.rows import columns
from tests.support.community import Community, spec

ROWS: list[Row] = [
    Campaign("toy", "/r", "spec", CampaignState.RUNNING, 1.5, env={"A": "b"}, setup_done=True),
    Experiment(
        "e1",
        "toy",
        1,
        2.5,
        ExperimentState.OPEN,
        "a title",
        params={"LR": 0.1, "ACT": "relu", "ON": True},
        values=(1.0, 2.0),
        metrics={"loss": 1.0, "gone": None},
        held=True,
    ),
    Run("r1", "toy", "e1", 1, 3.5, Purpose.SEARCH, 7, RunState.RUNNING, started=4.0),
]


async def written(path: Path, *batches: Batch) -> list[Row]:
    ledger = Writer(path)
    await ledger.open()
    for batch in batches:
        await ledger.write(batch)
    await ledger.close()
    reader = Reader(path)
    rows = await reader.rows()
    await reader.close()
    return rows


def test_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    rows = asyncio.run(written(tmp_path / "l.db", Batch(rows=list(ROWS), at=1.0)))
    assert rows == ROWS
    assert [type(row.state) for row in rows] == [CampaignState, ExperimentState, RunState]  # type: ignore[union-attr]
    state = load(rows)
    assert state.ids().new("e") == ("e2", 2)
    assert [run.id for run in state.live_runs()] == ["r1"]


def test_every_field_of_every_row_has_its_column(tmp_path: Path) -> None:
    asyncio.run(written(tmp_path / "l.db"))
    ledger = sqlite3.connect(tmp_path / "l.db")
    for cls, table in TABLES.items():
        found = {name for _, name, *_ in ledger.execute(f"PRAGMA table_info({table})")}
        assert found == {column.name for column in columns(cls)} == {f.name for f in dataclasses.fields(cls)}
    ledger.close()
    assert set(TABLES) == set(get_args(Row))


def test_a_result_is_recorded_exactly_once(tmp_path: Path) -> None:
    result = Result("r1", 1, 1.0, "ok", 0.5, {})
    first = Batch(results=[result], events=[Event("run.ended")], at=1.0)
    with pytest.raises(sqlite3.IntegrityError):
        asyncio.run(written(tmp_path / "l.db", first, first))
    ledger = sqlite3.connect(tmp_path / "l.db")
    assert ledger.execute("SELECT count(*) FROM results").fetchone() == (1,)
    assert ledger.execute("SELECT count(*) FROM events").fetchone() == (1,), "all of a batch or nothing"
    ledger.close()


def test_points_read_twice_are_there_once(tmp_path: Path) -> None:
    point = CurvePoint("r1", 1, 0, "loss", 1.0, 0.5)
    asyncio.run(written(tmp_path / "l.db", Batch(points=[point]), Batch(points=[point])))
    ledger = sqlite3.connect(tmp_path / "l.db")
    assert ledger.execute("SELECT count(*) FROM points").fetchone() == (1,)
    ledger.close()


def spoil_newer(path: Path) -> None:
    ledger = sqlite3.connect(path)
    ledger.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('arctl', '9', 'x')"
    )
    ledger.commit()
    ledger.close()


def test_a_ledger_of_a_newer_version_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    asyncio.run(written(path, Batch(rows=list(ROWS), at=1.0)))
    spoil_newer(path)
    with pytest.raises(LedgerError, match="newer arctl") as told:
        asyncio.run(written(path))
    assert "version" in told.value.remedy


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot open"):
        asyncio.run(written(tmp_path / "no" / "l.db"))


def test_events_are_numbered_without_gap(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    asyncio.run(written(path, Batch(events=[Event("a"), Event("b")]), Batch(events=[Event("c")])))

    async def read() -> list[dict[str, Any]]:
        reader = Reader(path)
        found = await reader.events(1, 10)
        await reader.close()
        return found

    assert [(event["seq"], event["kind"]) for event in asyncio.run(read())] == [(2, "b"), (3, "c")]


OLD_SPEC = """\
[run]
command = "true"
[metric]
name = "loss"
[seed]
env = "SEED"
[files]
editable = ["train.py"]
[params.X]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[params.Z]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[limits]
experiments = 8
"""


def old_ledger(path: Path) -> None:
    """Write a ledger as the version before the teams did: a campaign in the middle of its work."""
    ledger = sqlite3.connect(path)
    migrations = Migrations("arctl")
    (first, *_) = schema.ledger._migrations
    assert first.name == "0001_foundation"
    migrations._migrations.append(first)
    migrations.apply(Database(ledger))
    rows: dict[str, list[dict[str, Any]]] = {
        "campaigns": [
            {"id": "toy", "root": "/r", "spec": OLD_SPEC, "state": "running", "created": 1.0, "prefix": "",
             "reason": "", "base_commit": "c0", "champion": "e1", "env": "{}", "setup_done": 1,
             "exhausted": 0, "behind": "", "rev": 4},
        ],
        "proposals": [
            {"id": f"p{n}", "campaign": "toy", "created": 2.0 + n, "agent": "search", "brain": "search",
             "title": f"X to {value}", "change": json.dumps({"kind": "params", "values": {"X": value}}),
             "base": "e1", "hypothesis": "", "axis": "X", "move": "up" if value > 0.5 else "down",
             "expected": "", "if_works": "", "if_fails": "", "source": "", "rev": 0}
            for n, value in ((1, 0.9), (2, 0.7))
        ],
        "experiments": [
            {"id": f"e{n}", "campaign": "toy", "number": n, "created": 1.0 + n, "state": state, "title": "t",
             "proposal": proposal, "axis": "X" if proposal else "", "base": "e1" if proposal else "",
             "commit": f"c(c0)t{n}" if n > 1 else "c0", "tree": f"t{n}",
             "params": json.dumps({"X": value, "Z": 0.5}), "verdict": verdict,
             "reason": "", "evidence": json.dumps({"effect": -0.1}), "values": json.dumps(values),
             "bank": json.dumps(bank), "metrics": "{}", "promoted": "c0" if n == 1 else "", "same_as": "",
             "rebase_of": "", "held": 0, "closed": closed, "seconds": 5.0, "rev": 2}
            for n, state, proposal, value, verdict, values, bank, closed in (
                (1, "closed", "", 0.5, "baseline", [], [1.0, 1.01, 0.99, 1.0, 1.02], 2.0),
                (2, "closed", "p1", 0.9, "rejected", [1.5], [], 5.0),
                (3, "open", "p2", 0.7, "", [], [], None),
            )
        ],
        "runs": [
            {"id": "r1", "campaign": "toy", "experiment": "e3", "number": 1, "created": 6.0,
             "purpose": "search",             "seed": 7, "state": "queued", "attempt": 1,
             "losses": 0, "held": 0, "outcome": "", "reason": "",
             "device": "", "device_name": "", "tree": "", "started": None, "ended": None, "seconds": 0.0,
             "value": None, "metrics": "{}", "evidence": "{}", "stopping": "", "rev": 0},
        ],
        "dead_ends": [
            {"id": "d1", "campaign": "toy", "axis": "Y", "created": 3.0, "reason": "4 tried",
             "reopen": "a person",             "closed_by": "gate", "evidence": "{}", "rev": 0},
        ],
    }  # fmt: skip
    database = Database(ledger)
    for table, records in rows.items():
        database[table].insert_all(records)
    ledger.execute(
        "INSERT INTO events (at, kind, campaign, subject, text, actor, data)"
        " VALUES (1.0, 'campaign.started', 'toy', 'toy', 'it begins', 'ada', '{}')"
    )
    ledger.commit()
    ledger.close()


def test_a_ledger_of_the_version_before_the_teams_loads_with_all_that_it_held(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    old_ledger(path)
    state = load(asyncio.run(written(path)))
    assert {row.state for row in state.proposals.values()} == {ProposalState.TAKEN}
    assert not state.open_proposals("toy")
    campaign = state.campaigns["toy"]
    assert (campaign.state, campaign.champion, campaign.rev) == (CampaignState.RUNNING, "e1", 4)
    assert (campaign.objective, campaign.trouble, campaign.drain, campaign.wanted) == ("", "", False, "")
    assert state.experiments["e1"].bank == (1.0, 1.01, 0.99, 1.0, 1.02)
    assert state.experiments["e2"].evidence == {"effect": -0.1}
    assert [run.id for run in state.live_runs()] == ["r1"]
    (end,) = state.dead_ends_of("toy")
    assert (end.axis, end.low, end.high, end.revived) == ("Y", None, None, "")
    assert not state.company.agents
    assert state.count_proposed("toy") == 2

    async def events() -> list[dict[str, Any]]:
        reader = Reader(path)
        found = await reader.events(0, 10)
        await reader.close()
        return found

    assert [event["text"] for event in asyncio.run(events())] == ["it begins"]


@pytest.mark.parametrize("slots", [1, 3])
def test_a_campaign_of_the_version_before_the_teams_goes_on_and_gets_a_company(
    tmp_path: Path, slots: int
) -> None:
    path = tmp_path / "l.db"
    old_ledger(path)
    rows = asyncio.run(written(path))
    world = Community(lambda params, rng: 1 + rng.gauss(0, 0.01), slots=slots, params=("X", "Z"))
    world.take_over(rows)
    world.run()
    campaign = world.state.campaigns["toy"]
    assert campaign.state is CampaignState.FINISHED
    assert campaign.reason in (
        "8 of 8 proposals made",
        "every direction was explored",
        "every proposal was tried",
    )
    assert len(world.state.company.agents_of("toy")) == (3 if slots == 3 else 1)
    assert world.state.experiments["e3"].verdict, "what was queued was run and judged"
    assert world.state.count_proposed("toy") > 2
    assert not any(
        row.near and row.state is ProposalState.TAKEN and not row.difference
        for row in world.state.proposals.values()
    ), "what was tried then is known now"


def test_a_ledger_is_brought_up_to_date_once(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    old_ledger(path)
    first = asyncio.run(written(path))
    assert asyncio.run(written(path)) == first
    ledger = sqlite3.connect(path)
    names = [name for (name,) in ledger.execute("SELECT name FROM _sqlite_migrations ORDER BY rowid")]
    ledger.close()
    assert names == [migration.name for migration in schema.ledger._migrations]


def plain(row: Any) -> Any:
    """Return a row as JSON has it: what is structured within a row may come back as lists."""
    return json.loads(json.dumps(dataclasses.asdict(row)))


def test_rows_of_the_community_come_back_as_they_went_in(tmp_path: Path) -> None:
    world = Community(lambda params, rng: 1 + rng.gauss(0, 0.01), slots=3, spec=spec(limit=14), ideas=0.4)
    world.finished()
    rows = world.rows()
    found = asyncio.run(written(tmp_path / "l.db", Batch(rows=rows, at=1.0)))
    assert {(type(row), row.id): plain(row) for row in found} == {
        (type(row), row.id): plain(row) for row in rows
    }
    again = load(found)
    assert again.company.turns == world.state.company.turns
    assert again.open_proposals("toy") == world.state.open_proposals("toy")
    assert [plain(item) for item in again.history("toy")] == [
        plain(item) for item in world.state.history("toy")
    ]
    assert again.effects("toy") == world.state.effects("toy")
    assert again.ids() is not None
    assert again._counters == world.state._counters


def test_a_large_ledger_is_refused_where_what_the_daemon_reads_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "l.db"
    rows = [dataclasses.replace(ROWS[1], id=f"e{n}", number=n) for n in range(1, 2000)]  # type: ignore[type-var]
    asyncio.run(written(path, Batch(rows=rows, at=1.0)))
    monkeypatch.setattr(health, "CHECKED_WHOLE", 0)
    asyncio.run(written(path))
    ledger = sqlite3.connect(path)
    size = ledger.execute("PRAGMA page_size").fetchone()[0]
    page = ledger.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'experiments'").fetchone()[0]
    ledger.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="damaged"):
        asyncio.run(written(path))
    assert path.read_bytes() == before
