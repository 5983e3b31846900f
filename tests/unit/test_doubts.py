"""What git and the counter-checks say of a patch as it becomes a commit: paths, modes, doubtful lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.daemon.facts import CommitBuilt, CommitRefused
from tests.support.campaigns import git
from tests.unit.test_edits import Bench

PRINTED = "rng.gauss(0, 0.01):.6f}"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def patch(bench: Bench, *commands: tuple[str, ...], **texts: str) -> CommitBuilt | CommitRefused:
    """Build what a person's repository has changed after these git commands and edits."""
    repo = Path(bench.campaign.root)
    for name, text in texts.items():
        (repo / f"{name}.py").write_text(text)
    git(repo, "add", "--all")
    for command in commands:
        git(repo, *command)
    text = git(repo, "diff", "--cached", "--full-index", "--binary")
    return bench.build({"kind": "patch", "patch": text + "\n"})


def test_a_cheat_is_built_with_its_findings(bench: Bench) -> None:
    script = (Path(bench.campaign.root) / "train.py").read_text()
    built = patch(bench, train=script.replace(PRINTED, "rng.gauss(0, 0.01) - 0.2:.6f}"))
    assert isinstance(built, CommitBuilt)
    assert [(each["check"], each["severity"]) for each in built.findings] == [("output", "quarantine")]
    assert built.findings[0]["where"].startswith("train.py:")


def test_an_honest_change_is_built_without(bench: Bench) -> None:
    script = (Path(bench.campaign.root) / "train.py").read_text()
    built = patch(bench, train=script.replace("WIDTH = 32", "WIDTH = 64"))
    assert isinstance(built, CommitBuilt)
    assert built.findings == ()


@pytest.mark.parametrize(
    ("mode", "path", "said"),
    [
        ("120000", "train.py", "no regular file (mode 120000)"),
        ("160000", "train.py", "no regular file (mode 160000)"),
        ("100644", "evaluate.py", "not editable"),
        ("100644", "evaluate/__init__.py", "not editable"),
        ("120000", "sub/data", "not editable"),
    ],
)
def test_links_submodules_and_other_paths_are_out_of_scope(
    bench: Bench, mode: str, path: str, said: str
) -> None:
    repo = Path(bench.campaign.root)
    blob = git(repo, "rev-parse", "HEAD" if mode == "160000" else "HEAD:train.py")
    commands = [("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")]
    if path == "evaluate/__init__.py":
        commands = [("rm", "--quiet", "--cached", "evaluate.py"), *commands]
    refused = patch(bench, *commands)
    assert isinstance(refused, CommitRefused), refused
    assert refused.verdict == "out_of_scope"
    assert said in refused.reason


def test_a_script_that_becomes_executable_is_a_regular_file(bench: Bench) -> None:
    built = patch(bench, ("update-index", "--chmod=+x", "train.py"))
    assert isinstance(built, CommitBuilt)
    assert built.findings == ()
