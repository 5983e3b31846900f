"""The scripted researcher behaves as the end-to-end campaigns need it to, through the brain and the SDK."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.brains.anthropic import AnthropicBrain
from arctl.daemon.rows import (
    DeadEnd,
    Direction,
    Directive,
    DirectiveState,
    Experiment,
    ExperimentState,
    Move,
    Proposal,
    ProposalState,
    Stance,
)
from arctl.daemon.turns import Reply
from arctl.experiments import edits
from arctl.experiments.spec import load
from tests.support import minds
from tests.support.bookkeeping import Book
from tests.support.ideas import TINY, TOY, Idea, Program
from tests.support.messages_server import MessagesServer
from tests.support.minds import FILES, Shelf, Stage, question
from tests.support.researcher import Researcher

pytestmark = pytest.mark.anyio

TINY_GPT = Path(__file__).parents[2] / "examples" / "tiny_gpt"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Lab:
    """A researcher and the brain that it is the model of."""

    def __init__(self, server: MessagesServer, book: Book) -> None:
        self.researcher = Researcher()
        server.script = self.researcher
        self.stage = Stage(model=book.gateway.call)
        self.settings = minds.settings(base_url=server.url)

    async def ask(self, move: Move, **changes: Any) -> Reply:
        brain = AnthropicBrain(self.settings, self.stage.services)
        reply = await brain.answer(question(move, **changes))
        assert not reply.declined, reply.declined
        return reply


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


@pytest.fixture
async def lab(server: MessagesServer, tmp_path: Path) -> AsyncIterator[Lab]:
    book = Book(tmp_path, url=server.url)
    yield Lab(server, book)
    await book.gateway.close()


def agent(name: str) -> Any:
    return dataclasses.replace(question(Move.PROPOSE).agent, name=name)


def proposal(idea: Idea, **changes: Any) -> Proposal:
    made = Proposal(
        "p7", "toy", 1.0, "bob", "anthropic", idea.title, {"kind": "idea"}, "e1", hypothesis=idea.why
    )
    return dataclasses.replace(made, **changes)


def named(program: Program, part: str) -> Idea:
    return next(idea for idea in program.ideas if part in idea.title)


@pytest.mark.parametrize(
    ("program", "path"), [(TOY, None), (TINY, TINY_GPT / "train.py")], ids=["toy", "tiny_gpt"]
)
def test_every_idea_can_be_made_of_its_program(program: Program, path: Path | None) -> None:
    text = path.read_text() if path else FILES["train.py"]
    assert {idea.form for idea in program.ideas} == {"params", "edits", "idea"}
    assert sum(idea.weak for idea in program.ideas) == 1
    assert sum(idea.broken is not None for idea in program.ideas) == 1
    for idea in program.ideas:
        covered = [axis for line in program.lines for axis in line.axes]
        assert any(idea.axis == axis or idea.axis.startswith(f"{axis}.") for axis in covered), idea
        after: str | None = text
        for old, new in idea.edits:
            after = edits.apply_one(edits.Edit("train.py", old, new), after)
        if idea.broken:
            after = edits.apply_one(edits.Edit("train.py", *idea.broken), after)
        assert after is not None
        compile(after, "train.py", "exec")
    if path:
        params = load(path.with_name("arctl.toml")).params
        assert all(set(idea.params) <= set(params) for idea in program.ideas)


async def test_agents_open_directions_on_distinct_axes_and_judge_each_other(lab: Lab) -> None:
    names = ("ada", "bob", "cleo")
    found = [await lab.ask(Move.DISCUSS, agent=agent(name), round=1, want=3) for name in names]
    axes = [axis for reply in found for row in reply.directions for axis in row.axes]
    assert len(axes) == len(set(axes)) == 4
    assert all(len(reply.directions) == 1 for reply in found)
    rows = tuple(
        Direction(f"h{n}", "toy", 1.0, name, reply.directions[0].title, axes=reply.directions[0].axes)
        for n, (name, reply) in enumerate(zip(names, found, strict=True), 1)
    )
    reply = await lab.ask(Move.DISCUSS, directions=rows, round=2, want=0)
    assert [(row.subject, row.stance) for row in reply.opinions] == [
        ("h2", Stance.ENDORSE),
        ("h3", Stance.ENDORSE),
    ]
    assert not reply.directions


async def test_it_proposes_within_its_direction_never_twice_and_knows_when_it_is_done(lab: Lab) -> None:
    own = Direction("h1", "toy", 1.0, "ada", "Capacity", axes=("WIDTH", "model"))
    titles = []
    for _ in range(9):
        reply = await lab.ask(Move.PROPOSE, direction=own)
        titles += [draft.title for draft in reply.drafts]
        assert all(draft.axis.split(".")[0] in ("WIDTH", "model") for draft in reply.drafts)
        if reply.exhausted:
            break
    assert sorted(titles) == sorted(
        [idea.title for idea in TOY.ideas if idea.axis.split(".")[0] in ("WIDTH", "model")]
    )
    assert reply.exhausted


async def test_it_leaves_dead_ends_alone(lab: Lab) -> None:
    dead = DeadEnd("d1", "toy", "LR", 1.0, "four values failed", "a new champion", "arctl")
    reply = await lab.ask(Move.PROPOSE, dead_ends=(dead,), want=8)
    assert reply.drafts
    assert all(draft.axis != "LR" for draft in reply.drafts)


@pytest.mark.parametrize(
    ("text", "inside"), [("Leave LR alone for now.", False), ("Look at LR before anything else.", True)]
)
async def test_it_acknowledges_a_directive_obeys_it_and_reports(lab: Lab, text: str, inside: bool) -> None:
    row = Directive("i1", "toy", 1.0, "toy", text, "eve")
    parked = tuple(
        Proposal(ident, "toy", 1.0, "bob", "x", "t", {"kind": "idea"}, "e1", ProposalState.PARKED, axis=axis)
        for ident, axis in (("p3", "LR"), ("p4", "WIDTH"))
    )
    reply = await lab.ask(Move.PROPOSE, directives=(row,), open=parked)
    (taken,) = reply.acknowledged
    assert taken.keep == (("p3",) if inside else ("p4",)), "what it does not speak against goes on"
    assert taken.directive == "i1"
    assert taken.plan
    assert not taken.done
    assert {draft.axis == "LR" for draft in reply.drafts} == {inside}
    later = dataclasses.replace(row, state=DirectiveState.ACKNOWLEDGED, by="ada", plan=taken.plan)
    reply = await lab.ask(Move.PROPOSE, directives=(later,), want=0)
    assert [(item.done, bool(item.report)) for item in reply.acknowledged] == [(True, True)]


async def test_it_objects_to_what_has_no_mechanism_and_its_author_withdraws(lab: Lab) -> None:
    weak = proposal(named(TOY, "hair"))
    reply = await lab.ask(Move.CRITIQUE, proposal=weak)
    assert [row.stance for row in reply.opinions] == [Stance.OBJECT]
    assert lab.researcher.objected == ["p7"]
    reply = await lab.ask(Move.CRITIQUE, proposal=proposal(named(TOY, "fourfold")))
    assert [row.stance for row in reply.opinions] == [Stance.ENDORSE]
    reply = await lab.ask(Move.PROPOSE, proposal=weak, want=1)
    assert not reply.drafts
    assert "withdraw" in reply.posts[0].text


async def test_it_writes_an_idea_that_crashes_and_repairs_it_when_shown_the_log(lab: Lab) -> None:
    idea = named(TOY, "skip")
    reply = await lab.ask(Move.IMPLEMENT, proposal=proposal(idea))
    assert reply.change is not None
    (broken,) = edits.apply(edits.read(reply.change), FILES.get).values()
    assert broken is not None
    assert "3 / WIDHT" in broken
    lab.stage.shelf = Shelf({"c1": FILES, "c2^": FILES, "c2": {**FILES, "train.py": broken}})
    lab.stage.log = "Traceback (most recent call last):\nNameError: name 'WIDHT' is not defined\n"
    crashed = Experiment("e2", "toy", 2, 1.0, ExperimentState.REPAIRING, idea.title, base="e1", commit="c2")
    reply = await lab.ask(Move.REPAIR, proposal=proposal(idea), experiment=crashed, run="r2")
    assert reply.change is not None
    (mended,) = edits.apply(edits.read(reply.change), FILES.get).values()
    assert mended == FILES["train.py"].replace("4 / WIDTH", "3 / WIDTH")
    assert lab.researcher.repaired == [idea.title]


async def test_it_looks_back(lab: Lab) -> None:
    judged = Experiment("e2", "toy", 2, 1.0, ExperimentState.CLOSED, "t", verdict="rejected", base="e1")
    reply = await lab.ask(Move.REFLECT, experiment=judged)
    (words,) = reply.posts
    assert words.text.startswith("e2 was rejected.")
    assert words.links == ("e2",)


def test_it_knows_which_program_it_is_asked_about() -> None:
    text = (TINY_GPT / "arctl.toml").read_text()
    request = {
        "tools": [{"name": "propose"}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "metric: val_bpb, lower is better" if "val_bpb" in text else ""},
                    {"type": "text", "text": "# You\n\nYou are ada, analyst of team x (t1)."},
                    {"type": "text", "text": "# Your task\n\nPropose up to 2 experiments on the base e1."},
                ],
            },
            {"role": "assistant", "content": [{"type": "text", "text": "hm"}]},
            {"role": "user", "content": [{"type": "text", "text": "go on"}]},
        ],
    }
    plan = Researcher()(request)
    titles = [block["input"]["title"] for block in plan.blocks if block.get("name") == "propose"]
    assert titles
    assert set(titles) <= {idea.title for idea in TINY.ideas}
