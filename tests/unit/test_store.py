"""The ledger: rows come back as they went in, results count once, strangers are refused."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
from pathlib import Path
from typing import Any, get_args

import pytest

from arctl.daemon.model import (
    TABLES,
    Campaign,
    CampaignState,
    CurvePoint,
    Event,
    Experiment,
    ExperimentState,
    Purpose,
    Result,
    Row,
    Run,
    RunState,
)
from arctl.daemon.state import load
from arctl.daemon.store import Batch, LedgerError, Reader, Writer
from arctl.daemon.store.rows import columns

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
    writer = Writer(path)
    await writer.open()
    for batch in batches:
        await writer.write(batch)
    await writer.close()
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
