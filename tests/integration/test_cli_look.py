"""Every command that looks, on one campaign that the real `arctl` started and finished."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from arctl.client import Client
from tests.support.campaigns import SCRIPT, git, make_repo
from tests.support.cli import Arctl

#: Also prints what no terminal should see.
NOISY = SCRIPT.replace('print("---")', 'print("\\x1b[2Jboo\\x07\\rhalf")\nprint("---")')


@dataclass(frozen=True)
class World:
    """A finished campaign and what `start` said of it."""

    arctl: Arctl
    repo: Path
    said: str
    champion: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("look")
    arctl = Arctl(root / "home")
    repo = make_repo(root / "toy repo", script=NOISY, experiments=8)
    started = arctl("start", repo)
    try:
        assert started.returncode == 0, started.stderr
        assert started.stdout == "", "what a person is told is no data"
        assert arctl.ok("wait", "--timeout", 280).startswith("toy is finished: 8 of 8 proposals made")
        yield World(arctl, repo, started.stderr, arctl.json("champion")["champion"]["id"])
    finally:
        arctl.close()


def test_start_says_what_runs_where_its_log_is_and_what_to_type(world: World) -> None:
    assert (
        f"campaign toy is started at {git(world.repo, 'rev-parse', 'HEAD')[:9]} of {world.repo}" in world.said
    )
    assert f"log {world.arctl.home.log}" in world.said
    for command in ("arctl status", "arctl logs -f", "arctl stop"):
        assert command in world.said


def test_status_for_people_and_for_programs(world: World) -> None:
    text = world.arctl.ok("status")
    assert "devices   0 of 2 busy" in text
    assert f"toy  finished  {world.repo}" in text
    assert re.search(rf"champion  {world.champion} .*val_loss [\d.]+ over 3 runs", text)
    found = world.arctl.json("status")
    assert found["campaigns"][0]["state"] == "finished"


@pytest.mark.parametrize(
    ("words", "method", "params"),
    [
        (["experiments"], "experiments", {"limit": 100}),
        (
            ["experiments", "--verdict", "accepted", "-n", "1"],
            "experiments",
            {"verdict": "accepted", "limit": 1},
        ),
        (["show", "e2"], "show", {"id": "e2"}),
        (["diff", "e2"], "diff", {"id": "e2"}),
        (["curve", "e2"], "curve", {"id": "e2"}),
        (["champion", "-c", "toy"], "champion", {"campaign": "toy"}),
        (["champion", "diff"], "champion.diff", {}),
        (["deadends"], "deadends", {}),
        (["effects"], "effects", {}),
        (["export"], "export", {}),
        (["logs", "r1"], "logs", {"id": "r1"}),
    ],
)
def test_json_is_the_wire_s_own_answer(
    world: World, words: list[str], method: str, params: dict[str, object]
) -> None:
    printed = world.arctl.json(*words)
    with Client(world.arctl.home) as client:
        assert printed == client.call(method, **params)


def test_gpus(world: World) -> None:
    assert [row["id"] for row in world.arctl.json("gpus")["devices"]] == ["cpu0", "cpu1"]
    head, first, _ = world.arctl.ok("gpus").splitlines()
    assert head.split()[:3] == ["#", "NAME", "UTIL%"]
    assert " - " in first, "a processor has no watts, and no watts are not 0 watts"


def test_experiments_are_a_table_that_fits_the_terminal(world: World) -> None:
    lines = world.arctl.ok("experiments").splitlines()
    assert lines[0].split() == ["ID", "VERDICT", "val_loss", "GAIN", "RUNS", "TITLE"]
    assert max(map(len, lines)) <= 80
    assert len(lines) >= 10
    marked = [line for line in lines if line.startswith("*")]
    assert len(marked) == 1
    assert marked[0].split()[1] == world.champion
    limited = world.arctl("experiments", "-n", 2)
    assert len(limited.stdout.splitlines()) == 3
    assert "older ones are left out" in limited.stderr


def test_show_has_the_verdict_the_evidence_and_every_run(world: World) -> None:
    text = world.arctl.ok("show", world.champion)
    for part in (
        "champion",
        "hypothesis",
        "state      accepted",
        "evidence",
        "interval [",
        "accepted from",
        "SEED",
    ):
        assert part in text
    runs = world.arctl.json("show", world.champion)["runs"]
    for run in runs:
        assert re.search(rf"^{run['id']} .*{run['seed']}", text, re.MULTILINE)
    assert world.arctl.ok("show", runs[0]["id"]) == text, "a run stands for its experiment"
    assert f"refs/arctl/toy/exp/{world.champion}" in text


def test_diff_and_champion_diff_are_plain_without_a_terminal(world: World) -> None:
    for words in (["diff", world.champion], ["champion", "diff"]):
        text = world.arctl.ok(*words)
        assert text.startswith("diff --git a/train.py b/train.py\n")
        assert "\x1b" not in text
    nothing = world.arctl("diff", "e1")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "the baseline changes nothing" in nothing.stderr


def test_champion_card_and_its_branch(world: World) -> None:
    text = world.arctl.ok("champion")
    for part in ("lineage", "better by", "on devices", f"arctl/toy in {world.repo}", "git merge arctl/toy"):
        assert part in text
    assert git(world.repo, "rev-parse", "arctl/toy")


def test_champion_checkout_writes_a_new_folder_and_never_into_an_old_one(
    world: World, tmp_path: Path
) -> None:
    world.arctl.ok("champion", "checkout", "best", cwd=tmp_path)
    assert (tmp_path / "best" / "train.py").read_text() != NOISY
    # Nobody, root included, makes a folder there.
    nowhere = world.arctl("champion", "checkout", "/proc/best")
    assert nowhere.returncode == 5, nowhere.stderr
    assert "/proc/best cannot be written" in nowhere.stderr
    again = world.arctl("champion", "checkout", "best", cwd=tmp_path)
    assert again.returncode == 5
    assert "is not an empty folder" in again.stderr


def test_export_writes_results_tsv(world: World, tmp_path: Path) -> None:
    text = world.arctl.ok("export")
    assert text.splitlines()[0] == "commit\tval_loss\tmemory_gb\tstatus\tdescription"
    assert all(line.count("\t") == 4 for line in text.splitlines())
    file = tmp_path / "results.tsv"
    world.arctl.ok("export", file)
    assert file.read_text() == text
    assert world.arctl("export", file).returncode == 5
    world.arctl.ok("export", "--force", file)
    assert list(tmp_path.iterdir()) == [file]


def test_curve_is_drawn_beside_the_champion_s(world: World) -> None:
    text = world.arctl.ok("curve", "e1", "--height", 6)
    assert re.match(rf"⣿ e1 r\d+ loss: 0.3333 after 3 points   ⠅ {world.champion} r\d+ loss", text)
    assert len(text.splitlines()) == 9
    plain = world.arctl.ok("curve", "e1", "--ascii", "--alone")
    assert plain.isascii()
    assert "*" in plain
    wrong = world.arctl("curve", "e1", "--metric", "nonsense")
    assert wrong.returncode == 5
    assert "it has loss" in wrong.stderr


def test_logs_are_clean_unless_raw(world: World) -> None:
    text = world.arctl.ok("logs", "e1")
    assert "step 0 | loss: 1.0000\n" in text
    assert "\nboo\nhalf\n---\n" in text
    assert "\x1b[2Jboo\x07" in world.arctl.ok("logs", "e1", "--raw")
    assert world.arctl.ok("logs", "-f", "e1") == text
    assert f"arctl 0.1.0 is up in {world.arctl.home.root}" in world.arctl.ok("logs")


def test_wait_returns_at_once_when_there_is_nothing_to_wait_for(world: World) -> None:
    assert json.loads(world.arctl.ok("wait", "toy", "--json"))["state"] == "finished"


def test_what_has_ended_cannot_be_controlled(world: World) -> None:
    for words in (["kill", "e1"], ["pause", world.champion], ["pause"], ["kill", "r1"], ["kill", "nothing"]):
        done = world.arctl(*words)
        assert done.returncode == 5
        assert re.match(r"arctl: .+\n       .+", done.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ["show", "e99"],
        ["diff", "e99"],
        ["curve", "zzz"],
        ["logs", "r99"],
        ["champion", "-c", "no"],
        ["wait", "no"],
    ],
)
def test_unknown_names_are_refused_with_what_there_is(world: World, words: list[str]) -> None:
    done = world.arctl(*words)
    assert done.returncode == 5
    assert done.stdout == ""
    assert re.match(r"arctl: there is no (experiment|campaign) '\w+'\n       \S", done.stderr)


@pytest.mark.parametrize(
    ("words", "code", "said", "known"),
    [
        (["experiments", "--agent", "nobody"], 5, "nobody in toy is called 'nobody'", "solo"),
        (["experiments", "--verdict", "lala"], 5, "there is no verdict called 'lala'", "accepted"),
        (["experiments", "--state", "lala"], 5, "there is no state called 'lala'", "open"),
        (["experiments", "--team", "lala"], 5, "toy has no team 'lala'", "none yet"),
        (["experiments", "--direction", "h9"], 5, "toy has no direction 'h9'", "none yet"),
        (["prompt", "show", "critique", "--about", "p99"], 5, "toy has nothing called 'p99'", "--about"),
        (["propose", "/nonexistent"], 2, "/nonexistent cannot be read: no such file", "git diff"),
    ],
)
def test_what_names_nothing_is_refused_with_what_there_is(
    world: World, words: list[str], code: int, said: str, known: str
) -> None:
    done = world.arctl(*words)
    assert done.returncode == code
    assert done.stdout == ""
    first, rest = done.stderr.split("\n", 1)
    assert first.startswith(f"arctl: {said}")
    assert known in rest


def test_verdicts_may_be_spelt_as_they_are_shown(world: World) -> None:
    assert world.arctl("experiments", "--verdict", "Timed out").returncode == 0


def test_stdio_bridges_lines_and_waits_for_every_answer(world: World) -> None:
    asked = [
        {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"protocol": [1, 0]}},
        {"jsonrpc": "2.0", "id": 2, "method": "champion.diff", "params": {}},
        {"jsonrpc": "2.0", "id": 3, "method": "nonsense", "params": {}},
        {"jsonrpc": "2.0", "id": 4, "method": "status", "params": {}},
    ]
    text = world.arctl.ok("stdio", stdin="".join(json.dumps(message) + "\n" for message in asked))
    answers = {message["id"]: message for message in map(json.loads, text.splitlines())}
    assert sorted(answers) == [1, 2, 3, 4]
    assert answers[2]["result"]["diff"].startswith("diff --git")
    assert "no method" in answers[3]["error"]["message"]


def test_colours_only_on_a_terminal_and_never_with_no_color(world: World) -> None:
    def seen(**env: str) -> str:
        done = world.arctl.in_terminal("status", **env)
        assert "toy" in done
        return done

    assert "\x1b[" in seen()
    assert "\x1b[" not in seen(NO_COLOR="1")
    assert "\x1b[" not in seen(TERM="dumb")
