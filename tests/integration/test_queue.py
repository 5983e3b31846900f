"""The queue in a person's hands, over the real command line: it runs as it was put, over a restart, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.campaigns import SCRIPT, make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for
from tests.support.patient import refused

PATCH = ("--- a/train.py\n", "+++ b/train.py\n", "@@ -10 +10 @@\n", "-WIDTH = 32\n", "+WIDTH = 96\n")
APPROVE = "[policy]\napprove = true\nbaseline_runs = 3\n"


def ended(arctl: Arctl, ident: str) -> dict[str, Any]:
    """Wait until the experiment of a proposal has its verdict, and return it."""

    def closed() -> dict[str, Any] | None:
        made = arctl.ask("teams", id=ident)["experiment"]
        return made if made is not None and made["verdict"] else None

    found: dict[str, Any] = wait_for(f"the verdict of {ident}", closed)
    return found


def proposed(arctl: Arctl, *words: str) -> str:
    return str(arctl.json("propose", *words)["proposal"])


def waiting(arctl: Arctl) -> list[str]:
    """The queue of the campaign as it will run."""
    rows = [row for row in arctl.ask("teams")["others"] if row["rank"] and row["urgent"]]
    return [row["id"] for row in sorted(rows, key=lambda row: int(row["rank"]))]


def test_what_waits_runs_as_a_person_put_it_over_a_restart(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", extra=APPROVE, experiments=30)
    arctl.ok("start", repo)
    done = arctl("pause", "--all", "--reason", "let us look first")
    assert "1 campaign paused: toy: let us look first" in done.stderr
    refused(arctl("pause", "toy", "--all"), 2, "--all means every campaign", "leave one")
    one, two, three, four = (
        proposed(arctl, "--set", f"LR={value}") for value in ("0.02", "0.03", "0.06", "0.07")
    )
    assert waiting(arctl) == [one, two, three, four]
    refused(arctl("move", four), 2, "say where it is to stand", "--before ID")
    refused(arctl("move", one, "--up"), 5, f"{one} is the first already", "arctl stash")
    arctl.ok("move", four, "--top", "--reason", "it is the likeliest")
    arctl.ok("move", three, "--before", one)
    assert waiting(arctl) == [four, three, one, two]
    assert "moved by hand" in arctl.ok("teams")
    arctl.ok("undo")
    assert waiting(arctl) == [four, one, two, three]
    moved = arctl.ask("deeds")[-2]
    assert (moved["undoable"], moved["redoable"], moved["request"]) == (
        False,
        True,
        {"verb": "move", "target": three},
    ), "of its request only what it is about: a patch may be long"
    assert "1 deed done again" in arctl("undo", "--list").stderr
    arctl.ok("redo")
    assert waiting(arctl) == [four, three, one, two]
    refused(arctl("redo"), 5, "took nothing back", "undo --list")
    arctl.ok("stash", one, "--reason", "later")
    refused(arctl("unstash", two), 5, f"{two} is ready, not stashed", one)
    edited = arctl.json("edit", two, "--set", "WIDTH=64", "--hypothesis", "both", "--if-fails", "one of them")
    assert edited["changed"] == ["title", "hypothesis", "axis", "if_fails", "change"]
    refused(arctl("edit", two), 2, "say what", "--set NAME=VALUE")
    refused(arctl("edit", two, "--set", "LR=9"), 5, "outside its range", "arctl.toml")
    five = proposed(arctl, "--set", "LR=0.08")
    arctl.ok("edit", five, "--patch", "-", "--title", "wider", stdin="".join(PATCH))
    shown = arctl.ok("teams", five)
    assert "wider" in shown
    assert "a patch of" in shown
    refused(arctl("edit", five, "--patch", "-", stdin="no patch"), 5, "no unified difference", "git diff")
    arctl.ok("reject", five)
    arctl.ok("stop")
    arctl.ok("start", repo)
    rows = [ended(arctl, ident) for ident in (four, three, two)]
    numbers = [int(row["id"][1:]) for row in rows]
    assert numbers == sorted(numbers), "they were taken up in this order"
    assert rows[2]["title"] == "LR 0.01 -> 0.03, WIDTH 32 -> 64"
    found = arctl.ask("teams", id=one)["proposal"]
    assert (found["state"], found["experiment"]) == ("parked", "")
    assert found["stashed"]["why"] == "later"
    assert "stashed by" in arctl.ok("teams", one)
    refused(arctl("edit", two, "--title", "x"), 5, f"{two} became", "arctl propose")
    refused(arctl("rerun", rows[0]["id"]), 5, rows[0]["id"], "arctl")
    arctl.ok("unstash", one)
    assert ended(arctl, one)["verdict"]


def test_what_crashed_runs_again_when_its_cause_is_gone(arctl: Arctl, tmp_path: Path) -> None:
    broken = arctl.home.campaign("toy") / "data" / "broken"
    broken.parent.mkdir(parents=True)
    full = 'os.path.exists(os.environ["ARCTL_DATA"] + "/broken")'
    script = SCRIPT.replace("rng =", f'if LR == 0.07 and {full}:\n    raise SystemExit("no room")\nrng =')
    repo = make_repo(tmp_path / "repo", script=script, extra=APPROVE, experiments=30)
    broken.touch()
    arctl.ok("start", repo)
    ident = proposed(arctl, "--set", "LR=0.07")
    crashed = ended(arctl, ident)
    assert crashed["verdict"] == "crashed"
    broken.unlink()
    done = arctl("rerun", crashed["id"], "--reason", "the disk was full")
    assert f"{crashed['id']} LR 0.01 -> 0.07 (crashed) is queued again" in done.stderr
    again = next(deed for deed in arctl.ask("deeds") if deed["verb"] == "rerun")["target"]
    judged = ended(arctl, again)
    assert judged["verdict"] in ("accepted", "rejected", "inconclusive"), "its tree was known, and it ran"
    refused(arctl("rerun", crashed["id"]), 5, f"was tried again as {judged['id']}", "arctl show")
