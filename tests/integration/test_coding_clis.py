"""Real coding agents, from the npm registry, driven by the `command` brain against local model servers.

They are installed for these tests unless `ARCTL_TEST_CLIS` names a folder with their node_modules.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.rows import Move, Stance
from arctl.daemon.thought import BrainFault
from tests.support.agent_model import Model
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.desk import AGENT, Stage, proposal, stage
from tests.support.eventful import COMPANY, ENOUGH, INERT, TUNED, Ledger, check, lived_through
from tests.support.fake_agent import Manner
from tests.support.messages_plan import Plan
from tests.support.messages_server import MessagesServer, call, error, text
from tests.support.responses_server import ResponsesServer, shell, words

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

PACKAGES = ("@anthropic-ai/claude-code@2", "@openai/codex@0")
KEY = "sk-for-tests-only"
OF = {"proposal": proposal()}
#: How long any step of a whole campaign may take: each turn is a process that takes its time to start.
PATIENCE = 900.0


@pytest.fixture(scope="module")
def modules() -> Iterator[Path]:
    """The node_modules of the agents; scripts of packages are not run."""
    if given := os.environ.get("ARCTL_TEST_CLIS"):
        yield Path(given) / "node_modules"
        return
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm and node are not installed: no coding agent can be had")
    with tempfile.TemporaryDirectory(prefix="arctl-clis-") as folder:
        flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            done = subprocess.run(
                [npm, "install", "--prefix", folder, *flags, *PACKAGES],
                capture_output=True, text=True, check=False, timeout=300,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            pytest.skip("the npm registry did not answer in time")
        if done.returncode:
            pytest.skip(f"the npm registry gives no coding agent: {done.stderr.strip()[-300:]}")
        yield Path(folder) / "node_modules"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A campaign, a key, and a home in which nobody is logged in anywhere."""
    made = stage(tmp_path)
    monkeypatch.setenv("ARCTL_HOME", str(made.home.root))
    monkeypatch.setenv("AGENT_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return made


def claude(modules: Path, server: MessagesServer) -> dict[str, Any]:
    """Return the settings of claude, started by its wrapper, for its own script was not run."""
    wrapper = modules / "@anthropic-ai" / "claude-code" / "cli-wrapper.cjs"
    return {
        "command": ("node", str(wrapper)),
        "profile": "claude",
        "base_url": server.url,
        "env_pass": ("ANTHROPIC_API_KEY",),
        "timeout": 120.0,
    }


def codex(modules: Path, server: ResponsesServer) -> dict[str, Any]:
    """Return the settings of codex."""
    return {
        "command": (str(modules / ".bin" / "codex"),),
        "profile": "codex",
        "model": "fake",
        "base_url": server.url,
        "key_env": "AGENT_KEY",
        "env_pass": ("AGENT_KEY",),
        "timeout": 120.0,
    }


def in_turn(*plans: Callable[[str], Plan]) -> Callable[[dict[str, Any]], Plan]:
    """Return a script that goes on by one plan with each result of a tool; each is told the task's path."""

    def script(request: dict[str, Any]) -> Plan:
        messages = str(request["messages"])
        task = re.search(r"Read the file (\S+) and", messages)
        assert task is not None
        return plans[min(messages.count("'tool_result'"), len(plans) - 1)](task[1])

    return script


def beside(task: str, name: str) -> str:
    """Return the path of a file in the folder of the program."""
    return str(Path(task).parent.parent / name)


async def test_claude_reads_its_task_and_edits_a_file(desk: Stage, modules: Path) -> None:
    script = in_turn(
        lambda task: call("Read", {"file_path": task}),
        lambda task: call("Read", {"file_path": beside(task, "train.py")}),
        lambda task: call(
            "Edit",
            {"file_path": beside(task, "train.py"), "old_string": "LR = 0.01\n", "new_string": "LR = 0.02\n"},
        ),
        lambda task: call(
            "Write", {"file_path": beside(task, ".arctl/notes.md"), "content": "I doubled it.\n"}
        ),
        lambda task: text("LR is twice what it was."),
    )
    with MessagesServer(script) as server:
        reply = await desk.ask(Move.IMPLEMENT, of=OF, **claude(modules, server))
    assert reply.change is not None
    assert "LR = 0.02\n" in desk.apply(reply.change["patch"])
    assert reply.notes == "I doubled it."
    assert reply.extra["usd"] > 0
    assert reply.extra["tokens"] > 100
    assert len(server.requests) == 5
    assert {tool["name"] for tool in server.requests[0]["tools"]} == {"Read", "Edit", "Write", "Glob", "Grep"}
    assert server.seen[0].headers["x-api-key"] == KEY
    results = str(server.requests[-1]["messages"])
    assert "set LR to 0.02 to see" in results, "it read the task"


async def test_claude_answers_with_a_file(desk: Stage, modules: Path) -> None:
    judged = '{"opinions": [{"stance": "object", "reason": "it is below the noise", "links": ["e1"]}]}'
    script = in_turn(
        lambda task: call("Read", {"file_path": task}),
        lambda task: call("Write", {"file_path": beside(task, ".arctl/answer.json"), "content": judged}),
        lambda task: text("I object."),
    )
    with MessagesServer(script) as server:
        reply = await desk.ask(Move.CRITIQUE, of=OF, **claude(modules, server))
    assert [(row.subject, row.stance, row.links) for row in reply.opinions] == [
        ("p1", Stance.OBJECT, ("e1",))
    ]


async def test_claude_cannot_leave_its_folder(desk: Stage, modules: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    secret = tmp_path / "secret.txt"
    secret.write_text("PRIVATE KEY")
    script = in_turn(
        lambda task: call("Read", {"file_path": str(secret)}),
        lambda task: call("Write", {"file_path": str(outside), "content": "mine"}),
        lambda task: text("I tried."),
    )
    with MessagesServer(script) as server, pytest.raises(BrainFault) as caught:
        await desk.ask(Move.IMPLEMENT, of=OF, **claude(modules, server))
    assert caught.value.kind == "empty"
    assert not outside.exists()
    assert "PRIVATE KEY" not in str(server.requests)


async def test_claude_without_a_valid_key_waits_for_a_person(desk: Stage, modules: Path) -> None:
    with MessagesServer(lambda request: error(401)) as server:
        with pytest.raises(BrainFault) as caught:
            await desk.ask(Move.IMPLEMENT, of=OF, **claude(modules, server))
        refused = caught.value
        with pytest.raises(BrainFault) as caught:
            await desk.ask(Move.IMPLEMENT, of=OF, **{**claude(modules, server), "env_pass": ()})
        keyless = caught.value
    for fault in (refused, keyless):
        assert (fault.kind, fault.human) == ("login", True)
        assert "env_pass" in fault.remedy
    assert len(server.requests) <= 6, "it does not ask with a wrong key for ever"


async def test_claude_is_ended_where_its_server_never_answers(desk: Stage, modules: Path) -> None:
    with MessagesServer(lambda request: Plan(fault="silent")) as server, pytest.raises(BrainFault) as caught:
        await desk.ask(Move.IMPLEMENT, of=OF, **{**claude(modules, server), "timeout": 5.0})
    assert caught.value.kind == "timeout"


async def test_codex_edits_a_file_in_our_sandbox(desk: Stage, modules: Path) -> None:
    steps = [
        shell("cat .arctl/task.md", 1),
        shell("sed -i 's/^LR = 0.01$/LR = 0.02/' train.py; ls -A ~ /home; touch /usr/x", 2),
        words("LR is twice what it was."),
    ]

    def script(request: dict[str, Any]) -> dict[str, Any] | int:
        return steps[min(str(request["input"]).count("'function_call_output'"), 2)]

    with ResponsesServer(script) as server:
        reply = await desk.ask(Move.IMPLEMENT, of=OF, **codex(modules, server))
    assert reply.change is not None
    assert "LR = 0.02\n" in desk.apply(reply.change["patch"])
    assert reply.extra == {"tokens": 330}
    results = str(server.requests[-1]["input"])
    assert "set LR to 0.02 to see" in results, "it read the task"
    assert "Read-only file system" in results


async def test_codex_without_a_valid_key_waits_for_a_person(desk: Stage, modules: Path) -> None:
    with ResponsesServer(lambda request: 401) as server, pytest.raises(BrainFault) as caught:
        await desk.ask(Move.IMPLEMENT, of=OF, **codex(modules, server))
    assert (caught.value.kind, caught.value.human) == ("login", True)


def company(arctl: Arctl, folder: Path, settings: dict[str, Any]) -> Path:
    """Return a repository whose agents are all one coding agent, and give their key to the daemon."""
    arctl.env |= {"AGENT_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
    given = {name: value for name, value in settings.items() if name != "timeout"}
    lines = [
        f"{name} = {json.dumps(value if isinstance(value, str) else list(value))}\n"
        for name, value in given.items()
    ]
    brain = 'kind = "command"\n' + "".join(lines)
    return make_repo(folder, script=TUNED, experiments=ENOUGH, extra=INERT + COMPANY + brain)


def turns(ledger: Ledger) -> int:
    """Return how many turns had an answer; none may have failed."""
    rows = ledger.rows("SELECT move, state, fault, note FROM turns")
    assert not [tuple(row) for row in rows if row["state"] not in ("answered", "withdrawn")]
    return sum(row["state"] == "answered" for row in rows)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_community_of_claudes_lives_through_a_campaign(arctl: Arctl, modules: Path, tmp_path: Path) -> None:
    model = Model(Manner(weak=True, crash=True))
    with MessagesServer(script=model) as server:
        repo = company(arctl, tmp_path / "repo", claude(modules, server))
        ledger = lived_through(arctl, repo, patience=PATIENCE)
    check(ledger, repo)
    assert not model.stumbled
    assert not model.calls["aside"]
    answered = turns(ledger)
    assert answered <= model.calls["begun"], "each turn is a process of its own"
    # What they say that they cost is on the books.
    costs = arctl.json("costs", "toy")
    assert answered <= costs["total"]["calls"] <= model.calls["begun"]
    assert len(costs["rows"]) == 4
    assert all(row["usd"] > 0 for row in costs["rows"])


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_community_of_codexes_lives_through_a_campaign(arctl: Arctl, modules: Path, tmp_path: Path) -> None:
    # The model behind it has it run the scripted agent in its shell.
    agent = f"{Path(sys.executable).resolve()} {AGENT} --weak --crash .arctl/task.md && echo It is don''e."
    failed: list[dict[str, Any]] = []

    def script(request: dict[str, Any]) -> dict[str, Any] | int:
        results = [row for row in request["input"] if row.get("type") == "function_call_output"]
        if not results:
            return shell(agent, 1)
        failed.extend(row for row in results if "It is done." not in str(row))
        return words("That is my answer.")

    with ResponsesServer(script) as server:
        settings = {**codex(modules, server), "read_only": (str(AGENT), sys.base_prefix)}
        repo = company(arctl, tmp_path / "repo", settings)
        ledger = lived_through(arctl, repo, patience=PATIENCE)
    check(ledger, repo)
    answered = turns(ledger)
    assert not failed
    assert 2 * answered <= len(server.requests)
    # It says how many tokens it needed, and no cost.
    total = arctl.json("costs", "toy")["total"]
    assert answered <= total["calls"] <= len(server.requests) / 2
    assert (total["input"], total["usd"]) == (220 * total["calls"], 0)
