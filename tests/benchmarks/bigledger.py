"""A ledger as it is after years: a finished campaign of a hundred thousand experiments, to start a daemon on.

`python -m tests.benchmarks.bigledger FOLDER [--experiments N] [--points N] [--campaigns N] …`. The rows are
those that the daemon writes, made by lot but always the same for the same sizes; nothing of it ever ran.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import random
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from arctl.daemon.rows import (
    Agent,
    Campaign,
    CampaignState,
    DeadEnd,
    Deed,
    Direction,
    DirectionState,
    Directive,
    DirectiveState,
    Experiment,
    ExperimentState,
    Outcome,
    Post,
    PostKind,
    Proposal,
    ProposalState,
    Purpose,
    Role,
    Run,
    RunState,
    Team,
    Verdict,
)
from arctl.daemon.store import schema
from arctl.daemon.store.rows import encode, upsert_sql
from arctl.paths import Home

AXES = ("LR", "WIDTH", "DEPTH", "WARMUP", "DECAY", "BETA", "DROPOUT", "BATCH")
SPEC = """\
[run]
command = "true"
[metric]
name = "loss"
[seed]
env = "SEED"
[files]
editable = ["train.py"]
""" + "".join(f'[params.{axis}]\nfile = "train.py"\ntype = "float"\nlow = 0.0\nhigh = 1.0\n' for axis in AXES)
#: How experiments end, and how often.
ENDS = {
    Verdict.REJECTED: 0.62,
    Verdict.INCONCLUSIVE: 0.16,
    Verdict.CRASHED: 0.08,
    Verdict.DUPLICATE: 0.05,
    Verdict.TIMED_OUT: 0.03,
    Verdict.CANCELLED: 0.03,
    Verdict.CONFLICT: 0.02,
    Verdict.INVALID: 0.01,
}
UNMEASURED = frozenset(
    {Verdict.CRASHED, Verdict.DUPLICATE, Verdict.TIMED_OUT, Verdict.CANCELLED, Verdict.CONFLICT}
)
AGENTS, TEAMS, DIRECTIONS = 12, 4, 40
#: When it began (wall clock), and seconds between two experiments.
BEGAN, PACE = 1.75e9, 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each; all but `campaigns` are the whole ledger's."""

    experiments: int = 100_000
    runs: int = 300_000
    points: int = 10_000_000
    #: Points of the first run, more than any other has.
    longest: int = 1_000_000
    events: int = 1_000_000
    posts: int = 5_000
    dead_ends: int = 400
    directives: int = 50
    campaigns: int = 1


def build(folder: Path, sizes: Sizes) -> None:
    """Write the ledger of a state folder that has none."""
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(Home(folder).ledger, isolation_level=None)) as connection:
        for name, value in (("journal_mode", "WAL"), ("synchronous", "OFF"), ("cache_size", "-400000")):
            connection.execute(f"PRAGMA {name}={value}")
        schema.migrate(connection)
        connection.execute("BEGIN IMMEDIATE")
        runs: list[Run] = []
        for number in range(sizes.campaigns):
            runs += _campaign(connection, number, sizes, random.Random(number))
        _points(connection, runs, sizes)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _write(connection: sqlite3.Connection, rows: Iterable[Any]) -> None:
    groups: dict[type[Any], list[Any]] = {}
    for row in rows:
        groups.setdefault(type(row), []).append(encode(row))
    for cls, values in groups.items():
        connection.executemany(upsert_sql(cls), values)


def _campaign(connection: sqlite3.Connection, index: int, sizes: Sizes, rng: random.Random) -> list[Run]:
    """Write one campaign with its share of everything, and return its runs."""
    name = f"big{index}" if index else "big"
    many, every = sizes.experiments // sizes.campaigns, max(1, sizes.runs // max(1, sizes.experiments))
    first = index * many
    low = min(1.0, 400 / many)  # about 400 champions, however many experiments
    champion, mean = f"e{first + 1}", 4.0
    experiments: list[Experiment] = []
    proposals: list[Proposal] = []
    runs: list[Run] = []
    for number in range(first + 1, first + many + 1):
        at = BEGAN + PACE * (number - first)
        team, agent = rng.randrange(TEAMS), rng.randrange(AGENTS)
        direction = f"h{index * DIRECTIONS + 1 + rng.randrange(DIRECTIONS)}"
        axis = rng.choice(AXES) if rng.random() < 0.9 else "+".join(sorted(rng.sample(AXES, 2)))
        values = {part: round(rng.uniform(0.01, 1.0), 4) for part in axis.split("+")}
        if number == first + 1:
            verdict, gain = Verdict.BASELINE, 0.0
        elif rng.random() < low:
            verdict, gain = Verdict.ACCEPTED, abs(rng.gauss(0.0, 3.0)) * 3.0 / (40 + (number - first) ** 0.5)
        else:
            verdict, gain = rng.choices(list(ENDS), list(ENDS.values()))[0], -abs(rng.gauss(0.0, 0.05))
        measured = verdict not in UNMEASURED
        score = tuple(mean - gain + rng.gauss(0.0, 0.002) for _ in range(every)) if measured else ()
        said = " and ".join(f"{key} 0.5 → {value}" for key, value in values.items())
        made = "" if verdict is Verdict.BASELINE else f"p{number}"
        row = Experiment(
            f"e{number}", name, number, at, ExperimentState.CLOSED, f"{said}: try {number}", made, axis,
            champion if made else "", f"{number:040x}", f"{number:040x}", dict.fromkeys(AXES, 0.5) | values,
            verdict=verdict, reason=f"{verdict.value} at {gain:+.4f}.",
            evidence={"effect": gain, "n": every, "m": 3, "z": gain * 40} if measured and made else {},
            values=score, metrics={"loss": score[-1] if score else None},
            promoted=f"{number:040x}" if gain > 0 or not made else "",
            team=f"t{index * TEAMS + team + 1}", direction=direction, closed=at + 3 * PACE, seconds=2 * PACE,
        )  # fmt: skip
        experiments.append(row)
        if made:
            proposals.append(
                Proposal(
                    made, name, at - PACE, f"agent{agent}", "anthropic", row.title,
                    {"kind": "params", "values": values}, champion, ProposalState.TAKEN, row.team, direction,
                    "It may help.", axis, experiment=row.id, source=f"s{number}",
                )
            )  # fmt: skip
        if gain > 0:
            champion, mean = row.id, row.mean or mean
        for seed in range(every if verdict not in (Verdict.DUPLICATE, Verdict.CONFLICT) else 0):
            count = len(runs) + 1 + index * (sizes.runs // sizes.campaigns)
            outcome = Outcome.OK if measured else Outcome.CRASHED
            runs.append(
                Run(
                    f"r{count}", name, row.id, count, at, Purpose.SEARCH, seed, RunState.ENDED,
                    outcome=outcome, device=f"gpu{count % 8}", device_name=f"gpu{count % 8}",
                    started=at + 5, ended=at + 5 + PACE, seconds=PACE,
                    value=score[seed] if measured else None, metrics={"loss": 1.0},
                )
            )  # fmt: skip
    campaign = Campaign(
        name, f"/nowhere/{name}", SPEC, CampaignState.FINISHED, BEGAN,
        base_commit="0" * 40, champion=champion, setup_done=True, objective="Lower the loss.",
        reason="it is over",
    )  # fmt: skip
    _write(connection, [campaign, *proposals, *experiments, *runs, *_company(name, index, sizes, rng)])
    _events(connection, experiments, sizes.events // sizes.campaigns)
    return runs


def _company(name: str, index: int, sizes: Sizes, rng: random.Random) -> Iterator[Any]:
    """Yield who was there, what they talked about, and what was given up."""
    share = sizes.campaigns
    for n in range(AGENTS):
        role, team = (Role.ANALYST, Role.EXPERIMENTER)[n % 2], f"t{index * TEAMS + n % TEAMS + 1}"
        yield Agent(f"a{index * AGENTS + n + 1}", name, f"agent{n}", role, "anthropic", BEGAN, team=team)
    for n in range(DIRECTIONS):
        ident, held = f"h{index * DIRECTIONS + n + 1}", n < TEAMS
        state = DirectionState.ACTIVE if held else DirectionState.RETIRED
        team = f"t{index * TEAMS + n % TEAMS + 1}"
        yield Direction(
            ident,
            name,
            BEGAN + n,
            "agent0",
            f"direction {n}",
            "It may help.",
            (AXES[n % 8],),
            state=state,
            team=team,
        )
        if held:
            yield Team(team, name, f"team{n}", BEGAN, direction=ident, since=BEGAN)
    for n in range(sizes.dead_ends // share):
        ident = f"d{index * (sizes.dead_ends // share) + n + 1}"
        tried = {f"e{rng.randrange(1, sizes.experiments + 1)}": -0.1 for _ in range(3)}
        yield DeadEnd(
            ident, name, f"{rng.choice(AXES)}.{n}", BEGAN + n * PACE, "nothing paid", "two champions", "gate",
            {"experiments": list(tried), "effects": tried}, revived="a new champion" if n % 3 == 0 else "",
        )  # fmt: skip
    for n in range(sizes.posts // share):
        number = index * (sizes.posts // share) + n + 1
        top = f"m{number - n % 5}" if n % 5 else ""
        yield Post(
            f"m{number}", name, BEGAN + n * PACE, f"agent{n % AGENTS}", PostKind.NOTE,
            f"The {rng.choice(AXES)} of e{rng.randrange(1, sizes.experiments + 1)} looks promising. " * 4,
            top, links=(f"e{n + 1}",),
        )  # fmt: skip
    for n in range(sizes.directives // share):
        number = index * (sizes.directives // share) + n + 1
        yield Directive(
            f"i{number}", name, BEGAN + n, name, "Be bold.", "ada", DirectiveState.DONE, ended=BEGAN + n + 9
        )
        yield Deed(f"u{number}", name, BEGAN + n, "ada", "redirect", name, text="ada asked to be bold")


def _events(connection: sqlite3.Connection, experiments: list[Experiment], many: int) -> None:
    kinds = ("experiment.opened", "run.started", "run.ended", "experiment.judged", "forum.post")
    each = max(1, math.ceil(many / len(experiments)))
    connection.executemany(
        "INSERT INTO events (at, kind, campaign, subject, text, actor, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                row.created + n, kinds[n % len(kinds)], row.campaign, row.id,
                f"{row.id} {kinds[n % len(kinds)]} {row.title}", "daemon", json.dumps({"n": n}),
            )
            for row in experiments
            for n in range(min(each, many))
        ),
    )  # fmt: skip


def _points(connection: sqlite3.Connection, runs: list[Run], sizes: Sizes) -> None:
    """Write the curves in the order of their key, so that the table only ever grows at its end."""
    longest = min(sizes.longest, sizes.points)
    each = max(1, (sizes.points - longest) // max(1, len(runs) - 1))
    connection.executemany(
        "INSERT INTO points VALUES (?, 1, ?, 'loss', ?, ?)",
        (
            (run.id, step, float(step), 4.0 / (1 + step * 0.01) + (step * 2654435761 % 97) * 1e-3)
            for run in sorted(runs, key=lambda row: row.id)
            for step in range(longest if run.id == runs[0].id else each)
        ),
    )


def main() -> None:
    """Build it and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for item in dataclasses.fields(Sizes):
        known = None if item.name == "runs" else item.default
        parser.add_argument(f"--{item.name.replace('_', '-')}", type=int, default=known)
    chosen = vars(parser.parse_args())
    if chosen["runs"] is None:
        chosen["runs"] = 3 * chosen["experiments"]
    folder, begun = chosen.pop("folder"), time.perf_counter()
    if Home(folder).ledger.exists():
        parser.error(f"{folder} has a ledger already")
    build(folder, Sizes(**chosen))
    size = Home(folder).ledger.stat().st_size >> 20
    print(f"{Home(folder).ledger}: {size} MiB in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
