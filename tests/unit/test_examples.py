"""The examples run as they are, and the deck is what its README says it is."""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DIGITS = EXAMPLES / "digits"
TINY_GPT = EXAMPLES / "tiny_gpt"
PATCHES = sorted((TINY_GPT / "deck").glob("*.patch"))

REQUIRED = {"title", "hypothesis", "axis", "move", "if-works", "if-fails"}
MOVES = {"up", "down", "replace", "remove", "structural"}
# Patches that set one constant to different values, or write the same function differently.
EXCLUSIVE = [{"01", "11", "13"}, {"04", "09", "14"}, {"06", "12"}]
SAME = ("09", "14")

needs_sklearn = pytest.mark.skipif(not importlib.util.find_spec("sklearn"), reason="scikit-learn is absent")


def run_script(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script of an example as the daemon would: in its folder, in a process of its own."""
    return subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def final_block(output: str) -> dict[str, float]:
    """The `name: value` lines after `---`."""
    block = output.rpartition("\n---\n")[2]
    return {name: float(value) for name, value in re.findall(r"^(\w+):\s+(\S+)$", block, re.MULTILINE)}


def copy_of(example: Path, folder: Path) -> Path:
    """The example's files in a folder that a test may change."""
    skip = shutil.ignore_patterns("data", "__pycache__")
    return Path(shutil.copytree(example, folder / example.name, ignore=skip))


def header_and_diff(patch: Path) -> tuple[dict[str, str], str]:
    header, _, diff = patch.read_text().partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in header.splitlines())
    return fields, diff


class Repository:
    """A scratch repository that holds the baseline train.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        shutil.copy(TINY_GPT / "train.py", folder)
        assert self.git("init", "-q").returncode == 0
        self.git("add", "train.py")
        assert self.git("commit", "-q", "-m", "baseline").returncode == 0

    def git(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        options = ("user.name=t", "user.email=t@t", "commit.gpgsign=false", "core.autocrlf=false")
        flags = [word for option in options for word in ("-c", option)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(
            ["git", *flags, *words],
            cwd=self.folder,
            env=env,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    def tree_after(self, *numbers: str) -> str | None:
        """Apply patches in this order to the baseline; the resulting tree, None after a conflict."""
        self.git("reset", "-q", "--hard")
        for number in numbers:
            _, diff = header_and_diff(next(patch for patch in PATCHES if patch.name.startswith(number)))
            if self.git("apply", "--3way", text=diff).returncode != 0:
                return None
        return self.git("write-tree").stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.mark.parametrize("example", [DIGITS, TINY_GPT], ids=lambda path: path.name)
def test_arctl_toml_names_files_and_constants_that_exist(example: Path) -> None:
    spec = tomllib.loads((example / "arctl.toml").read_text())
    for name in [*spec["files"]["editable"], *spec["files"]["protected"], spec["objective"]]:
        assert (example / name).is_file()
    for name, param in spec["params"].items():
        found = re.findall(rf"^{name} = (.+)$", (example / param["file"]).read_text(), re.MULTILINE)
        assert len(found) == 1, name
        if param["type"] == "choice":
            assert found[0].strip('"') in map(str, param["choices"])
        else:
            assert param["low"] <= float(found[0]) <= param["high"]
        assert set(param.get("when", {})) <= set(spec["params"])


@needs_sklearn
def test_digits_prints_a_curve_and_a_parseable_block() -> None:
    ended = run_script("train.py", DIGITS, SEED="1")
    assert ended.returncode == 0, ended.stderr
    curve = [float(loss) for loss in re.findall(r"^epoch \d+/15 \| loss: (\S+)$", ended.stdout, re.MULTILINE)]
    assert len(curve) == 15
    assert curve[-1] < curve[0]
    block = final_block(ended.stdout)
    assert set(block) == {"val_logloss", "val_accuracy", "training_seconds", "total_seconds", "num_params"}
    assert 0.25 < block["val_logloss"] < 0.55
    assert block["num_params"] == 4810


@needs_sklearn
def test_digits_depends_on_the_seed_alone() -> None:
    first, again, other = (
        final_block(run_script("train.py", DIGITS, SEED=seed).stdout)["val_logloss"]
        for seed in ("1", "1", "2")
    )
    assert first == again != other


@needs_sklearn
def test_digits_stops_training_when_the_allowance_is_spent(tmp_path: Path) -> None:
    folder = copy_of(DIGITS, tmp_path)
    text = (folder / "train.py").read_text()
    text = text.replace("\nEPOCHS = 15\n", "\nEPOCHS = 1000\n").replace("\nWIDTH = 64\n", "\nWIDTH = 512\n")
    (folder / "train.py").write_text(text)
    ended = run_script("train.py", folder)
    assert ended.returncode == 0, ended.stderr
    block = final_block(ended.stdout)
    passes = ended.stdout.count("| loss:")
    assert 1200 * block["num_params"] * passes <= 350_000_000
    assert f"allowance spent after {passes} of 1000" in ended.stdout


def test_the_deck_has_ideas_enough() -> None:
    assert len(PATCHES) >= 10
    assert [patch.name[:2] for patch in PATCHES] == [f"{n:02}" for n in range(1, len(PATCHES) + 1)]
    titles = [header_and_diff(patch)[0]["title"] for patch in PATCHES]
    assert len(set(titles)) == len(titles)
    readme = (TINY_GPT / "deck" / "README.md").read_text()
    assert all(patch.stem in readme for patch in PATCHES)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_a_patch_has_its_header_and_applies_to_the_baseline(patch: Path, repository: Repository) -> None:
    fields, diff = header_and_diff(patch)
    assert set(fields) - {"expected"} == REQUIRED
    assert all(fields.values())
    assert fields["move"] in MOVES
    if "expected" in fields:
        float(fields["expected"])
    # The full blob id of the baseline is what a three-way merge starts from.
    blob = repository.git("rev-parse", "HEAD:train.py").stdout.strip()
    assert re.search(rf"^index {blob}\.\.[0-9a-f]{{40}} 100644$", diff, re.MULTILINE), "run deck/rebuild.py"
    assert re.findall(r"^diff --git (.+)$", diff, re.MULTILINE) == ["a/train.py b/train.py"]
    assert repository.tree_after(patch.name[:2]) is not None
    compile((repository.folder / "train.py").read_text(), "train.py", "exec")


def test_patches_combine_in_any_order_except_the_exclusive_ones(repository: Repository) -> None:
    for pair in itertools.combinations([patch.name[:2] for patch in PATCHES], 2):
        forward, backward = repository.tree_after(*pair), repository.tree_after(*reversed(pair))
        if pair == SAME or not any(set(pair) <= group for group in EXCLUSIVE):
            assert forward is not None, f"{pair} do not combine"
            assert forward == backward
        else:
            assert (forward, backward) == (None, None), f"{pair} were meant to conflict"


def test_all_independent_patches_stack(repository: Repository) -> None:
    numbers = ["01", "02", "03", "05", "06", "07", "08", "09", "10", "15", "16"]
    forward = repository.tree_after(*numbers)
    assert forward is not None
    assert forward == repository.tree_after(*reversed(numbers))


def test_one_idea_is_in_the_deck_twice(repository: Repository) -> None:
    trees = {patch.name[:2]: repository.tree_after(patch.name[:2]) for patch in PATCHES}
    assert trees[SAME[0]] == trees[SAME[1]]
    assert len(set(trees.values())) == len(PATCHES) - 1


def test_rebuild_leaves_an_up_to_date_deck_as_it_is(tmp_path: Path) -> None:
    folder = copy_of(TINY_GPT, tmp_path)
    assert run_script("deck/rebuild.py", folder).returncode == 0
    for patch in PATCHES:
        assert (folder / "deck" / patch.name).read_text() == patch.read_text()


def test_prepare_builds_the_same_corpus_once(tmp_path: Path) -> None:
    data = tmp_path / "corpus"
    first = run_script("prepare.py", TINY_GPT, ARCTL_DATA=str(data))
    assert first.returncode == 0, first.stderr
    hashes = re.findall(r"sha256 ([0-9a-f]{64})$", first.stdout, re.MULTILINE)
    assert len(hashes) == 2
    before = {path.name: path.stat().st_mtime_ns for path in data.iterdir()}
    assert set(before) == {"train.bin", "val.bin", "meta.json"}
    again = run_script("prepare.py", TINY_GPT, ARCTL_DATA=str(data))
    assert "up to date" in again.stdout
    assert {path.name: path.stat().st_mtime_ns for path in data.iterdir()} == before
    # A harmed file is built anew.
    (data / "val.bin").write_bytes(b"harmed")
    assert (
        re.findall(
            r"sha256 ([0-9a-f]{64})$",
            run_script("prepare.py", TINY_GPT, ARCTL_DATA=str(data)).stdout,
            re.MULTILINE,
        )
        == hashes
    )
    assert len((data / "val.bin").read_bytes()) > 100_000
