"""People steer a real campaign over the real command line, and every word of theirs takes effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.campaigns import git, make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for
from tests.support.patient import refused

PATCH_LINES = (
    "title: a wider one", "axis: WIDTH", "---", "--- a/train.py", "+++ b/train.py", "@@ -7,7 +7,7 @@",
    " # far enough apart that edits of both merge", " ", " ", "-WIDTH = 32", "+WIDTH = 96", " ",
    ' seed = int(os.environ.get("SEED", "0"))', " rng = random.Random(seed)",
)  # fmt: skip


def events(arctl: Arctl, kind: str) -> list[dict[str, Any]]:
    from arctl.client import Client

    with Client(arctl.home) as client:
        found = client.call("events", limit=500)
    return [event for event in found if event["kind"] == kind]


def titled(arctl: Arctl, title: str) -> dict[str, Any] | None:
    rows = arctl.ask("experiments")["experiments"]
    return next((row for row in rows if row["title"] == title), None)


def judged(arctl: Arctl, title: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        row = titled(arctl, title)
        return row if row and row["verdict"] else None

    found: dict[str, Any] = wait_for(f"the verdict of {title}", ended)
    return found


APPROVE = "[policy]\napprove = true\nbaseline_runs = 3\n"


def test_nothing_runs_until_a_person_agreed_and_a_person_s_own_ideas_do(arctl: Arctl, tmp_path: Path) -> None:
    arctl.ok("start", make_repo(tmp_path / "repo", extra=APPROVE, experiments=30))
    wait_for("the first proposals", lambda: events(arctl, "proposal.made"))
    (tmp_path / "idea.patch").write_text("\n".join(PATCH_LINES) + "\n")
    done = arctl("propose", tmp_path / "idea.patch")
    assert done.returncode == 0, done.stderr
    assert "a wider one is ready" in done.stderr
    assert "arctl undo u1" in done.stderr
    assert judged(arctl, "a wider one")["verdict"]
    assert arctl.json("propose", "--set", "LR=0.06", "--title", "faster")["state"] == "ready"
    assert judged(arctl, "faster")["verdict"]
    assert {row["title"] for row in arctl.json("experiments")["experiments"]} == {
        "baseline",
        "a wider one",
        "faster",
    }
    refused(arctl("propose", "--set", "LR=5"), 5, "outside its range", "widen [params.LR]")
    refused(arctl("propose"), 2, "either a patch or values", "--set NAME=VALUE")
    approved = arctl.json("approve", "--all")["proposals"]
    wait_for("an approved proposal's experiment", lambda: len(arctl.ask("experiments")["experiments"]) > 3)
    refused(arctl("reject", approved[0]), 5, "is taken", "arctl show")


def test_edits_of_the_files_are_seen_and_bad_ones_refused_with_their_line(
    arctl: Arctl, tmp_path: Path
) -> None:
    repo = make_repo(tmp_path / "repo", extra=APPROVE, experiments=30)
    arctl.ok("start", repo)
    file = repo / "arctl.toml"
    good = file.read_text()
    file.write_text(good.replace("experiments = 30", "experiments = 40"))
    (edit,) = wait_for("the edit", lambda: events(arctl, "spec.edited"))
    assert "limits.experiments 30 -> 40" in edit["text"]
    assert "-experiments = 30\n+experiments = 40" in edit["data"]["diff"]
    bad = good.replace('command = "python3 train.py"', 'comand = "python3 train.py"')
    file.write_text(bad)
    (bad_edit,) = wait_for("the refusal", lambda: events(arctl, "edit.refused"))
    line = bad[: bad.index("comand")].count("\n") + 1
    assert f"arctl.toml:{line}: run.comand: " in bad_edit["text"]
    assert "Did you mean command?" in bad_edit["text"]
    file.write_text(good.replace("python3 train.py", "python3 -O train.py"))
    wait_for("the second refusal", lambda: len(events(arctl, "edit.refused")) == 2)
    assert "measures otherwise" in events(arctl, "edit.refused")[1]["text"]
    file.write_text(good.replace('name = "toy"', 'name = "toy"\nobjective = "program.md"'))
    assert "there is no file program.md" in wait_for(
        "the third refusal", lambda: events(arctl, "edit.refused")[2:]
    )[0]["text"]  # fmt: skip
    (repo / "program.md").write_text("go down\n")
    file.write_text(good.replace('name = "toy"', 'name = "toy"\nobjective = "program.md"\n'))
    wait_for("the objective", lambda: events(arctl, "objective.edited"))


def test_a_champion_is_made_and_unmade_by_hand(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", extra=APPROVE, experiments=30)
    arctl.ok("start", repo)
    arctl.ok("propose", "--set", "LR=0.2", "--title", "too fast")
    row = judged(arctl, "too fast")
    assert row["verdict"] == "rejected"

    def champion() -> str:
        return str(arctl.ask("champion")["champion"]["id"])

    arctl.ok("promote", row["id"], "--reason", "I want to see it")
    wait_for("the champion by hand", lambda: champion() == row["id"])
    said = git(repo, "log", "-1", "--format=%B", "arctl/toy")
    assert "by hand" in said
    assert "I want to see it" in said
    assert "LR = 0.2" in git(repo, "show", "arctl/toy:train.py")
    refused(arctl("promote", row["id"]), 5, "is the champion", "arctl champion")
    arctl.ok("undo")
    wait_for("the baseline again", lambda: champion() == "e1")
    assert "LR = 0.01" in git(repo, "show", "arctl/toy:train.py")
    assert len(git(repo, "log", "--format=%h", "arctl/toy").splitlines()) == 3, "nothing is taken away"
    listed = arctl.ok("undo", "--list")
    assert "promote" in arctl.ok("undo", "--list", "--json")
    assert "undone" in listed
    # From here on the campaign goes on as if nothing had been.
    assert arctl.json("propose", "--set", "WIDTH=100", "--title", "after all")["state"] == "ready"
    judged(arctl, "after all")


def test_words_in_the_forum_are_kept_found_and_answered(arctl: Arctl, tmp_path: Path) -> None:
    arctl.ok("start", make_repo(tmp_path / "repo", extra=APPROVE, experiments=30))
    first = arctl.json("say", "the warm-up \x1b[31mdiverges", "--link", "e1")
    arctl.ok("say", "only with a large LR", "--reply", first["post"])
    shown = arctl.ok("forum")
    assert first["post"] in shown
    assert "diverges" in shown
    thread = arctl.ok("forum", first["thread"])
    assert "only with a large LR" in thread
    assert "\x1b" not in thread
    assert [post["id"] for post in arctl.json("forum", "--search", "diverge")["posts"]] == [first["post"]]
    assert arctl("forum", "--search", 'AND "(').returncode == 0
    assert arctl("questions").stderr == "no question waits for you\n"
    refused(arctl("say", "x", "--reply", "m99"), 5, "there is no post 'm99'", "the newest are")
    arctl.ok("redirect", "toy", "look at the data order")
    assert "look at the data order" in arctl.ok("directives")
    arctl.ok("undo")
    assert arctl("directives").stderr == "no directive stands in toy\n"
    arctl.ok("mark", "LR", "--from", "0.1", "--reason", "diverges")
    refused(arctl("propose", "--set", "LR=0.15"), 5, "inside dead end d1", "arctl revive")
    arctl.ok("revive", "d1", "--reason", "let us see")
    assert arctl.json("propose", "--set", "LR=0.15")["state"] == "ready"


def test_a_paused_device_gets_no_run_and_a_killed_one_gives_its_run_away(
    arctl: Arctl, tmp_path: Path
) -> None:
    arctl.ok("start", make_repo(tmp_path / "repo", experiments=200))
    wait_for("both devices at work", lambda: all(row["run"] for row in arctl.ask("gpus")))
    arctl.ok("kill", "cpu1", "--reason", "it is needed elsewhere")
    wait_for("an idle device", lambda: not arctl.ask("gpus")[1]["run"])
    before = len(arctl.json("experiments", "--limit", "1000")["experiments"])
    wait_for(
        "work on the other device",
        lambda: len(arctl.ask("experiments", limit=1000)["experiments"]) > before,
    )
    assert not arctl.json("gpus")["devices"][1]["run"]
    arctl.ok("undo")
    wait_for("both devices at work again", lambda: all(row["run"] for row in arctl.ask("gpus")))
    arctl.ok("pause", "--drain")

    def open_ones() -> list[str]:
        rows = arctl.ask("experiments", limit=1000)["experiments"]
        return [row["id"] for row in rows if row["runs"] and row["base"] and not row["verdict"]]

    # Between two runs of one experiment no device has any; a champion's own runs come behind its verdict.
    wait_for(
        "an end of what was begun",
        lambda: not open_ones() and not any(row["run"] for row in arctl.ask("gpus")),
    )
    arctl.ok("resume")
    wait_for("work again", lambda: any(row["run"] for row in arctl.ask("gpus")))
    arctl.ok("kill", "toy")
