"""The queue in a person's hands: what is moved and stashed, what cannot be, and what of it lasts."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.commands import community
from arctl.daemon.decide.supply import room
from arctl.daemon.decide.teams.critique import critique
from arctl.daemon.decide.teams.take import take
from arctl.daemon.life.queueing import ready, replaced, unstarted
from arctl.daemon.rows import (
    CampaignState,
    Critique,
    Experiment,
    ExperimentState,
    Proposal,
    ProposalState,
    Purpose,
    Row,
    Run,
    RunState,
    Stance,
    TurnState,
)
from arctl.daemon.state import State, load
from arctl.daemon.store import Batch, Reader, Writer
from tests.support.order import in_order
from tests.support.steering import PARAMS, Stage


def proposal(number: int, **more: Any) -> Proposal:
    change = {"kind": "params", "values": {"LR": number / 1000}}
    row = Proposal(f"p{number}", "toy", float(number), "ada", "search", f"title p{number}", change, "e2")
    return dataclasses.replace(row, axis=f"x{number}", **more)


def queued(*numbers: int, **more: Any) -> Stage:
    """A stage whose queue of agents' proposals is p6 and these, by age."""
    stage = Stage(*(proposal(number, **more) for number in numbers))
    stage.set(dataclasses.replace(stage.state.proposals["p6"], axis="x6", team="", direction=""))
    return stage


def order(stage: Stage) -> list[str]:
    return [row.id for row in ready(stage.state, "toy")]


def waiting(number: int, **more: Any) -> list[Any]:
    """An experiment that was built and waits for its first run."""
    return [
        proposal(number, state=ProposalState.TAKEN, experiment=f"e{number}"),
        Experiment(f"e{number}", "toy", number, 6.0, ExperimentState.OPEN, f"try {number}",
                   proposal=f"p{number}", axis="LR", base="e2", commit=f"c{number}", tree=f"t{number}",
                   params=PARAMS, **more),
        Run(f"r{number}", "toy", f"e{number}", number, 6.0, Purpose.SEARCH, number, RunState.QUEUED),
    ]  # fmt: skip


# -- the order of proposals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moved", "told", "wanted"),
    [
        ("p23", {"to": "up"}, ["p6", "p21", "p23", "p22"]),
        ("p6", {"to": "down"}, ["p21", "p6", "p22", "p23"]),
        ("p23", {"to": "top"}, ["p23", "p6", "p21", "p22"]),
        ("p6", {"to": "bottom"}, ["p21", "p22", "p23", "p6"]),
        ("p23", {"to": "before", "other": "p21"}, ["p6", "p23", "p21", "p22"]),
        ("p6", {"to": "before", "other": "p23"}, ["p21", "p22", "p6", "p23"]),
        ("p6", {"to": "after", "other": "p21"}, ["p21", "p6", "p22", "p23"]),
        ("p22", {"to": "after", "other": "p23"}, ["p6", "p21", "p23", "p22"]),
    ],
)
def test_a_proposal_goes_where_it_is_put_and_undo_puts_it_back(
    moved: str, told: dict[str, Any], wanted: list[str]
) -> None:
    stage = queued(21, 22, 23)
    before = order(stage)
    assert before == ["p10", "p6", "p21", "p22", "p23"], "a person's own first, then by age"
    answer = stage.done("move", moved, "I want to know", **told)
    assert order(stage) == ["p10", *wanted]
    assert (answer["place"], answer["of"]) == (wanted.index(moved) + 1, 4)
    assert answer["undoable"]
    assert answer["rev"] == stage.state.proposals[moved].rev
    (text,) = stage.texts("proposal.moved")
    assert "I want to know" in text
    stage.done("undo", "")
    assert order(stage) == before
    stage.done("redo", "")
    assert order(stage) == ["p10", *wanted]


def test_moves_add_up_and_each_is_undone_alone() -> None:
    stage = queued(21, 22, 23)
    first = stage.done("move", "p23", to="top")["deed"]
    stage.done("move", "p22", to="bottom")
    stage.done("move", "p21", to="up")
    assert order(stage) == ["p10", "p23", "p21", "p6", "p22"]
    stage.done("undo", "")
    assert order(stage) == ["p10", "p23", "p6", "p21", "p22"]
    stage.done("undo", first)
    assert order(stage) == ["p10", "p6", "p21", "p23", "p22"], "what was put last stays last"


def test_what_comes_later_is_ranked_behind_what_was_put_ahead_and_before_what_was_put_last() -> None:
    stage = queued(21, 22)
    stage.done("move", "p22", to="top")
    stage.done("move", "p6", to="bottom")
    stage.set(proposal(30, directive="i1"))
    assert order(stage) == ["p10", "p22", "p30", "p21", "p6"]


def test_every_place_in_a_queue_can_be_reached() -> None:
    for size in range(2, 6):
        names = [f"p{n}" for n in range(size)]
        for moved in names:
            for index in range(size):
                for again in range(size):
                    places = dict.fromkeys(names, 0)
                    places |= replaced(names, places, moved, index)
                    seen = sorted(names, key=lambda name: (places[name], names.index(name)))
                    assert seen.index(moved) == index
                    assert [name for name in seen if name != moved] == [n for n in names if n != moved]
                    other = names[0]
                    places |= replaced(seen, places, other, again)
                    then = sorted(seen, key=lambda name: (places[name], seen.index(name)))
                    assert then.index(other) == again
                    assert [name for name in then if name != other] == [n for n in seen if n != other]


def test_what_stands_where_it_is_put_already_is_not_moved() -> None:
    stage = queued(21)
    assert "at place 1 of 2 already" in stage.done("move", "p6", to="before", other="p21")["text"]
    assert not stage.state.company.deeds
    assert "stays at place 1 of 2" in stage.done("move", "p6", to="top")["text"]
    stage.set(proposal(30, directive="i1"))
    assert order(stage) == ["p10", "p6", "p30", "p21"], "it is first of those to come, too"
    assert "at place 1 of 3 already" in stage.done("move", "p6", to="top")["text"]


def test_the_only_one_can_be_put_behind_those_to_come() -> None:
    stage = queued()
    stage.done("move", "p6", to="bottom")
    stage.set(proposal(30))
    assert order(stage) == ["p10", "p30", "p6"]


def test_the_next_slot_takes_what_was_put_first() -> None:
    stage = Stage(proposal(21), proposal(22))
    for ident in ("p6", "p10"):
        stage.set(dataclasses.replace(stage.state.proposals[ident], state=ProposalState.WITHDRAWN))
    for ident in ("e4", "e5", "e6"):
        stage.set(
            dataclasses.replace(
                stage.state.experiments[ident], state=ExperimentState.CLOSED, verdict="cancelled"
            )
        )
    assert order(stage) == ["p21", "p22"]
    stage.done("move", "p22", to="up")
    stage.take(take(stage.state, stage.now))
    assert stage.state.proposals["p22"].state is ProposalState.TAKEN


@pytest.mark.parametrize(
    ("target", "told", "words"),
    [
        ("p6", {}, "say where it is to stand"),
        ("p6", {"to": "left"}, "use one of up, down"),
        ("p6", {"to": "up"}, "p6 is the first already, behind what people proposed (p10)"),
        ("p10", {"to": "down"}, "p10 is the last already of what people proposed, which goes ahead of"),
        ("p6", {"to": "before"}, "before what?"),
        ("p6", {"to": "before", "other": "p6"}, "cannot stand before itself"),
        ("p6", {"to": "before", "other": "e5"}, "two queues"),
        ("e5", {"to": "before", "other": "p6"}, "two queues"),
        ("p6", {"to": "before", "other": "p10"}, "p10 goes ahead of p6, whatever their order"),
        ("p10", {"to": "after", "other": "p6"}, "p10 goes ahead of p6"),
        ("p6", {"to": "before", "other": "p7"}, "p7 is pending"),
        ("p7", {"to": "up"}, "it waits for a critique: `arctl approve p7`"),
        ("p8", {"to": "up"}, "p8 is claimed"),
        ("p9", {"to": "up"}, "an objection stands: `arctl approve p9`"),
        ("p3", {"to": "up"}, "it became e4: `arctl move e4`"),
        ("e4", {"to": "up"}, "e4 has started"),
        ("e2", {"to": "up"}, "e2 has ended: accepted"),
        ("e6", {"to": "up"}, "is being built"),
        ("e5", {"to": "up"}, "e5 is the first already"),
        ("p99", {"to": "up"}, "there is no proposal 'p99'"),
        ("t1", {"to": "up"}, "which this is not for"),
        ("nobody", {"to": "up"}, "a proposal or a waiting experiment can be moved"),
    ],
)
def test_what_cannot_be_moved_is_refused_with_the_reason(
    target: str, told: dict[str, Any], words: str
) -> None:
    assert words in queued(21).refused("move", target, **told)


def test_what_is_of_another_campaign_has_another_queue() -> None:
    stage = queued(21)
    other = dataclasses.replace(stage.state.campaigns["toy"], id="toy2")
    stage.set(other)
    stage.set(dataclasses.replace(proposal(40), campaign="toy2"))
    assert "p6 is of toy, p40 of toy2" in stage.refused("move", "p6", to="before", other="p40")


def test_a_move_is_refused_to_who_looked_at_an_older_queue() -> None:
    stage = queued(21, 22)
    stage.done("move", "p22", to="up", if_rev=0)
    assert "has changed since you looked" in stage.refused("move", "p22", to="up", if_rev=0)


def test_a_move_is_not_undone_over_a_later_one_nor_after_the_start() -> None:
    stage = queued(21, 22)
    first = stage.done("move", "p22", to="top")["deed"]
    second = stage.done("move", "p22", to="bottom")["deed"]
    assert "p22 was moved again since" in stage.refused("undo", first)
    stage.set(dataclasses.replace(stage.state.proposals["p22"], state=ProposalState.TAKEN, experiment="e9"))
    assert "p22 became e9" in stage.refused("undo", second)


def test_a_person_s_order_and_what_was_stashed_survive_a_restart(tmp_path: Path) -> None:
    stage = queued(21, 22)
    stage.done("move", "p22", to="top")
    stage.done("stash", "p21", "later")
    rows = [
        *stage.state.campaigns.values(), *stage.state.proposals.values(), *stage.state.experiments.values(),
        *stage.state.runs.values(), *stage.state.company.deeds.values(),
    ]  # fmt: skip
    again = asyncio.run(_restarted(tmp_path / "ledger.db", rows))
    assert [row.id for row in ready(again, "toy")] == order(stage) == ["p10", "p22", "p6"]
    assert again.proposals["p21"].stashed["by"] == "zoe"
    assert again.company.deeds["u1"].request == stage.state.company.deeds["u1"].request


async def _restarted(path: Path, rows: list[Row]) -> State:
    """Write rows into a ledger of their own and return the state that a new daemon would read."""
    writer, reader = Writer(path), Reader(path)
    await writer.open()
    await writer.write(Batch(rows=rows, at=1.0))
    await writer.close()
    found = load(await reader.rows())
    await reader.close()
    return found


def test_the_listing_shows_the_order_in_which_it_runs() -> None:
    stage = queued(21, 22)
    stage.done("move", "p22", to="up")
    stage.done("stash", "p21", "later")
    rank = community.places(stage.state, "toy")
    lines = community.lines(stage.state, stage.state.open_proposals("toy"), rank)
    assert [(row["id"], row["rank"]) for row in lines[:3]] == [("p10", 1), ("p6", 2), ("p22", 3)]
    found = {row["id"]: row for row in lines}
    assert found["p22"]["moved"]
    assert not found["p10"]["moved"]
    assert found["p21"]["rank"] is None
    assert found["p21"]["stashed"] == {"by": "zoe", "why": "later", "at": stage.now, "was": "ready"}
    assert found["p22"]["stashed"] == {}


# -- the order of experiments -----------------------------------------------------------------------------


def runs(stage: Stage) -> list[str]:
    """The runs in the order in which the schedule serves them."""
    return [run.id for run in in_order(stage.state, stage.state.active_runs())]


def test_an_experiment_that_waits_is_served_where_it_is_put() -> None:
    stage = Stage(*waiting(30), *waiting(31))
    assert runs(stage) == ["r2", "r30", "r31"]
    stage.done("move", "e31", to="top")
    assert runs(stage) == ["r31", "r2", "r30"]
    stage.done("move", "r2", to="bottom")
    assert runs(stage) == ["r31", "r30", "r2"], "a run stands for its experiment"
    assert [row.id for row in unstarted(stage.state, "toy")] == ["e31", "e30", "e5"]
    stage.done("undo", "")
    stage.done("undo", "")
    assert runs(stage) == ["r2", "r30", "r31"]


def test_a_move_takes_no_turn_from_another_campaign_nor_from_a_champion_s_runs() -> None:
    stage = Stage(*waiting(30), *waiting(31))
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], id="toy2", state=CampaignState.RUNNING))
    running = stage.state.runs["r1"]
    stage.set(dataclasses.replace(running, state=RunState.ENDED))
    for row in waiting(32):
        stage.set(dataclasses.replace(row, campaign="toy2"))
    first = dataclasses.replace(stage.state.runs["r32"], number=3)
    stage.set(first)
    confirm = Run("r50", "toy", "e4", 50, 6.0, Purpose.CONFIRM, 5, RunState.QUEUED, started=None)
    stage.set(confirm)
    assert runs(stage) == ["r50", "r32", "r2", "r30", "r31"], "the other campaign has nothing yet"
    stage.done("move", "e31", to="top")
    assert runs(stage) == ["r50", "r32", "r31", "r2", "r30"]


# -- stash ------------------------------------------------------------------------------------------------


def test_what_is_stashed_is_not_run_nor_looked_at_and_comes_back_as_it_was() -> None:
    stage = queued(21)
    answer = stage.done("stash", "p21", "after the data is fixed")
    row = stage.state.proposals["p21"]
    assert (row.state, row.reason) == (ProposalState.PARKED, "stashed by zoe: after the data is fixed")
    assert answer["state"] == "parked"
    assert "p21" not in order(stage)
    stage.done("unstash", "p21")
    row = stage.state.proposals["p21"]
    assert (row.state, row.reason, row.stashed) == (ProposalState.READY, "", {})


def test_in_a_finished_campaign_what_is_taken_back_waits_for_its_resumption() -> None:
    stage = queued(21)
    stage.done("stash", "p21", "later")
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], state=CampaignState.FINISHED))
    assert "it waits for `arctl resume toy`" in stage.done("unstash", "p21")["text"]


def test_a_stashed_proposal_waits_for_no_critic_and_who_was_at_it_lets_go() -> None:
    stage = Stage()
    stage.done("stash", "p7")
    assert stage.turn("q3") is TurnState.WITHDRAWN, "somebody was looking at it"
    stage.take(critique(stage.state, stage.now))
    assert not [turn for turn in stage.state.company.asked("toy") if turn.subject == "p7"]
    stage.done("undo", "")
    assert stage.state.proposals["p7"].state is ProposalState.PENDING
    stage.done("stash", "p8")
    assert stage.turn("q1") is TurnState.WITHDRAWN, "somebody was writing it"
    stage.done("unstash", "p8")
    assert stage.state.proposals["p8"].state is ProposalState.READY


def test_an_objection_still_stands_when_its_proposal_is_taken_back_unless_it_was_lifted() -> None:
    stage = Stage(Critique("c1", "toy", 9.0, "p9", "bob", Stance.OBJECT, "it is tried"))
    stage.done("stash", "p9")
    stage.done("unstash", "p9")
    assert stage.state.proposals["p9"].state is ProposalState.OBJECTED
    assert stage.state.proposals["p9"].reason == "it is tried"
    stage.done("stash", "p9")
    stage.set(dataclasses.replace(stage.state.company.critiques["c1"], lifted="revised"))
    stage.done("unstash", "p9")
    assert stage.state.proposals["p9"].state is ProposalState.READY


def test_a_directive_that_is_withdrawn_brings_nothing_back_that_a_person_stashed() -> None:
    stage = Stage()
    ident = stage.done("redirect", "t1", text="other things")["directive"]
    stage.done("approve", "p6")
    stage.done("stash", "p6")
    stage.done("withdraw", ident)
    assert stage.state.proposals["p6"].state is ProposalState.PARKED
    assert stage.state.proposals["p7"].state is ProposalState.PENDING


def test_approving_takes_back_what_was_stashed_and_undoing_that_stashes_it_again() -> None:
    stage = queued(21)
    stage.done("stash", "p21", "later")
    stage.done("approve", "p21")
    assert stage.state.proposals["p21"].state is ProposalState.READY
    assert not stage.state.proposals["p21"].stashed
    stage.done("undo", "")
    row = stage.state.proposals["p21"]
    assert (row.state, row.reason, row.stashed["by"]) == (
        ProposalState.PARKED,
        "stashed by zoe: later",
        "zoe",
    )
    stage.done("unstash", "p21")
    assert stage.state.proposals["p21"].state is ProposalState.READY


def test_an_experiment_that_has_not_started_is_stashed_and_takes_no_room_meanwhile() -> None:
    stage = Stage(*waiting(30))
    free = room(stage.state, "toy")
    stage.done("stash", "e30", "not today")
    assert stage.state.experiments["e30"].held
    assert runs(stage) == ["r2"]
    assert room(stage.state, "toy") == free + 1
    assert "nothing to do" in stage.done("stash", "r30")["text"], "a run stands for its experiment"
    stage.done("undo", "")
    assert runs(stage) == ["r2", "r30"]
    stage.done("redo", "")
    stage.done("unstash", "e30")
    assert runs(stage) == ["r2", "r30"]
    stage.done("undo", "")
    assert stage.state.experiments["e30"].held


@pytest.mark.parametrize(
    ("verb", "target", "words"),
    [
        ("stash", "p3", "p3 became e4; `arctl stash e4`"),
        ("stash", "e4", "e4 has started; `arctl pause e4`"),
        ("stash", "e2", "e2 has ended: accepted"),
        ("stash", "p99", "there is no proposal 'p99'"),
        ("stash", "t1", "a proposal or a waiting experiment can be stashed"),
        ("unstash", "p6", "p6 is ready, not stashed"),
        ("unstash", "e5", "e5 is not set aside"),
    ],
)
def test_what_cannot_be_stashed_or_taken_back_is_refused(verb: str, target: str, words: str) -> None:
    assert words in Stage().refused(verb, target)


def test_what_a_directive_or_a_rejection_took_out_of_the_queue_is_no_stash() -> None:
    stage = Stage()
    stage.done("redirect", "t1", text="other things")
    assert "p6 is set aside already" in stage.refused("stash", "p6")
    assert "`arctl approve p6` queues it" in stage.refused("unstash", "p6")
    stage.done("reject", "p9")
    assert "p9 is withdrawn" in stage.refused("stash", "p9")


def test_what_is_stashed_already_is_left_alone() -> None:
    stage = queued(21)
    stage.done("stash", "p21", "later")
    assert "stashed by zoe: later already" in stage.done("stash", "p21", "now")["text"]
    assert len(stage.state.company.deeds) == 1
