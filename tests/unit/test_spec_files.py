"""A spec against the campaign's tree: what `arctl check` finds before anything runs."""

from __future__ import annotations

import pytest

from arctl.experiments.errors import Problem
from arctl.experiments.spec import check_files, parse

SPEC = r"""
objective = "program.md"
[run]
command = "python train.py"
[metric]
name = "val_loss"
[seed]
file = "train.py"
pattern = 'manual_seed\((\d+)\)'
[files]
editable = ["train.py", "conf/*.yaml"]
protected = ["evaluate.py"]
[params.LR]
file = "train.py"
type = "float"
low = 0.001
high = 0.1
[params.opt]
file = "conf/base.yaml"
key = "optim.name"
type = "choice"
choices = ["sgd", "adam"]
"""

TREE = {
    "train.py": "LR = 0.01\ntorch.manual_seed(1)\n",
    "conf/base.yaml": "optim:\n  name: adam\n",
    "evaluate.py": "",
    "program.md": "Lower it.",
    "arctl.toml": SPEC,
}


def check(text: str = SPEC, **changes: str | None) -> list[Problem]:
    tree: dict[str, str | None] = {**TREE, "arctl.toml": text}
    tree.update({name.replace("__", "/").replace("_dot_", "."): value for name, value in changes.items()})
    return check_files(parse(text, "arctl.toml", "x"), tree.get, "arctl.toml")


def only(problems: list[Problem]) -> tuple[str, int | None]:
    assert len(problems) == 1, problems
    assert problems[0].message
    assert problems[0].remedy
    return problems[0].key, problems[0].line


def test_a_spec_that_fits_its_tree_has_no_problems() -> None:
    assert check() == []


@pytest.mark.parametrize(
    ("source", "key", "line"),
    [
        ("LR = 0.5\ntorch.manual_seed(1)\n", "params.LR", 13),
        ("LR = 'x'\ntorch.manual_seed(1)\n", "params.LR", 13),
        ("LR = True\ntorch.manual_seed(1)\n", "params.LR", 13),
        ("torch.manual_seed(1)\n", "params.LR.key", 13),
        ("LR = 0.01\nLR = 0.02\ntorch.manual_seed(1)\n", "params.LR.key", 13),
        ("LR = 0.01\n", "seed.pattern", 9),
        ("LR = 0.01; torch.manual_seed(1)\ndef\n", "params.LR.key", 13),
    ],
)
def test_constants_and_seed_must_be_where_the_spec_says(source: str, key: str, line: int) -> None:
    assert only(check(train_dot_py=source)) == (key, line)


def test_a_choice_must_hold_its_present_value() -> None:
    assert only(check(conf__base_dot_yaml="optim: {name: lion}\n")) == ("params.opt", 18)


def test_missing_files_are_named() -> None:
    assert only(check(program_dot_md=None)) == ("objective", 2)
    assert only(check(conf__base_dot_yaml=None)) == ("params.opt.file", 19)
    keys = {problem.key for problem in check(train_dot_py=None)}
    assert keys == {"run.command", "seed.file", "params.LR.file"}


def test_a_file_cannot_be_editable_and_protected() -> None:
    text = SPEC.replace('"train.py", "conf/*.yaml"', '"*.py", "conf/*.yaml"')
    assert only(check(text)) == ("files.protected.0", 12)


def test_the_search_brain_needs_parameters() -> None:
    text = SPEC[: SPEC.index("[params.LR]")]
    problem = check(text)[0]
    assert problem.key == "brain.kind"
    assert check(text + "[brain]\nkind = 'deck'\ndeck = 'deck'\n") == []


def test_a_brain_that_is_installed_nowhere_is_named_with_its_line() -> None:
    text = SPEC + (
        '[brain]\nkind = "serch"\n[roles.critic]\nkind = "antropic"\n[roles.analyst]\nseed = 1\n'
        '[[teams.mix]]\nkind = "search"\n[[teams.mix]]\nkind = "dekk"\n'
    )
    spec = parse(text, "arctl.toml", "x")
    tree = {**TREE, "arctl.toml": text}
    found = check_files(spec, tree.get, "arctl.toml", {"search", "deck", "anthropic"})
    lines = [text.splitlines()[(problem.line or 0) - 1] for problem in found]
    assert lines == ['kind = "serch"', 'kind = "antropic"', 'kind = "dekk"']
    assert [problem.key for problem in found] == ["brain.kind", "roles.critic.kind", "teams.mix.1.kind"]
    assert all("anthropic, deck, search" in problem.remedy for problem in found)
    assert check_files(spec, tree.get, "arctl.toml") == [], "what is installed was not asked"


def test_problems_come_in_the_order_of_their_lines() -> None:
    found = check(program_dot_md=None, train_dot_py="LR = 5\n", conf__base_dot_yaml="a: 1\n")
    lines = [problem.line or 0 for problem in found]
    assert len(found) == 4
    assert lines == sorted(lines)


def test_commands_elsewhere_are_not_judged() -> None:
    for command in ("cd sub && python x.py", "python -m pkg.train", "make train", "/opt/run.sh"):
        assert check(SPEC.replace("python train.py", command)) == []


SCORED = """
[score]
artifacts = ["model.bin"]
inputs = "python -I make_inputs.py"
predict = "python -I -u predict.py --fast"
command = "python -Is ./evaluate.py"
"""


def test_the_scripts_of_all_commands_are_looked_for() -> None:
    text = SPEC.replace("[metric]", 'setup = "uv run prepare.py"\nprepare = "python3 -m venv.py x"\n[metric]')
    found = [(problem.key, problem.message) for problem in check(text + SCORED)]
    assert found == [
        ("run.setup", "there is no file prepare.py."),
        ("score.inputs", "there is no file make_inputs.py."),
        ("score.predict", "there is no file predict.py."),
    ]
