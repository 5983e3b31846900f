"""What is asked of a large ledger: windows, plots, curves, history; each against the ledger itself."""

from __future__ import annotations

import json
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from arctl import protocol
from arctl.errors import RefusedError, UsageError
from tests.benchmarks.bigledger import Sizes, build
from tests.support.cli import Arctl
from tests.support.daemon import Daemon

SIZES = Sizes(
    experiments=1800,
    runs=3600,
    points=60_000,
    longest=50_000,
    events=5400,
    posts=60,
    dead_ends=20,
    directives=5,
)

Row = dict[str, Any]


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon on a ledger in which much has happened."""
    home = tmp_path_factory.mktemp("home")
    build(home, SIZES)
    daemon = Daemon(home, devices="sim:2")
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def rows(big: Daemon) -> dict[str, Row]:
    """Every experiment as the ledger has it, by its id."""
    sql = (
        "SELECT e.*, p.agent FROM experiments e LEFT JOIN proposals p ON p.id = e.proposal ORDER BY e.number"
    )
    return {row["id"]: {**row, "evidence": json.loads(row["evidence"])} for row in query(big, sql)}


def query(big: Daemon, sql: str, *values: Any) -> list[Row]:
    with closing(sqlite3.connect(f"file:{big.home.ledger}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]


def pages(big: Daemon, **params: Any) -> list[Row]:
    """Read a list window by window, to its end."""
    found: list[Row] = []
    while True:
        page = big.call("experiments", offset=len(found), limit=100, **params)
        assert page["offset"] == len(found)
        found += page["experiments"]
        if not page["experiments"]:
            assert page["total"] == len(found)
            return found


def ids(found: list[Row]) -> list[str]:
    return [row["id"] for row in found]


# -- experiments -----------------------------------------------------------------------------------------


def test_windows_of_all_experiments_join_without_gap_newest_first(big: Daemon, rows: dict[str, Row]) -> None:
    assert ids(pages(big)) == list(rows)[::-1]
    assert ids(pages(big, reverse=True)) == list(rows)


def test_without_an_offset_the_newest_are_returned_oldest_first(big: Daemon, rows: dict[str, Row]) -> None:
    found = big.call("experiments", limit=10)
    assert ids(found["experiments"]) == list(rows)[-10:]
    assert (found["offset"], found["total"]) == (0, len(rows))
    accepted = [ident for ident, row in rows.items() if row["verdict"] == "accepted"]
    found = big.call("experiments", limit=10, verdict="accepted")
    assert ids(found["experiments"]) == accepted[-10:]
    assert found["total"] == len(accepted)


def test_sorted_by_effect_the_best_come_first_and_the_unmeasured_last(
    big: Daemon, rows: dict[str, Row]
) -> None:
    gains = [row["effect"] for row in pages(big, sort="effect")]
    known = [gain for gain in gains if gain is not None]
    assert known == sorted(known, reverse=True)
    assert gains == known + [None] * (len(rows) - len(known))
    turned = [row["effect"] for row in pages(big, sort="effect", reverse=True)]
    assert turned == known[::-1] + [None] * (len(rows) - len(known))


def test_sorted_by_mean_the_best_by_the_campaigns_goal_comes_first(big: Daemon) -> None:
    means = [row["mean"] for row in pages(big, sort="mean", verdict="rejected")]
    assert means == sorted(means)


@pytest.mark.parametrize("sort", ["title", "verdict", "seconds"])
def test_every_sort_shows_everything_once(big: Daemon, rows: dict[str, Row], sort: str) -> None:
    found = pages(big, sort=sort)
    assert sorted(ids(found)) == sorted(rows)
    values = [row[sort] for row in found]
    assert values == sorted(values, reverse=sort == "seconds")


def test_text_is_found_in_every_field_whatever_its_case(big: Daemon, rows: dict[str, Row]) -> None:
    def having(text: str) -> list[str]:
        fields = ("id", "title", "axis", "agent", "reason", "verdict")
        told = {row["id"]: row for row in pages(big)}
        return [i for i, row in told.items() if any(text in str(row[f] or "").lower() for f in fields)]

    for text in ("WARMUP", "agent3", "e77", "Rejected at", "timed_out"):
        found = ids(pages(big, text=text))
        assert found == having(text.lower()), text
        assert found, text
        assert sorted(found + ids(pages(big, text=text, **{"not": True}))) == sorted(rows)
    assert ids(pages(big, text="timed out")) == ids(pages(big, verdict="timed_out"))


def test_filters_join_and_unknown_sorts_are_refused(big: Daemon, rows: dict[str, Row]) -> None:
    wanted = [i for i, row in rows.items() if row["team"] == "t2" and "WIDTH" in row["axis"]]
    assert ids(pages(big, team="team1", text="width")) == wanted[::-1]
    with pytest.raises(UsageError, match="cannot be sorted by 'colour'"):
        big.call("experiments", sort="colour")


def test_an_answer_stays_within_one_message(big: Daemon) -> None:
    found = big.call("experiments", limit=1000, sort="title")
    assert len(protocol.encode(found)) < protocol.MAX_LINE


# -- the champion's progress and the axes -----------------------------------------------------------------


def test_progress_shows_every_champion_and_the_ends_of_each_column(big: Daemon, rows: dict[str, Row]) -> None:
    found = big.call("progress", columns=50)
    kept = [row for row in rows.values() if row["verdict"] in ("baseline", "accepted")]
    assert [(point[0], point[2]) for point in found["kept"]] == [(row["number"], row["id"]) for row in kept]
    assert len(found["others"]) <= 100
    width = -(-len(rows) // 50)
    means = {row["number"]: row["mean"] for row in pages(big)}
    others = {row["number"]: means[row["number"]] for row in rows.values() if row not in kept}
    for start in range(1, len(rows) + 1, width):
        column = [others[n] for n in range(start, start + width) if others.get(n) is not None]
        shown = [mean for number, mean, *_ in found["others"] if start <= number < start + width]
        assert {min(shown), max(shown)} == {min(column), max(column)}
    crashed = [r for r in rows.values() if r["verdict"] in ("crashed", "timed_out")]
    assert (found["kept_total"], found["crashed_total"]) == (len(kept), len(crashed))
    assert found["discarded_total"] == len(rows) - len(kept) - len(crashed)
    assert (found["first"], found["last"], found["total"]) == (1, len(rows), len(rows))
    assert found["running"] == []


def test_in_wide_columns_the_ends_are_those_of_the_ledger(big: Daemon, rows: dict[str, Row]) -> None:
    kept = {row["number"] for row in rows.values() if row["verdict"] in ("baseline", "accepted")}
    means = [
        row["mean"]
        for row in pages(big, sort="mean")
        if row["mean"] is not None and row["number"] not in kept
    ]
    for columns in (1, 2, 3):
        shown = [point[1] for point in big.call("progress", columns=columns)["others"]]
        assert len(shown) <= 2 * columns
        assert (min(shown), max(shown)) == (min(means), max(means))


def test_effects_are_those_of_the_judged_experiments(big: Daemon, rows: dict[str, Row]) -> None:
    found = big.call("effects")
    judged = [row for row in rows.values() if row["verdict"] in ("accepted", "rejected", "inconclusive")]
    assert sorted(row["axis"] for row in found["axes"]) == sorted({row["axis"] for row in judged})
    assert [row["mean"] for row in found["axes"]] == sorted((r["mean"] for r in found["axes"]), reverse=True)
    for axis in found["axes"]:
        trials = [row for row in judged if row["axis"] == axis["axis"]]
        gains = {row["id"]: row["evidence"]["effect"] for row in trials}
        assert (axis["n"], axis["mean"]) == (len(trials), pytest.approx(statistics.fmean(gains.values())))
        assert axis["rate"] == sum(row["verdict"] == "accepted" for row in trials) / len(trials)
        assert axis["best"] == {"id": max(gains, key=gains.__getitem__), "effect": max(gains.values())}
        assert axis["last"]["id"] == trials[-1]["id"]
        if len(trials) == 1:
            assert axis["low"] is axis["high"] is None
        else:
            assert axis["low"] < axis["mean"] < axis["high"]


def test_the_effects_command_writes_an_axis_a_line_within_the_terminal(big: Daemon) -> None:
    lines = Arctl(big.home.root).ok("effects").splitlines()
    axes = big.call("effects", campaign="big")["axes"]
    assert lines[0].split() == ["AXIS", "N", "GAIN", "95", "%", "KEPT", "BEST"]
    assert [line.split()[0] for line in lines[1:]] == [row["axis"] for row in axes]
    assert max(map(len, lines)) <= 80


# -- curves ----------------------------------------------------------------------------------------------


def test_a_window_of_a_long_curve_is_small_and_keeps_its_spikes(big: Daemon) -> None:
    points = query(big, "SELECT step, value FROM points WHERE run = 'r1' ORDER BY ordinal")
    found = big.call("curve", id="r1", width=100)
    assert found["extents"]["loss"] == [0.0, SIZES.longest - 1, SIZES.longest]
    shown = found["curves"]["loss"]
    assert len(shown) <= 200
    assert max(value for _, value in shown) == max(row["value"] for row in points)
    assert min(value for _, value in shown) == min(row["value"] for row in points)
    near = big.call("curve", id="r1", metric="loss", width=100, low=1000, high=1050)["curves"]["loss"]
    assert near == [[row["step"], row["value"]] for row in points[1000:1051]]


def test_a_whole_curve_is_thinned_and_its_names_come_alone(big: Daemon) -> None:
    assert len(big.call("curve", id="r1")["curves"]["loss"]) == 5001
    found = big.call("curve", id="e1", metrics=True)
    assert (found["metrics"], found["curves"]) == (["loss"], {})
    assert big.call("curve", id="r1", metric="nonsense")["curves"] == {}
    with pytest.raises(UsageError, match="empty"):
        big.call("curve", id="r1", width=10, low=5, high=1)


# -- logs ------------------------------------------------------------------------------------------------


def wrote(big: Daemon, run: str, text: str) -> None:
    folder = big.home.run_folder(run, 1)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "out.log").open("a") as file:
        file.write(text)


def test_sources_name_the_daemon_what_agents_print_and_the_newest_runs(big: Daemon) -> None:
    runs = query(big, "SELECT id FROM runs WHERE started IS NOT NULL ORDER BY rowid DESC LIMIT 199")
    wrote(big, runs[0]["id"], "hello\n")
    folder = big.home.scratch / "logs"
    folder.mkdir(exist_ok=True)
    (folder / "q999.log").write_text("of a turn that the ledger does not know\n")
    found = big.call("log.sources")
    assert [row["id"] for row in found] == ["daemon", *(row["id"] for row in runs)]
    daemon, newest = found[:2]
    assert daemon["bytes"] > 0
    assert (newest["bytes"], newest["kind"]) == (6, "run")
    assert newest["updated"] == pytest.approx(time.time(), abs=600)
    assert (found[2]["bytes"], found[2]["updated"]) == (0, None)
    assert big.call("logs", id="q999")["text"] == "of a turn that the ledger does not know\n"
    with pytest.raises(RefusedError, match="nothing is kept"):
        big.call("logs", id="q5")


def test_a_log_is_scrolled_back_and_searched_over_the_wire(big: Daemon) -> None:
    wrote(big, "r7", "".join(f"step {n}\n" for n in range(50_000)))
    last = big.call("logs", id="r7", before=-1, lines=3)
    assert last["text"] == "step 49997\nstep 49998\nstep 49999\n"
    assert big.call("logs", id="r7", before=last["start"], lines=1)["text"] == "step 49996\n"
    found = big.call("logs.find", id="r7", text="STEP 40000")
    assert big.call("logs", id="r7", offset=found["offset"])["text"].startswith("step 40000\n")
    up = big.call("logs.find", id="r7", text=r"step \d\n", regex=True, backward=True)
    assert big.call("logs", id="r7", offset=up["offset"])["text"].startswith("step 9\n")
    assert big.call("logs.find", id="r7", text="nowhere") == {
        "source": "r7", "attempt": 1, "done": True, "offset": None, "at": last["size"], "size": last["size"],
        "more": False,
    }  # fmt: skip


def test_several_logs_are_followed_together_line_by_line(big: Daemon) -> None:
    wrote(big, "r21", "a1\na2\npart")
    wrote(big, "r22", "")
    first = big.call("logs.tail", sources=["daemon", "r21", "r22"])
    assert [line["text"] for line in first["lines"] if line["source"] == "r21"] == ["a1", "a2", "part"]
    stamped = [line for line in first["lines"] if line["source"] == "daemon"]
    assert stamped
    assert all(abs(line["at"] - first["now"]) < 3600 for line in stamped)
    wrote(big, "r21", "b1\n")
    wrote(big, "r22", "c1\n")
    more = big.call("logs.tail", sources=["r21", "r22"], after=first["offsets"])
    assert [(line["source"], line["text"]) for line in more["lines"]] == [("r21", "b1"), ("r22", "c1")]
    assert big.call("logs.tail", sources=["r21", "r22"], after=more["offsets"])["lines"] == []


def test_a_flood_is_followed_in_pieces_that_fit_and_nothing_is_lost(big: Daemon) -> None:
    lines = [f"{n} \x1b[31m" + "x" * (n % 300) for n in range(5000)] + ["y" * 300_000, "end"]
    wrote(big, "r31", "\n".join(lines) + "\n")
    found: list[str] = []
    offsets = {"r31": 0}
    while True:
        piece = big.call("logs.tail", sources=["r31"], after=offsets)
        assert len(protocol.encode(piece)) < protocol.MAX_LINE
        found += [line["text"] for line in piece["lines"]]
        offsets = piece["offsets"]
        if not piece["more"]:
            break
    assert "".join(found) == "".join(lines)
    assert found[:5000] == lines[:5000]
    assert found[-1] == "end"


# -- what happened ---------------------------------------------------------------------------------------


def seqs(found: list[Row]) -> list[int]:
    return [row["seq"] for row in found]


def test_events_go_back_in_pages_without_gap(big: Daemon) -> None:
    wanted = [row["seq"] for row in query(big, "SELECT seq FROM events WHERE campaign = 'big' ORDER BY seq")]
    found: list[int] = []
    before = None
    while page := big.call("events", campaign="big", before=before, limit=400):
        assert seqs(page) == sorted(seqs(page))
        found = seqs(page) + found
        before = found[0]
    assert found == wanted


def test_events_are_found_by_words_kinds_and_subject(big: Daemon) -> None:
    def matching(where: str) -> list[int]:
        return [row["seq"] for row in query(big, f"SELECT seq FROM events WHERE {where} ORDER BY seq")][-500:]

    assert seqs(big.call("events", text="WARMUP 0.5", limit=500)) == matching("text LIKE '%warmup 0.5%'")
    assert big.call("events", text="100%") == [], "nothing in a text is a pattern"
    assert seqs(big.call("events", kinds=["run."], limit=500)) == matching("kind LIKE 'run.%'")
    both = big.call("events", kinds=["run.started", "experiment.opened"], subject="e7")
    assert seqs(both) == matching("kind IN ('run.started', 'experiment.opened') AND subject = 'e7'")
    assert big.call("events", kinds=["run"]) == []
    first = big.call("events", after=0, text="e33 ", limit=2)
    assert seqs(first) == matching("text LIKE '%e33 %'")[:2]


def test_events_around_a_time_are_those_before_and_after_it(big: Daemon) -> None:
    middle = query(big, "SELECT seq, at FROM events WHERE seq = 1500")[0]
    found = seqs(big.call("events", at=middle["at"], limit=20))
    assert found == list(range(1490, 1510))
    assert seqs(big.call("events", at=0, limit=4)) == [1, 2, 3, 4]
    last = query(big, "SELECT max(seq) AS seq FROM events")[0]["seq"]
    assert seqs(big.call("events", at=time.time() + 1e6, limit=4))[-1] == last


def test_a_history_is_complete_and_has_everything_once(big: Daemon, rows: dict[str, Row]) -> None:
    found: dict[str, list[list[Any]]] = {}
    cursor, pages_read = "", 0
    while True:
        page = big.call("history", after=cursor)
        assert len(protocol.encode(page)) < protocol.MAX_LINE
        for kind in page["columns"]:
            found.setdefault(kind, []).extend(page[kind])
        cursor, pages_read = page["cursor"], pages_read + 1
        if not page["more"]:
            break
    assert pages_read > 1
    for kind, table in (
        ("experiments", "experiments"), ("runs", "runs"), ("proposals", "proposals"), ("posts", "posts"),
        ("teams", "teams"), ("directions", "directions"), ("dead_ends", "dead_ends"), ("deeds", "deeds"),
        ("directives", "directives"),
    ):  # fmt: skip
        assert all(len(line) == len(page["columns"][kind]) for line in found[kind])
        wanted = [
            row["id"] for row in query(big, f"SELECT id FROM {table} WHERE campaign = 'big' ORDER BY rowid")
        ]
        assert [line[0] for line in found[kind]] == wanted, kind
    one = dict(zip(page["columns"]["experiments"], found["experiments"][76], strict=True))
    known = rows[one["id"]]
    assert {key: one[key] for key in ("created", "closed", "verdict", "axis", "team", "base", "agent")} == {
        key: known[key] for key in ("created", "closed", "verdict", "axis", "team", "base", "agent")
    }
    again = big.call("history", after=cursor)
    assert not again["more"]
    assert not any(again[kind] for kind in page["columns"]), "the cursor brings what is new, and nothing is"
    with pytest.raises(UsageError, match="no cursor"):
        big.call("history", after="x,y")
