"""A campaign's history, and what was there at a moment: experiments, runs, teams, the queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from arctl.tui.data.reading import inner, listed, real, word

Json = dict[str, Any]


#: The tables of a history, as the daemon's `history` names them.
TABLES = (
    "experiments", "runs", "teams", "directions", "dead_ends", "posts", "directives", "deeds", "proposals",
)  # fmt: skip
#: What events make of a campaign.
CAMPAIGN = {
    "campaign.started": "running", "campaign.resumed": "running", "campaign.paused": "paused",
    "campaign.held": "held", "campaign.finished": "finished", "campaign.killed": "finished",
}  # fmt: skip
#: What events make of a direction.
DIRECTION = {
    "direction.proposed": "proposed", "direction.standing": "standing", "direction.taken": "active",
    "direction.retired": "retired", "direction.killed": "killed", "direction.refused": "refused",
    "direction.falsified": "falsified", "direction.split": "split", "direction.merged": "merged",
}  # fmt: skip
#: What ends a proposal without an experiment.
GIVEN_UP = ("proposal.withdrawn", "proposal.refused", "proposal.left_out")
KEPT = ("accepted", "baseline", "by_hand")
#: Verdicts on the merits of an idea.
JUDGED = ("accepted", "rejected", "inconclusive")
#: Verdicts that judged no value.
BROKEN = ("crashed", "timed_out", "no_metric", "not_finite", "lost", "conflict", "invalid", "out_of_scope")


@dataclass(slots=True)
class History:
    """All that is recorded of a campaign with its times; filled page by page."""

    campaign: Json = field(default_factory=dict)
    tables: dict[str, dict[str, Json]] = field(default_factory=lambda: {name: {} for name in TABLES})
    #: What became of the campaign, a team, a dead end or a direction, and when, oldest first.
    changes: list[Json] = field(default_factory=list)
    #: The same by what they are about.
    of: dict[str, list[Json]] = field(default_factory=dict)
    #: The experiments at the moment that was asked for last.
    memo: tuple[float, list[Json]] = (-1.0, [])

    def take(self, page: Any) -> None:
        """Add a page of the daemon's `history`: lines of values under the names of `columns`."""
        self.campaign = {
            name: page.get(name) for name in ("campaign", "created", "metric", "goal", "state", "now")
        }
        columns = inner(page, "columns")
        for name in (*TABLES, "changes"):
            names = listed(columns, name)
            rows = [
                dict(zip(names, line, strict=False)) for line in listed(page, name) if isinstance(line, list)
            ]
            if name == "changes":
                self.changes += rows
                for row in rows:
                    # The end of a campaign is told of its champion.
                    whole = word(row, "kind").startswith("campaign.")
                    subject = self.name if whole else word(row, "subject")
                    self.of.setdefault(subject, []).append(row)
            else:
                self.tables[name].update({str(row.get("id")): row for row in rows})

    @property
    def size(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.tables.values())) + len(self.changes)

    @property
    def name(self) -> str:
        """The campaign's name."""
        return word(self.campaign, "campaign")

    @property
    def begin(self) -> float:
        """When the campaign began."""
        return real(self.campaign, "created") or 0.0

    @property
    def end(self) -> float:
        """When the last thing happened that is recorded; now, while the campaign runs."""
        if word(self.campaign, "state") == "running":
            return real(self.campaign, "now") or self.begin
        names = ("created", "closed", "ended")
        times = [real(row, name) for rows in self.tables.values() for row in rows.values() for name in names]
        times += [real(row, "at") for row in self.changes]
        return max((at for at in times if at is not None), default=self.begin)

    def until(self, table: str, at: float) -> list[Json]:
        """Return the rows that were there at a moment."""
        return [row for row in self.tables[table].values() if (real(row, "created") or 0.0) <= at]

    def last(self, subject: str, kinds: tuple[str, ...], at: float) -> str:
        """Return the kind of the newest change of a subject until a moment; "" where there was none."""
        for row in reversed(self.of.get(subject, ())):
            if (real(row, "at") or 0.0) <= at and word(row, "kind") in kinds:
                return word(row, "kind")
        return ""

    def state(self, at: float) -> str:
        """Return the campaign's state at a moment."""
        return CAMPAIGN.get(self.last(self.name, tuple(CAMPAIGN), at), "running")


def experiments_at(history: History, at: float) -> list[Json]:
    """Return the experiments as they stood: what was not closed yet has no verdict, mean or effect."""
    if history.memo[0] == at:
        return history.memo[1]
    running: dict[str, list[Json]] = {}
    for run in runs_at(history, at):
        running.setdefault(word(run, "experiment"), []).append(run)
    found = []
    for row in history.until("experiments", at):
        closed = real(row, "closed")
        over = closed is not None and closed <= at
        runs = running.get(word(row, "id"), [])
        open_now = dict.fromkeys(("mean", "effect", "closed")) | {
            "state": "open", "verdict": "", "reason": "", "runs": 0,
        }  # fmt: skip
        found.append({
            **row, **({"state": "closed"} if over else open_now), "held": False,
            "running": [run["id"] for run in runs], "devices": [word(run, "device_name") for run in runs],
        })  # fmt: skip
    history.memo = (at, found)
    return found


def runs_at(history: History, at: float) -> list[Json]:
    """Return the runs that were under way."""
    found = []
    for row in history.tables["runs"].values():
        started, ended = real(row, "started"), real(row, "ended")
        if started is not None and started <= at and (ended is None or ended > at):
            found.append(row)
    return found


def champion_at(rows: list[Json]) -> Json:
    """Return the champion among experiments as they stood: the kept one that was closed last."""
    kept = [row for row in rows if word(row, "verdict") in KEPT]
    first = rows[0] if rows else {}
    return max(kept, key=lambda row: real(row, "closed") or 0.0, default=first)


def teams_at(history: History, at: float) -> list[Json]:
    """Return the teams that were at work."""
    gone = ("team.retired", "team.killed")
    return [
        {**row, "state": "active", "reason": ""}
        for row in history.until("teams", at)
        if not history.last(word(row, "id"), gone, at)
    ]


def directions_at(history: History, at: float) -> dict[str, Json]:
    """Return the directions that there were, by id, each with its state then as far as events tell it."""
    found = {}
    for row in history.until("directions", at):
        kind = history.last(word(row, "id"), tuple(DIRECTION), at)
        found[word(row, "id")] = {**row, "state": DIRECTION.get(kind, "proposed"), "reason": ""}
    return found


def queue_at(history: History, at: float) -> list[Json]:
    """Return the proposals of which no experiment was made yet, and which nobody had given up."""
    made = {word(row, "id") for row in history.until("experiments", at)}
    found = []
    for row in history.until("proposals", at):
        over = history.last(word(row, "id"), GIVEN_UP, at)
        if not over and (not word(row, "experiment") or word(row, "experiment") not in made):
            found.append({**row, "state": "queued", "rank": None, "reason": ""})
    return found


def asks(posts: list[Json], row: Json) -> bool:
    """Tell whether a question had no answer yet among the posts that were there."""
    if word(row, "kind") != "question":
        return False
    top = word(row, "thread") or word(row, "id")
    after = real(row, "created") or 0.0
    return not any(
        word(post, "thread") == top
        and word(post, "kind") == "answer"
        and (real(post, "created") or 0.0) > after
        for post in posts
    )
