"""Edits as data: applied to any base, made from two texts, and turned into a commit or a verdict."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.actions import BuildCommit, ReadParams
from arctl.daemon.facts import CommitBuilt, CommitRefused, EditRefused, ParamsRead
from arctl.daemon.rows import Campaign, CampaignState, Experiment, ExperimentState, Proposal
from arctl.daemon.specs import spec_of
from arctl.daemon.workspace import Archive, Shown
from arctl.daemon.workspace.build import build
from arctl.daemon.workspace.constants import constants
from arctl.daemon.workspace.git import Bare
from arctl.errors import ArctlError
from arctl.experiments import edits
from arctl.experiments.edits import Edit, EditError
from arctl.paths import Home
from tests.support.campaigns import git, make_repo


def replaced(text: str, **values: Any) -> str | None:
    return edits.apply_one(Edit("a.py", **values), text)


def test_an_old_text_is_replaced_where_it_stands_once() -> None:
    assert replaced("a = 1\nb = 2\n", old="a = 1", new="a = 3") == "a = 3\nb = 2\n"
    for text in ("b = 2\n", "a = 1\na = 1\n"):
        with pytest.raises(EditError) as told:
            replaced(text, old="a = 1", new="a = 3")
        assert told.value.fault == "conflict"
        assert "a.py" in str(told.value)


def test_plain_line_ends_fit_a_file_with_carriage_returns() -> None:
    assert replaced("a\r\nb\r\n", old="a\nb", new="c\nd") == "c\r\nd\r\n"


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"edits": []},
        {"edits": "train.py"},
        {"edits": ["train.py"]},
        {"edits": [{"path": "a", "old": 1}]},
        {"edits": [{"path": "a", "old": "x", "new": "y", "whole": True}]},
        {"edits": [{"path": "a", "new": "y", "whole": "yes"}]},
        {"edits": [{"path": "a", "new": "\0"}]},
        {"edits": [{"path": "a", "new": "\ud800"}]},
        {"edits": [{"path": "a", "new": "x" * 1_000_001}]},
        {"edits": [{"path": "a", "new": "x"}] * 201},
    ],
)
def test_malformed_edits_are_invalid(change: dict[str, Any]) -> None:
    with pytest.raises(EditError) as told:
        edits.read(change)
    assert told.value.fault == "invalid"


@pytest.mark.parametrize(
    "path", ["", ".", "/etc/passwd", "../x", "a/../../x", ".git/config", "a/.GIT/x", "a\nb"]
)
def test_a_path_outside_the_folder_is_out_of_scope(path: str) -> None:
    with pytest.raises(EditError) as told:
        edits.read({"edits": [{"path": path, "new": "x"}]})
    assert told.value.fault == "scope"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb\nc\n", "a\nb\nc"),
        ("".join(f"same\n{n % 3}\n" for n in range(90)), "".join(f"same\n{n % 3}\n" for n in range(70))),
        ("same\n" * 50, "same\n" * 25 + "other\n" + "same\n" * 25),
        ("", "new\n"),
        (None, "new\n"),
        ("gone\n", None),
        ("gone\n", ""),
        ("x\r\ny\r\n", "x\r\nz\r\n"),
    ],
)
def test_edits_between_two_texts_lead_from_one_to_the_other(old: str | None, new: str | None) -> None:
    made = edits.read({"edits": [edit.to_json() for edit in edits.between("a.py", old, new)]})
    assert edits.apply(made, lambda path: old) == {"a.py": new}


def test_edits_between_two_texts_fit_a_base_that_moved_on_elsewhere() -> None:
    old = "".join(f"line {n}\n" for n in range(60))
    made = edits.between("a.py", old, old.replace("line 40\n", "line forty\n"))
    moved = "header\n" + old.replace("line 10\n", "line ten\n")
    assert edits.apply(made, lambda path: moved) == {"a.py": moved.replace("line 40\n", "line forty\n")}


class Bench:
    """A campaign's bare repository, and proposals built in it."""

    def __init__(self, root: Path, prefix: str = "") -> None:
        self.home = Home(root / "home")
        repo = make_repo(
            root / "repo" / prefix if prefix else root / "repo", files={"sub/more.py": "M = 1\n"}
        )
        bare = Bare(self.home.campaign("toy") / "repo.git")
        bare.create()
        bare.run("fetch", "--quiet", str(repo), "+HEAD:refs/x")
        self.bare, self.commit = bare, bare.resolve("refs/x")
        text = (repo / "arctl.toml").read_text()
        self.campaign = Campaign("toy", str(repo), text, CampaignState.RUNNING, 1.0)

    def build(self, change: dict[str, Any], base: str = "") -> CommitBuilt | CommitRefused:
        base = base or self.commit
        experiment = Experiment("e2", "toy", 2, 1.0, ExperimentState.BUILDING, "t", base="e1")
        proposal = Proposal("p1", "toy", 1.0, "ada", "anthropic", "t", change, "e1")
        action = BuildCommit(self.campaign, experiment, proposal, base)
        return build(action, self.bare, spec_of(self.campaign))

    def edits(self, *listed: dict[str, Any]) -> CommitBuilt | CommitRefused:
        return self.build({"kind": "edits", "edits": list(listed)})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_edits_become_one_commit_with_the_new_parameters(bench: Bench) -> None:
    built = bench.edits({"path": "train.py", "old": "LR = 0.01", "new": "LR = 0.04"})
    assert isinstance(built, CommitBuilt)
    assert built.params["LR"] == 0.04
    assert built.paths == ("train.py",)
    assert bench.bare.text("rev-parse", f"{built.commit}^") == bench.commit


def test_a_constant_is_read_at_the_commit_of_each_experiment(bench: Bench) -> None:
    changed = bench.edits({"path": "train.py", "old": "WIDTH = 32", "new": "WIDTH = 32\nWARM = 5"})
    assert isinstance(changed, CommitBuilt)
    campaign = dataclasses.replace(bench.campaign, champion="e2")
    table = '[params.WARM]\nfile = "train.py"\ntype = "int"\nlow = 0\nhigh = {high}\n[limits]'
    text = campaign.spec.replace("[limits]", table.format(high=50))
    commits = {"e1": bench.commit, "e2": changed.commit}
    found = constants(ReadParams(campaign, text, ("WARM",), commits, "d"), bench.bare)
    assert found == ParamsRead("toy", campaign.spec, text, "d", {"e1": {}, "e2": {"WARM": 5}})
    narrow = campaign.spec.replace("[limits]", table.format(high=4))
    found = constants(ReadParams(campaign, narrow, ("WARM",), commits), bench.bare)
    assert isinstance(found, EditRefused)
    assert found.message.startswith("params.WARM: WARM is 5 in train.py")
    assert found.message.endswith("as of the champion e2")
    before = dataclasses.replace(campaign, champion="e1")
    found = constants(ReadParams(before, text, ("WARM",), commits), bench.bare)
    assert isinstance(found, EditRefused)
    assert "params.WARM.key" in found.message


def test_edits_apply_to_a_base_that_moved_on(bench: Bench) -> None:
    first = bench.edits({"path": "train.py", "old": "WIDTH = 32", "new": "WIDTH = 64"})
    assert isinstance(first, CommitBuilt)
    second = bench.build(
        {"kind": "edits", "edits": [{"path": "train.py", "old": "LR = 0.01", "new": "LR = 0.04"}]},
        first.commit,
    )
    assert isinstance(second, CommitBuilt)
    assert (second.params["LR"], second.params["WIDTH"]) == (0.04, 64)


@pytest.mark.parametrize(
    ("edit", "verdict"),
    [
        ({"path": "train.py", "old": "LR = 7", "new": "LR = 8"}, "conflict"),
        ({"path": "train.py", "old": "import", "new": "import "}, "conflict"),
        ({"path": "train.py", "old": "", "new": "x"}, "conflict"),
        ({"path": "gone.py", "old": "x", "new": "y"}, "conflict"),
        ({"path": "train.py", "old": "LR = 0.01", "new": "LR = 0.01"}, "invalid"),
        ({"path": "evaluate.py", "old": "# protected", "new": "# cheated"}, "out_of_scope"),
        ({"path": "new.py", "new": "x = 1\n"}, "out_of_scope"),
        ({"path": "../outside.py", "new": "x = 1\n"}, "out_of_scope"),
        ({"path": "train.py/below.py", "new": "x = 1\n"}, "out_of_scope"),
        ({"path": "sub", "old": "x", "new": "y"}, "out_of_scope"),
        ({"path": "evaluate.py", "delete": True}, "out_of_scope"),
        ({"path": "gone.py", "delete": True}, "conflict"),
    ],
)
def test_edits_that_cannot_be_made_end_with_a_verdict(
    bench: Bench, edit: dict[str, Any], verdict: str
) -> None:
    refused = bench.edits(edit)
    assert isinstance(refused, CommitRefused), refused
    assert refused.verdict == verdict
    assert refused.reason
    if verdict == "conflict":
        assert refused.evidence["file"] == edit["path"]
        assert refused.evidence["why"]


def test_a_whole_file_is_replaced(bench: Bench) -> None:
    built = bench.edits({"path": "train.py", "old": "", "new": "LR = 0.5\nWIDTH = 8\n", "whole": True})
    assert isinstance(built, CommitBuilt)
    assert bench.bare.file(built.commit, "train.py") == "LR = 0.5\nWIDTH = 8\n"


def test_a_link_is_not_edited(bench: Bench) -> None:
    repo = Path(bench.campaign.root)
    (repo / "train.py").unlink()
    (repo / "train.py").symlink_to("evaluate.py")
    git(repo, "commit", "--quiet", "--all", "--message=link")
    bench.bare.run("fetch", "--quiet", str(repo), "+HEAD:refs/x")
    bench.commit = bench.bare.resolve("refs/x")
    refused = bench.edits({"path": "train.py", "old": "evaluate", "new": "/etc/passwd#"})
    assert isinstance(refused, CommitRefused)
    assert refused.verdict == "out_of_scope"


def test_edits_are_relative_to_the_campaigns_folder(bench: Bench) -> None:
    repo = Path(bench.campaign.root)
    (repo / "inner").mkdir()
    for name in ("train.py", "arctl.toml", "evaluate.py"):
        git(repo, "mv", name, f"inner/{name}")
    git(repo, "commit", "--quiet", "--message=moved")
    bench.bare.run("fetch", "--quiet", str(repo), "+HEAD:refs/x")
    bench.commit = bench.bare.resolve("refs/x")
    bench.campaign = dataclasses.replace(bench.campaign, prefix="inner/")
    built = bench.edits({"path": "train.py", "old": "LR = 0.01", "new": "LR = 0.04"})
    assert isinstance(built, CommitBuilt)
    assert built.paths == ("inner/train.py",)


# -- what may be read of a commit ---------------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_archive_reads_paths_and_texts_of_a_commit(bench: Bench) -> None:
    archive = Archive(bench.home)
    paths = await archive.paths("toy", bench.commit)
    assert paths == ["arctl.toml", "evaluate.py", "sub/more.py", "train.py"]
    assert await archive.file("toy", bench.commit, "sub/more.py") == "M = 1\n"
    for path in ("gone.py", "sub", "../train.py", "/etc/passwd"):
        assert await archive.file("toy", bench.commit, path) is None


@pytest.mark.anyio
async def test_the_archive_reads_no_binary_and_no_link(bench: Bench) -> None:
    repo = Path(bench.campaign.root)
    (repo / "latin.txt").write_bytes(b"\xe9\n")
    (repo / "zero.txt").write_bytes(b"a\0b\n")
    (repo / "link.txt").symlink_to("train.py")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=odd")
    bench.bare.run("fetch", "--quiet", str(repo), "+HEAD:refs/x")
    commit = bench.bare.resolve("refs/x")
    for path in ("latin.txt", "zero.txt", "link.txt"):
        assert await Archive(bench.home).file("toy", commit, path) is None


@pytest.mark.anyio
async def test_the_changes_of_a_folder_are_a_patch_that_builds(bench: Bench, tmp_path: Path) -> None:
    archive, folder = Archive(bench.home), tmp_path / "work"
    await archive.export("toy", bench.commit, folder)
    assert await archive.changes("toy", bench.commit, folder) == ""
    script = folder / "train.py"
    script.write_text(script.read_text().replace("LR = 0.01", "LR = 0.04"))
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "run.log").write_text("noise\n")
    # A repository of the agent's own is no configuration of ours, and nothing of it runs.
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("[core]\n\tfsmonitor = touch pwned\n")
    before = set(bench.bare.path.rglob("*"))
    patch = await archive.changes("toy", bench.commit, folder)
    assert set(bench.bare.path.rglob("*")) == before
    assert "+LR = 0.04" in patch
    assert "run.log" not in patch
    assert not list(folder.rglob("pwned"))
    refused = bench.build({"kind": "patch", "patch": patch})
    assert isinstance(refused, CommitRefused), ".gitignore is not editable"
    (folder / ".gitignore").unlink()
    (folder / "run.log").unlink()
    built = bench.build({"kind": "patch", "patch": await archive.changes("toy", bench.commit, folder)})
    assert isinstance(built, CommitBuilt)
    assert built.params["LR"] == 0.04


@pytest.mark.anyio
async def test_who_writes_code_does_not_see_what_is_hidden_from_it(bench: Bench, tmp_path: Path) -> None:
    score = '[score]\nartifacts = ["model"]\ncommand = "true"\nhidden = ["sub/*"]\n'
    campaign = dataclasses.replace(bench.campaign, spec=bench.campaign.spec + score)
    shown, folder = Shown(Archive(bench.home), lambda name: campaign), tmp_path / "work"
    assert await shown.paths("toy", bench.commit) == ["arctl.toml", "evaluate.py", "train.py"]
    assert await shown.file("toy", bench.commit, "sub/more.py") is None
    assert "LR" in (await shown.file("toy", bench.commit, "train.py") or "")
    await shown.export("toy", bench.commit, folder)
    assert not (folder / "sub" / "more.py").exists()
    assert await shown.changes("toy", bench.commit, folder) == "", "it is not taken for a deletion"
    (folder / "train.py").write_text("LR = 0.5\nWIDTH = 8\n")
    (folder / "sub").mkdir(exist_ok=True)
    (folder / "sub" / "more.py").write_text("M = 2\n")
    patch = await shown.changes("toy", bench.commit, folder)
    assert "LR = 0.5" in patch
    assert "more.py" not in patch


@pytest.mark.anyio
async def test_a_folder_with_too_much_in_it_is_refused(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arctl.daemon.workspace.reading.MAX_CHANGES", 1000)
    archive, folder = Archive(bench.home), tmp_path / "work"
    await archive.export("toy", bench.commit, folder)
    (folder / "checkpoint.bin").write_bytes(b"x" * 2000)
    with pytest.raises(ArctlError, match="MB"):
        await archive.changes("toy", bench.commit, folder)


@pytest.mark.parametrize(
    ("patch", "verdict"),
    [
        ("--- a/../../etc/x\n+++ b/../../etc/x\n@@ -0,0 +1 @@\n+mine\n", "out_of_scope"),
        ("--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+mine\n", "out_of_scope"),
        ("nothing that git would know\n", "invalid"),
        ("--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-import os\n+import \ud800\n", "invalid"),
    ],
)
def test_what_git_does_not_like_of_a_patch_is_the_patchs_fault_alone(
    bench: Bench, patch: str, verdict: str
) -> None:
    refused = bench.build({"kind": "patch", "patch": patch})
    assert isinstance(refused, CommitRefused)
    assert refused.verdict == verdict
