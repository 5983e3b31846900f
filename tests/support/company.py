"""A company at work: every kind of thing that the interface shows is there, and it stands still.

busy = company(stage)       # a few seconds: runs end at once until the last step holds them
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.daemon import wait_for
from tests.support.stage import Stage

NAME = "bowl"
#: Two analysts that search; runs are not made to wait for a critique for longer than a moment.
TEAMS = """\
[teams]
analysts = 2
falsify_after = 60
[policy]
baseline_runs = 3
"""
REASON = "the loss diverges beyond it"
DIRECTIVE = "look at WIDTH before anything else"
QUESTION = "May a run take 2 GB more than the baseline?"
ANSWERED = "WIDTH pays early in training; the data order is the same in every run."
#: More of them than there are devices: some wait in the queue for ever.
IDEAS = (
    ("a wider one", 0.81), ("wider still", 0.92), ("a narrow one", 0.11), ("hardly any width", 0.04),
    ("two thirds", 0.66), ("three quarters", 0.75), ("the middle", 0.5),
)  # fmt: skip


@dataclass(frozen=True)
class Busy:
    """A campaign with teams, and the ids of what was made to happen in it."""

    stage: Stage
    accepted: str
    crashed: str
    running: str
    run: str
    team: str
    direction: str
    agent: str
    directive: str
    dead_end: str
    question: str
    thread: str
    proposal: str

    def ask(self, method: str, **params: Any) -> Any:
        """Ask the daemon one thing."""
        return self.stage.ask(method, **params)


def company(on: Stage) -> Busy:
    """Start a campaign and wait until everything has happened; the last runs go on until they are killed."""

    def ask(method: str, **params: Any) -> Any:
        return on.ask(method, **params)

    def member(verb: str, **given: Any) -> Any:
        return ask(f"member.{verb}", campaign=NAME, name="otto", **given)

    on.campaign(NAME, experiments=500, in_flight=3, extra=TEAMS)
    teams = wait_for("two teams", lambda: _full(ask("teams", campaign=NAME)["teams"], 2))
    member("join", role="analyst", model="a model from outside")
    crashed = _judged(on, "deeper than it can bear", DEPTH=0.99)
    accepted = _judged(on, "near the best rate", LR=0.55)
    # From here on nothing ends any more, however long the rest takes.
    (on.home.campaign(NAME) / "data" / "hold").touch()
    ask("say", campaign=NAME, text=ANSWERED, links=[accepted])
    note = member("post", text="The width may matter more than the rate.", links=[accepted])
    ask("say", campaign=NAME, text="Show it with two seeds.", parent=note["post"])
    team = teams[0]
    directive = ask("redirect", target=team["id"], text=DIRECTIVE)["directive"]
    wait_for("an acknowledgement", lambda: _acknowledged(on, directive))
    dead = ask("mark", campaign=NAME, axis="DEPTH", low=0.95, reason=REASON)["dead_end"]
    asked = member("post", text=QUESTION, kind="question")
    made = [
        ask("propose", campaign=NAME, values={"WIDTH": value}, title=title)["proposal"]
        for title, value in IDEAS
    ]
    wait_for("runs that do not end", lambda: _held(on))
    row = next(row for row in ask("gpus") if row["run"])
    return Busy(
        on, accepted, crashed, row["experiment"], row["run"], team["id"], team["direction"]["id"],
        "a1", directive, dead, asked["post"], note["thread"], made[-1],
    )  # fmt: skip


def _full(rows: list[Any], many: int) -> list[Any]:
    at_work = [row for row in rows if row["direction"]]
    return at_work if len(at_work) >= many else []


def _judged(on: Stage, title: str, **values: float) -> str:
    """Propose values as a person, and return the experiment once it has a verdict."""
    on.ask("propose", campaign=NAME, values=values, title=title)

    def ended() -> str:
        rows = on.ask("experiments", campaign=NAME, limit=1000)["experiments"]
        return next((row["id"] for row in rows if row["title"] == title and row["verdict"]), "")

    return str(wait_for(f"the verdict of {title}", ended))


def _acknowledged(on: Stage, directive: str) -> bool:
    rows = on.ask("directives", campaign=NAME, all=True)["directives"]
    return any(row["id"] == directive and row["state"] != "issued" for row in rows)


def _held(on: Stage) -> bool:
    """Tell whether all but one device have a run, and each of these got further than those that end."""
    devices = on.ask("gpus")
    runs = [row["run"] for row in devices if row["run"]]
    return len(runs) >= len(devices) - 1 and all("step 45 |" in _log(on, run) for run in runs)


def _log(on: Stage, run: str) -> str:
    return str(on.ask("logs", id=run)["text"])
