"""What `arctl init` writes: recognised repositories parse and fit, the others say what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arctl.experiments.detect import Detected, propose_spec
from arctl.experiments.sources import printed_metric, seed_hook
from arctl.experiments.spec import Spec, check_files, matches, parse

AUTORESEARCH = {
    "train.py": (
        "import torch\nASPECT_RATIO = 64\nDEPTH = 8\nMATRIX_LR = 0.04\nWINDOW_PATTERN = 'SSSL'\n"
        "TOTAL_BATCH_SIZE = 2**19\nDEVICE_BATCH_SIZE = 128\n"
        "torch.manual_seed(42)\ntorch.cuda.manual_seed(42)\n"
        'print("---")\nprint(f"val_bpb:          {val_bpb:.6f}")\nprint(f"depth:  {DEPTH}")\n'
    ),
    "prepare.py": "TIME_BUDGET = 300\n",
    "program.md": "# autoresearch\n",
    "pyproject.toml": "",
    "uv.lock": "",
    "README.md": "",
}


def made(name: str, tree: dict[str, str]) -> tuple[Detected, Spec]:
    detected = propose_spec(name, sorted(tree), tree.get)
    return detected, parse(detected.toml, "arctl.toml", "folder")


def test_autoresearch_is_recognised_without_a_question() -> None:
    detected, spec = made("autoresearch", AUTORESEARCH)
    assert detected.toml.startswith("#:schema ")
    assert (spec.run.command, spec.run.setup, spec.run.timeout) == (
        "uv run train.py",
        "uv run prepare.py",
        600.0,
    )
    assert (spec.metric.name, spec.metric.goal, spec.metric.source) == ("val_bpb", "minimize", "block")
    assert spec.objective == "program.md"
    assert (spec.files.editable, spec.files.protected) == (("train.py",), ("prepare.py",))
    assert spec.seed is not None
    assert spec.seed.pattern == r"manual_seed\((\d+)\)"
    assert spec.progress.pattern is None
    assert set(spec.params) == {"ASPECT_RATIO", "DEPTH", "MATRIX_LR", "TOTAL_BATCH_SIZE"}
    assert "peak_vram_mb" in detected.toml
    assert spec.guardrails == ()
    assert check_files(spec, {**AUTORESEARCH, "arctl.toml": detected.toml}.get, "arctl.toml") == []


def test_a_plain_script_is_found_with_its_metric_seed_and_constants() -> None:
    tree = {
        "src/train.py": (
            "import argparse\nLEARNING_RATE = 0.01\np.add_argument('--seed', type=int)\n"
            "print(f'epoch {e} train_loss={l:.3f}')\nprint(f'val_acc: {acc:.4f}')\n"
        ),
        "tests/train.py": "print(f'val_acc: {x}')\n",
        "evaluate.py": "",
    }
    detected, spec = made("Some Project", tree)
    assert spec.name == "some-project"
    assert spec.run.command == "python src/train.py"
    assert (spec.metric.name, spec.metric.goal, spec.metric.source) == ("val_acc", "maximize", "block")
    assert spec.seed is not None
    assert spec.seed.arg == "--seed {seed}"
    assert spec.files.protected == ("evaluate.py",)
    assert set(spec.params) == {"LEARNING_RATE"}
    assert check_files(spec, {**tree, "arctl.toml": detected.toml}.get, "arctl.toml") == []


def test_what_is_not_known_is_left_for_check_to_report() -> None:
    detected, spec = made("empty", {"README.md": ""})
    assert detected.notes
    problems = check_files(spec, {"arctl.toml": detected.toml}.get, "arctl.toml")
    assert {problem.key for problem in problems} == {"metric.name", "run.command", "brain.kind"}
    lines = detected.toml.splitlines()
    named = next(problem for problem in problems if problem.key == "metric.name")
    assert named.line is not None
    assert lines[named.line - 1].startswith("name = ")
    assert "TODO" not in detected.toml


def test_a_script_that_does_not_parse_is_still_proposed() -> None:
    _, spec = made("broken", {"train.py": "def\nprint(f'loss: {x}')\n"})
    assert spec.metric.name == "loss"
    assert spec.params == {}


@pytest.mark.parametrize(
    ("source", "name", "goal", "has_pattern"),
    [
        ("print(f'loss: {l}')\nprint(f'val_loss: {v}')", "val_loss", "minimize", False),
        ("print('METRIC test_f1={:.3f}'.format(x))", "test_f1", "maximize", False),
        ("print('score: %.3f' % s)", "score", "maximize", False),
        ("print(f'epoch {e} | rmse = {r}')", "rmse", "minimize", True),
        ("print(f'step: {s}')", None, "", False),
        ("", None, "", False),
    ],
)
def test_printed_metrics(source: str, name: str | None, goal: str, has_pattern: bool) -> None:
    found = printed_metric(source)
    if name is None:
        assert found is None
        return
    assert found is not None
    assert (found.name, found.goal, found.pattern is not None) == (name, goal, has_pattern)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("p.add_argument('--seed')", {"arg": "--seed {seed}"}),
        ("s = int(os.environ.get('SEED', 0))", {"env": "SEED"}),
        ("s = os.environ['MY_SEED']", {"env": "MY_SEED"}),
        ("SEED = 3\n", {"file": "t.py", "pattern": r"(?m)^SEED\s*(?::\s*int\s*)?=\s*(\d+)"}),
        ("Model(random_state=0)", {"file": "t.py", "pattern": r"random_state\s*=\s*(\d+)"}),
        ("x = 1", None),
    ],
)
def test_seed_hooks(source: str, expected: dict[str, str] | None) -> None:
    assert seed_hook("t.py", source) == expected


names = st.text(max_size=12)


@settings(deadline=None)
@given(
    names,
    st.dictionaries(st.sampled_from(["train.py", "main.py", "a/b'\".py", "x.md"]), st.text(max_size=60)),
)
def test_whatever_the_tree_the_proposal_parses(name: str, tree: dict[str, str]) -> None:
    _, spec = made(name, tree)
    assert all(matches(spec.files.editable, param.file) for param in spec.params.values())
