"""What people see of the community: teams, agents, the tree, who had which idea, what needs a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arctl.client import Client
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for
from tests.support.patient import refused

COMPANY = "analysts = 2\nstall_after = 3\n"


@dataclass(frozen=True)
class World:
    """A campaign that two analysts worked on until its end."""

    arctl: Arctl
    repo: Path

    def call(self, method: str, **params: Any) -> Any:
        with Client(self.arctl.home) as client:
            return client.call(method, **params)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("teams")
    arctl = Arctl(root / "home", daemon_runs=True)
    repo = make_repo(root / "repo", experiments=4, teams=COMPANY)
    try:
        assert arctl("start", repo).returncode == 0
        arctl.ok("wait", "--timeout", 280)
        yield World(arctl, repo)
    finally:
        arctl.close()


@pytest.mark.parametrize(
    ("words", "method", "params"),
    [
        (["teams"], "teams", {}),
        (["teams", "--all"], "teams", {"all": True}),
        (["teams", "h1"], "teams", {"id": "h1"}),
        (["teams", "t1"], "teams", {"id": "t1"}),
        (["teams", "p1"], "teams", {"id": "p1"}),
        (["agents"], "agents", {}),
        (["agents", "ada"], "agents", {"id": "ada"}),
        (["tree"], "tree", {}),
        (["tree", "e2"], "tree", {"id": "e2"}),
        (["experiments", "--agent", "ada", "--team", "alpha"], "experiments",
         {"agent": "ada", "team": "alpha", "limit": 100}),
        (["deadends", "--all"], "deadends", {"all": True}),
    ],
)  # fmt: skip
def test_json_is_the_wire_s_own_answer(
    world: World, words: list[str], method: str, params: dict[str, object]
) -> None:
    printed, told = world.arctl.json(*words), world.call(method, **params)
    for answer in (printed, told):
        if isinstance(answer, dict):
            answer.pop("now", None)
    assert printed == told


def test_every_page_fits_the_terminal_and_is_clean(world: World) -> None:
    pages = ("teams --all", "teams h1", "teams t1", "teams p1", "agents", "agents ada", "tree", "tree --all",
             "experiments", "show e2")  # fmt: skip
    for words in pages:
        text = world.arctl.ok(*words.split())
        assert "\x1b" not in text
        assert max(map(len, text.splitlines())) <= 80 or words == "show e2", words


def test_a_direction_is_told_with_its_reasons_and_its_end(world: World) -> None:
    text = world.arctl.ok("teams", "h1")
    for part in ("hypothesis", "predicts", "wrong if", "axes", "what others say", "endorses", "VERDICT"):
        assert part in text
    found = world.arctl.json("teams", "h1")
    assert {row["id"] for row in found["experiments"]} <= {
        row["id"] for row in world.arctl.json("experiments", "--direction", "h1")["experiments"]
    }
    whole = world.arctl.ok("teams", "--all")
    for row in world.arctl.json("teams", "--all")["ended"]["directions"]:
        assert row["id"] in whole
        assert row["reason"], "no direction ends without a reason"


def test_a_team_is_found_by_its_name_and_a_proposal_says_what_came_of_it(world: World) -> None:
    assert world.arctl.json("teams", "alpha")["team"]["id"] == "t1"
    row = world.arctl.json("teams", "p1")
    assert row["experiment"] is not None
    text = world.arctl.ok("teams", "p1")
    assert f"arctl show {row['experiment']['id']}" in text
    assert re.search(r"by +\w+ \(search\), .* ago, team ", text)
    assert world.arctl.ok("show", "p1") == world.arctl.ok("show", row["experiment"]["id"])


def test_agents_have_a_record_that_adds_up(world: World) -> None:
    rows = world.arctl.json("agents")["agents"]
    assert [row["name"] for row in rows] == ["ada", "emmy"]
    tried = world.arctl.json("experiments")["experiments"]
    for row in rows:
        own = [item for item in tried if item["agent"] == row["name"]]
        assert row["record"]["experiments"] == len(own)
        assert row["record"].get("accepted", 0) == sum(item["verdict"] == "accepted" for item in own)
    found = world.arctl.json("agents", "show", "ada")
    assert found["turns"], "turns that are over stand in the ledger"
    assert {turn["state"] for turn in found["turns"]} == {"answered"}
    assert world.arctl.json("agents", found["agent"]["id"])["agent"] == found["agent"]
    text = world.arctl.ok("agents", "ada")
    for part in ("analyst of toy", "thinks with search", "proposals", "last turns", "posts"):
        assert part in text


def test_the_tree_leads_from_the_baseline_to_the_champion(world: World) -> None:
    champion = world.arctl.json("champion")["champion"]["id"]
    text = world.arctl.ok("tree", "--all")
    drawn = re.findall(r"^\W+(e\d+)\s", text, re.MULTILINE)
    rows = world.arctl.json("experiments")["experiments"]
    assert sorted(drawn) == sorted(row["id"] for row in rows), "each experiment once"
    trunk = re.findall(r"^★ (e\d+)", text, re.MULTILINE)
    assert trunk == [row["id"] for row in world.arctl.json("champion")["lineage"]]
    assert trunk[-1] == champion
    assert world.arctl.ok("tree", "--ascii", "--all").isascii()
    latin = world.arctl("tree", PYTHONIOENCODING="latin-1")
    assert latin.returncode == 0
    assert latin.stdout.isascii(), "a locale without UTF-8 gets ASCII"


def test_experiments_have_a_column_for_teams_and_can_be_filtered(world: World) -> None:
    lines = world.arctl.ok("experiments").splitlines()
    assert lines[0].split() == ["ID", "VERDICT", "val_loss", "GAIN", "RUNS", "TEAM", "TITLE"]
    rows = world.arctl.json("experiments", "--team", "alpha")["experiments"]
    assert rows
    assert {row["team"] for row in rows} == {"t1"}
    assert rows == world.arctl.json("experiments", "--team", "t1")["experiments"]
    refused(world.arctl("experiments", "--team", "omega"), 5, "has no team 'omega'", "t1 alpha")


def test_show_says_whose_idea_it_was_and_what_others_said(world: World) -> None:
    row = next(row for row in world.arctl.json("experiments")["experiments"] if row["agent"])
    text = world.arctl.ok("show", row["id"])
    for part in (f"by {row['agent']} (search), team", "direction", "expected", "if works", "if fails",
                 "what others said before it ran"):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(
    ("words", "said", "remedy"),
    [
        ("teams h99", "there is no campaign, team, direction or proposal 'h99'", "arctl teams"),
        ("teams nonsense", "there is no campaign, team, direction or proposal 'nonsense'", "arctl teams"),
        ("agents nobody", "there is no agent or campaign 'nobody'", "agents: ada, emmy"),
        ("tree e99", "there is no experiment 'e99'", "arctl experiments"),
        ("show h1", "h1 is no experiment", "arctl teams h1"),
        ("show a1", "a1 is no experiment", "arctl agents a1"),
    ],
)
def test_what_is_not_there_is_refused_with_where_to_look(
    world: World, words: str, said: str, remedy: str
) -> None:
    refused(world.arctl(*words.split()), 5, said, remedy)


def test_long_answers_come_in_pieces_that_join(world: World) -> None:
    whole = world.call("export")
    pieces, after = "", 0
    while after is not None:
        piece = world.call("export", after=after, limit=3)
        pieces, after = pieces + piece["text"], piece["next"]
    assert pieces == whole["text"]
    best = world.call("champion")
    steps: list[Any] = []
    while len(steps) < best["steps"]:
        steps += world.call("champion", after=len(steps), limit=1)["lineage"]
    assert steps == best["lineage"]
    ends: list[Any] = []
    while more := world.call("deadends", limit=1, **({"after": ends[-1]["id"]} if ends else {})):
        ends += more
    assert ends == world.call("deadends")
    nodes = world.call("tree")["nodes"]
    assert world.call("tree", after=2)["nodes"] == nodes[2:]


def test_an_answer_never_outgrows_a_message() -> None:
    from arctl.daemon.commands.paging import fitting
    from arctl.protocol import MAX_LINE, encode

    rows = [{"id": f"e{number}", "title": "é" * 400} for number in range(5000)]
    shown = fitting(rows, 5000)
    assert 500 < len(shown) < 5000
    assert len(encode({"rows": shown})) < MAX_LINE
    assert fitting([{"title": "x" * MAX_LINE}], 10), (
        "a row that is too long by itself is for the wire to refuse"
    )
    assert fitting(rows, 3) == rows[:3]


def test_status_tells_who_works_on_what_and_what_needs_a_person(arctl: Arctl, tmp_path: Path) -> None:
    extra = "\n[policy]\napprove = true\n"
    arctl.ok("start", make_repo(tmp_path / "repo", experiments=30, extra=extra, teams=COMPANY))

    def needs() -> dict[str, Any]:
        return {row["kind"]: row for row in arctl.ask("status")["campaigns"][0]["needs"]}

    waiting = wait_for("a proposal that waits", lambda: needs().get("approval"))
    with Client(arctl.home) as client:
        client.call("say", text="may I \x1b[2Juse more memory?", question=True)
    arctl.ok("pause", "cpu1", "--reason", "it is needed")
    text = arctl.ok("status")
    assert "needs you" in text
    assert f"arctl approve {waiting['subjects'][0]}" in text
    assert re.search(r"needs you \w+ asks: may I use more memory\?", text)
    assert re.search(r"^held +cpu1 by \S+: it is needed; `arctl resume cpu1`", text, re.MULTILINE)
    assert re.search(r"teams +alpha on h\d+ ", text)
    assert "\x1b" not in text
    listed = arctl.ok("teams")
    assert re.search(r"1 +p\d+ +ready +\w+ ", listed), "ready ones have a place"
    arctl.ok("pause", "t1", "--reason", "let us look")
    assert re.search(r"^alpha \(t1\).*held$", arctl.ok("teams"), re.MULTILINE)
    arctl.ok("redirect", "t1", "only WIDTH")
    assert needs()["directive"]["subjects"] == ["i1"], "a team that is held acknowledges nothing"
    assert "i1 by" in arctl.ok("teams", "t1")
    arctl.ok("kill", "toy")


def test_wait_follow_leaves_the_turns_out_and_json_has_them(world: World) -> None:
    with Client(world.arctl.home) as client:
        kinds = {row["kind"] for row in client.call("events", limit=500)}
    assert {"turn.asked", "turn.answered", "team.formed", "discussion.closed"} <= kinds
    from arctl.cli.story import loud, told

    events = world.call("events", after=0, limit=500, campaign="toy")
    heard = [event for event in events if loud(event)]
    assert len(heard) < len(events)
    assert not any(event["kind"].startswith("turn.a") for event in heard)
    said = [line for event in events if (line := told(event))]
    assert any("the agents talk about where to look" in line for line in said)
    assert all(len(line) < 220 for line in said)
