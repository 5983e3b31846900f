"""The examples run as they are, and the deck is what its README says it is."""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.scored import EXAMPLES, Scored, copied, final_block, texts, with_texts

DIGITS = EXAMPLES / "digits"
TINY_GPT = EXAMPLES / "tiny_gpt"
PATCHES = sorted((TINY_GPT / "deck").glob("*.patch"))

REQUIRED = {"title", "hypothesis", "axis", "move", "if-works", "if-fails"}
MOVES = {"up", "down", "replace", "remove", "structural"}
# Patches that set one constant to different values, or write the same function differently.
EXCLUSIVE = [{"01", "11", "13"}, {"04", "09", "14"}, {"06", "12"}]
SAME = ("09", "14")

needs_sklearn = pytest.mark.skipif(not importlib.util.find_spec("sklearn"), reason="scikit-learn is absent")


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
def test_digits_prints_a_curve_and_is_scored_on_rows_that_it_was_not_given(tmp_path: Path) -> None:
    digits = copied("digits", tmp_path)
    digits.ok("prepare.py")
    printed = digits.ok("train.py", SEED="1")
    curve = [float(loss) for loss in re.findall(r"^epoch \d+/15 \| loss: (\S+)$", printed, re.MULTILINE)]
    assert len(curve) == 15
    assert curve[-1] < curve[0]
    block = final_block(printed)
    assert set(block) == {"training_seconds", "total_seconds", "num_params"}
    assert block["num_params"] == 4810
    found = digits.metrics()
    assert set(found) == {"val_logloss", "val_accuracy"}
    assert 0.25 < found["val_logloss"] < 0.55
    assert 0.8 < found["val_accuracy"] < 1


@needs_sklearn
def test_digits_depends_on_the_seed_alone(tmp_path: Path) -> None:
    digits = copied("digits", tmp_path)
    digits.ok("prepare.py")
    found = []
    for seed in ("1", "1", "2"):
        digits.ok("train.py", SEED=seed)
        found.append(digits.metrics()["val_logloss"])
    first, again, other = found
    assert first == again != other


@needs_sklearn
def test_digits_stops_training_when_the_allowance_is_spent(tmp_path: Path) -> None:
    digits = copied("digits", tmp_path)
    digits.ok("prepare.py")
    path = digits.own / "train.py"
    text = path.read_text()
    text = text.replace("\nEPOCHS = 15\n", "\nEPOCHS = 1000\n").replace("\nWIDTH = 64\n", "\nWIDTH = 512\n")
    path.write_text(text)
    printed = digits.ok("train.py")
    passes = printed.count("| loss:")
    assert 1200 * final_block(printed)["num_params"] * passes <= 350_000_000
    assert f"allowance spent after {passes} of 1000" in printed


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
    example = copied("tiny_gpt", tmp_path)
    example.ok("deck/rebuild.py")
    for patch in PATCHES:
        assert (example.own / "deck" / patch.name).read_text() == patch.read_text()


@pytest.fixture
def prepared(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A copy of tiny_gpt whose texts are made."""
    return with_texts(copied("tiny_gpt", tmp_path), texts(tmp_path_factory))


def test_prepare_makes_each_text_once(prepared: Scored) -> None:
    root = prepared.own.parent
    made = {name: (root / name).read_bytes() for name in ("data/train.bin", "hidden/val.bin")}
    assert len(made["data/train.bin"]) == 2_000_000
    assert len(made["hidden/val.bin"]) == 300_000
    assert sorted(path.name for path in (root / "data").iterdir()) == ["meta.json", "train.bin"]
    assert "val.bin is up to date" in prepared.ok("prepare.py")
    # A harmed text of the two is made anew: the one for training as it was, the other from fresh randomness.
    (root / "data" / "train.bin").write_bytes(b"harmed")
    printed = prepared.ok("prepare.py")
    assert "val.bin is up to date" in printed
    assert "train.bin is up to date" not in printed
    assert {name: (root / name).read_bytes() for name in made} == made


def test_what_judges_is_in_no_file_and_is_never_written_again(prepared: Scored, tmp_path: Path) -> None:
    hidden = prepared.own.parent / "hidden" / "val.bin"
    other = tmp_path / "elsewhere"
    data = prepared.own.parent / "data"
    before = (data / "train.bin").read_bytes()
    prepared.ok("prepare.py", ARCTL_HIDDEN=str(other))
    assert (data / "train.bin").read_bytes() == before
    text = hidden.read_bytes()
    assert (other / "val.bin").read_bytes() != text
    # The library's lines are in it; stretches of a page's length are not, nor are they in the training text.
    library = b"".join(path.read_bytes() for path in Path(os.__file__).parent.glob("*.py"))
    stretches = [text[at : at + 200] for at in range(0, len(text) - 200, 1000)]
    # Lines that are drawn one by one stand now and then as they do in the library.
    assert len([one for one in stretches if one in before or one in library]) < len(stretches) / 50
    lines = {line for line in text.split(b"\n") if len(line) > 10}
    assert lines & set(library.split(b"\n"))
