"""Reading arctl.toml: what is accepted, what is refused, and where each refusal points."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arctl.experiments import spec as specs
from arctl.experiments.durations import seconds
from arctl.experiments.errors import Problem, SpecError

BASE = """\
[run]
command = "python train.py"
[metric]
name = "val_loss"
[files]
editable = ["train.py", "*.yaml"]
"""

FULL = r"""
name = "digits"
objective = "program.md"
[run]
command = "python train.py"
setup = "python prepare.py"
timeout = "1h30m"
stall = 45
env = { K = "V" }
env_pass = ["WANDB_MODE"]
log_cap_mb = 8
link = ["data", "./cache/"]
[metric]
name = "acc"
goal = "maximize"
source = "json"
file = "out/metrics.json"
min_improvement = 0.001
[progress]
pattern = 'step (?P<step>\d+) loss (?P<loss>[\d.]+)'
[seed]
file = "train.py"
pattern = 'manual_seed\((\d+)\)'
[files]
editable = ["train.py", "conf/**"]
protected = ["evaluate.py"]
[params.LR]
file = "train.py"
type = "float"
low = 1e-4
high = 1
log = true
[params.optimizer]
file = "conf/base.yaml"
key = "optim.name"
type = "choice"
choices = ["sgd", "adam"]
[params.momentum]
file = "conf/base.yaml"
key = "optim.momentum"
type = "float"
low = 0
high = 0.99
when = { optimizer = "sgd" }
[policy]
mode = "sequential"
alpha = 0.1
baseline_runs = 4
champion_runs = 4
looks = [1, 2, 4]
seeds = [1, 2, 3, 4]
[[guardrails]]
metric = "memory"
max_increase = "10%"
[[guardrails]]
metric = "speed"
max_decrease = 5
[limits]
experiments = 10
hours = 1.5
target = 0.99
[brain]
kind = "deck"
deck = "deck"
seed = 3
in_flight = 2
"""


def parse(text: str) -> specs.Spec:
    return specs.parse(text, "arctl.toml", "My Folder")


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        parse(text)
    return caught.value.problems


def only(text: str) -> Problem:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def test_minimal_spec_has_the_documented_defaults() -> None:
    spec = parse(BASE)
    assert spec.name == "my-folder"
    assert (spec.run.timeout, spec.run.stall, spec.run.log_cap_mb) == (600.0, None, 64)
    assert (spec.metric.goal, spec.metric.source, spec.metric.min_improvement) == ("minimize", "block", 0.0)
    assert spec.seed is None
    assert (spec.policy.mode, spec.policy.alpha, spec.policy.looks) == ("sequential", 0.05, (1, 2, 3, 5))
    assert (spec.policy.baseline_runs, spec.policy.champion_runs) == (5, 3)
    assert spec.brain.kind == "search"


def test_every_table_is_read() -> None:
    spec = parse(FULL)
    assert spec.run.timeout == 5400.0
    assert spec.run.stall == 45.0
    assert spec.run.link == ("data", "cache")
    assert spec.params["LR"].key == "LR"
    assert spec.params["momentum"].when == {"optimizer": "sgd"}
    assert spec.guardrails[0].max_increase == "10%"
    assert spec.guardrails[1].max_decrease == 5.0
    assert spec.policy.seeds == (1, 2, 3, 4)
    assert spec.brain.deck == "deck"


def test_a_spec_survives_json_and_is_immutable() -> None:
    spec = parse(FULL)
    again = specs.Spec.model_validate(json.loads(json.dumps(spec.to_dict())))
    assert again == spec
    with pytest.raises(ValueError, match="frozen"):
        spec.run.command = "other"  # type: ignore[misc]


def test_types_of_choices_are_kept() -> None:
    spec = parse(BASE + '[params.x]\nfile="train.py"\ntype="choice"\nchoices=[true, 1, 1.0, "1"]\n')
    assert [type(choice) for choice in spec.params["x"].choices] == [bool, int, float, str]


def test_all_problems_are_reported_at_once_in_the_order_of_their_lines() -> None:
    found = problems(
        'nam = "x"\n[run]\ncomand = "x"\ntimeout = "ten"\n[metric]\nname = 3\nsource = "regex"\n'
        '[params.A]\nfile = "t.py"\ntype = "float"\nlow = 2\nhigh = 1\nwhen = { B = 1 }\n'
        '[[guardrails]]\nmetric = "m"\nmax_increase = "lots"\n'
    )
    keys = {(problem.key, problem.line) for problem in found}
    assert {
        ("nam", 1),
        ("files", 1),
        ("run.comand", 3),
        ("run.timeout", 4),
        ("metric.name", 6),
        ("params.A.high", 12),
        ("params.A.when.B", 13),
        ("guardrails[0].max_increase", 16),
    } <= keys
    lines = [problem.line or 0 for problem in found]
    assert lines == sorted(lines)
    assert all(problem.message and problem.remedy and problem.file == "arctl.toml" for problem in found)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[limits]\nexperimens = 3\n", "Did you mean experiments?"),
        ("[brain]\nkinds = 'deck'\n", "Did you mean kind?"),
        ("[polcy]\nalpha = 0.1\n", "Did you mean policy?"),
        ("[limits]\ntimeout = 3\n", "It belongs in [run]."),
        ("[[guardrails]]\nmetric = 'm'\nmax_increase = 1\nmax_incraese = 1\n", "Did you mean max_increase?"),
    ],
)
def test_unknown_key_suggests_the_one_that_was_meant(text: str, remedy: str) -> None:
    assert remedy in only(BASE + text).remedy


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[progress]\npattern = 'step (\\d+)'\n", "progress.pattern", 8),
        ("[progress]\npattern = '('\n", "progress.pattern", 8),
        ("[seed]\n", "seed", 7),
        ("[seed]\nenv = 'S'\narg = '--seed {seed}'\n", "seed.arg", 9),
        ("[seed]\narg = '--seed'\n", "seed.arg", 8),
        ("[seed]\nenv = '1x'\n", "seed.env", 8),
        ("[seed]\nfile = 'train.py'\n", "seed.file", 8),
        ("[seed]\nfile = 'train.py'\npattern = 'x'\n", "seed.pattern", 9),
        ("[policy]\nalpha = 0.5\n", "policy.alpha", 8),
        ("[policy]\nlooks = [2, 1]\n", "policy.looks", 8),
        ("[policy]\nlooks = []\n", "policy.looks", 8),
        ("[policy]\nseeds = [1, 1, 2, 3, 4]\n", "policy.seeds", 8),
        ("[policy]\nseeds = [1, 2]\n", "policy.seeds", 8),
        ("[policy]\nbaseline_runs = 1\n", "policy.baseline_runs", 8),
        ("[policy]\nmode = 'lucky'\n", "policy.mode", 8),
        ("[policy]\nbaseline_runs = true\n", "policy.baseline_runs", 8),
        ("[policy]\nbaseline_runs = '5'\n", "policy.baseline_runs", 8),
        ("[[guardrails]]\nmetric = 'm'\n", "guardrails[0]", 7),
        ("[[guardrails]]\nmetric = 'm'\nmax_increase = -1\n", "guardrails[0].max_increase", 9),
        ("[limits]\nhours = nan\n", "limits.hours", 8),
        ("[limits]\nexperiments = 0\n", "limits.experiments", 8),
        ("[brain]\nkind = 'deck'\n", "brain.deck", 7),
        ("[params.x]\nfile = 'other.py'\ntype = 'bool'\n", "params.x.file", 8),
        ("[params.x]\nfile = '../train.py'\ntype = 'bool'\n", "params.x.file", 8),
        ("[params.x]\nfile = 'train.py'\ntype = 'float'\nlow = 1\n", "params.x", 7),
        (
            "[params.x]\nfile = 'train.py'\ntype = 'float'\nlow = 0\nhigh = 1\nlog = true\n",
            "params.x.low",
            10,
        ),
        ("[params.x]\nfile = 'train.py'\ntype = 'int'\nlow = 0.5\nhigh = 2\n", "params.x.low", 10),
        ("[params.x]\nfile = 'train.py'\ntype = 'choice'\nchoices = ['a']\n", "params.x.choices", 10),
        ("[params.x]\nfile = 'train.py'\ntype = 'bool'\nlow = 1\n", "params.x.low", 10),
        ("[limits]\ntarget = 1" + "0" * 400 + "\n", "limits.target", 8),
        ("[params.'a b']\nfile = 'train.py'\ntype = 'bool'\n", "params.a b", 7),
    ],
)
def test_a_broken_rule_names_its_key_and_line(text: str, key: str, line: int) -> None:
    found = problems(BASE + text)
    assert (key, line) in {(problem.key, problem.line) for problem in found}, found


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("source = 'json'\n", "metric.source"),
        ("file = 'm.json'\n", "metric.file"),
        ("source = 'regex'\n", "metric.source"),
        ("source = 'regex'\npattern = '('\n", "metric.pattern"),
        ("source = 'regex'\npattern = '(a)(b)'\n", "metric.pattern"),
        ("pattern = '(a)'\n", "metric.pattern"),
        ("min_improvement = -1\n", "metric.min_improvement"),
        ("goal = 'maximise'\n", "metric.goal"),
    ],
)
def test_the_metrics_source_must_be_complete(text: str, key: str) -> None:
    found = only(BASE.replace('name = "val_loss"\n', f'name = "val_loss"\n{text}'))
    assert found.key == key
    assert found.line in (5, 6) or key == "metric.source"


def test_parameters_must_not_wait_for_each_other() -> None:
    table = "[params.{}]\nfile = 'train.py'\ntype = 'bool'\nwhen = {{ {} = true }}\n"
    found = problems(BASE + table.format("a", "b") + table.format("b", "c") + table.format("c", "a"))
    assert len(found) == 3
    assert "wait for each other" in found[0].message


def test_a_condition_that_can_never_hold_is_refused() -> None:
    opt = "[params.opt]\nfile = 'train.py'\ntype = 'choice'\nchoices = ['sgd', 'adam']\n"
    found = only(
        BASE + opt + "[params.m]\nfile = 'train.py'\ntype = 'bool'\nwhen = { opt = ['sgd', 'lion'] }\n"
    )
    assert (found.key, found.line) == ("params.m.when.opt", 14)
    assert "'lion'" in found.message


def test_two_parameters_cannot_tune_one_constant() -> None:
    table = "[params.{}]\nfile = 'train.py'\nkey = 'X'\ntype = 'bool'\n"
    assert only(BASE + table.format("a") + table.format("b")).key == "params.b"


@pytest.mark.parametrize("name", ["", "Upper", "a b", "-a", "a" * 65, "a..b", "x.lock", "a/b", "x."])
def test_a_name_that_git_would_refuse_is_refused(name: str) -> None:
    found = only(f"name = {json.dumps(name)}\n{BASE}")
    assert (found.key, found.line) == ("name", 1)


@settings(deadline=None)
@given(st.text())
def test_any_folder_name_becomes_a_usable_name(folder: str) -> None:
    spec = specs.parse(BASE, "arctl.toml", folder)
    assert parse(f"name = {json.dumps(spec.name)}\n{BASE}").name == spec.name


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[run]\ncommand = \n", 2),
        ("a = 1\na = 2\n", 2),
        ("x = [1,\n2\n", 2),
        ('x = """\n\nabc', 3),
        ("\n\n[run\n", 3),
    ],
)
def test_invalid_toml_names_its_line(text: str, line: int) -> None:
    found = only(text)
    assert found.line == line
    assert "not valid TOML" in found.message


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_spec_or_problems(text: str) -> None:
    try:
        parse(BASE + text)
    except SpecError as error:
        assert error.problems  # noqa: PT017


def test_load_reads_the_file_and_names_it_after_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "My Digits"
    folder.mkdir()
    path = folder / "arctl.toml"
    path.write_bytes(b"\xef\xbb\xbf" + BASE.encode().replace(b"\n", b"\r\n"))
    assert specs.load(path).name == "my-digits"


def test_load_says_what_to_do_about_a_missing_or_binary_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="arctl init"):
        specs.load(tmp_path / "arctl.toml")
    path = tmp_path / "bad.toml"
    path.write_bytes(b"[run]\ncommand = '\xff'\n")
    with pytest.raises(SpecError) as caught:
        specs.load(path)
    assert caught.value.problems[0].line == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (90, 90.0),
        (0.5, 0.5),
        ("90s", 90.0),
        ("10m", 600.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        (" 2 m ", 120.0),
    ],
)
def test_durations(value: object, expected: float) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize("value", [0, -1, "", "10", "m", "10x", "-5m", True, None, float("inf"), "0s"])
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="length of time"):
        seconds(value)


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("train.py", "train.py", True),
        ("train.py", "src/train.py", False),
        ("*.py", "a.py", True),
        ("*.py", "a/b.py", False),
        ("**/*.py", "a.py", True),
        ("**/*.py", "a/b/c.py", True),
        ("src/**", "src/a/b", True),
        ("src/**", "src", False),
        ("src/", "src/a/b", True),
        ("src/**/x.py", "src/x.py", True),
        ("src/**/x.py", "src/a/b/x.py", True),
        ("./a.py", "a.py", True),
        ("a?.py", "ab.py", True),
        ("a?.py", "a/.py", False),
        ("[ab].py", "b.py", True),
        ("[!ab].py", "b.py", False),
        ("[!ab].py", "/.py", False),
        ("a[.py", "a[.py", True),
        ("a.py", "axpy", False),
    ],
)
def test_globs(glob: str, path: str, expected: bool) -> None:
    assert specs.matches([glob], path) is expected


@settings(deadline=None)
@given(st.text("ab*?[]!-/.\\^", max_size=12), st.text("ab/.-", max_size=12))
def test_no_glob_crashes(glob: str, path: str) -> None:
    specs.matches([glob], path)


def test_schema_describes_every_key() -> None:
    schema = specs.json_schema()
    assert "name" not in schema["required"]
    tables = [schema, *schema["$defs"].values()]
    for table in tables:
        for key, field in table.get("properties", {}).items():
            assert field.get("description") or "$ref" in field, key
        if table.get("type") == "object":
            assert table["additionalProperties"] is False
    assert json.loads(json.dumps(schema)) == schema


MODELS = [
    specs.Spec,
    specs.Run,
    specs.Metric,
    specs.Progress,
    specs.Seed,
    specs.Files,
    specs.Param,
    specs.Policy,
]


@pytest.mark.parametrize("model", [*MODELS, specs.Guardrail, specs.Limits, specs.Keep, specs.Brain])
def test_every_key_is_documented(model: type[specs.Spec]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "campaign.md").read_text()
    missing = [key for key in model.model_fields if f"`{key}`" not in text and f"[{key}" not in text]
    assert missing == []


def test_every_example_in_the_documentation_parses() -> None:
    text = (Path(__file__).parents[2] / "docs" / "campaign.md").read_text()
    examples = [part.split("```")[0] for part in text.split("```toml\n")[1:]]
    whole = [example for example in examples if "[run]" in example and "[files]" in example]
    assert len(whole) >= 3
    for example in whole:
        parse(example)
