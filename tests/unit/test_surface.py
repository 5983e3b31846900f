"""The tunable surface: what is read, and that nothing but the values changes."""

from __future__ import annotations

import ast
import json
import math
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from arctl.experiments.models import Param
from arctl.experiments.surface import (
    SurfaceError,
    active,
    constants,
    guess,
    read,
    write,
    write_seed,
)


def param(file: str, key: str, kind: str = "float", **more: Any) -> Param:
    ranges: dict[str, Any] = {"low": -1e300, "high": 1e300} if kind in ("float", "int") else {}
    if kind == "choice":
        ranges = {"choices": ("a", "b")}
    return Param.model_validate({"file": file, "key": key, "type": kind, **ranges, **more})


SOURCE = '''\
"""Docstring with LR = 3."""
import os

LR = 0.04          # größe — a comment, LR = 1
DEPTH: int = 8
BATCH = 2**19  # tokens
BIG = (
    1 +  # one
    2
)
NEG = -0.5; NAME = "a" 'b'; FLAG = True
Größe = 1; AFTER_UMLAUT = 2
lower = 3
TWICE = 1
TWICE = 2
if os.name == "nt":
    BRANCHED = 1
else:
    BRANCHED = 2
PAIR = (1, 2)
CALL = float("1")
BETAS, GAMMA = 1, 2
HUGE = 9**9**9
NOTHING = None
def f():
    LR = 7
    return LR
'''


def test_constants_are_literals_bound_once_at_module_level() -> None:
    assert constants(SOURCE) == {
        "LR": 0.04,
        "DEPTH": 8,
        "BATCH": 2**19,
        "BIG": 3,
        "NEG": -0.5,
        "NAME": "ab",
        "FLAG": True,
        "AFTER_UMLAUT": 2,
    }


@pytest.mark.parametrize(
    ("key", "kind", "value", "old", "new"),
    [
        ("LR", "float", 0.001, "LR = 0.04 ", "LR = 0.001 "),
        ("LR", "float", 1, "LR = 0.04 ", "LR = 1.0 "),
        ("LR", "float", 1e-7, "LR = 0.04 ", "LR = 1e-07 "),
        ("DEPTH", "int", 12, "int = 8", "int = 12"),
        ("DEPTH", "int", 12.0, "int = 8", "int = 12"),
        ("BATCH", "int", 65536, "2**19", "65536"),
        ("BIG", "int", -4, "1 +  # one\n    2", "-4"),
        ("NEG", "float", 0.25, "-0.5", "0.25"),
        ("FLAG", "bool", False, "FLAG = True", "FLAG = False"),
        ("AFTER_UMLAUT", "int", 5, "AFTER_UMLAUT = 2", "AFTER_UMLAUT = 5"),
        ("NAME", "choice", "b", "\"a\" 'b'", "'b'"),
    ],
)
def test_python_keeps_every_other_byte(key: str, kind: str, value: Any, old: str, new: str) -> None:
    params = {"p": param("train.py", key, kind)}
    written = write(SOURCE, "train.py", {"p": value}, params)
    assert written == SOURCE.replace(old, new)
    assert read(written, "train.py", params) == {"p": value}


@pytest.mark.parametrize("source", [SOURCE, SOURCE.replace("\n", "\r\n"), "\ufeff" + SOURCE])
def test_line_ends_and_byte_order_marks_stay(source: str) -> None:
    params = {"p": param("train.py", "LR")}
    assert write(source, "train.py", {"p": 0.5}, params) == source.replace("LR = 0.04 ", "LR = 0.5 ")


def test_an_equal_value_leaves_its_expression_alone() -> None:
    assert write(SOURCE, "train.py", {"p": 2**19}, {"p": param("train.py", "BATCH", "int")}) == SOURCE


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("TWICE", "assigned 2 times"),
        ("BRANCHED", "assigned 2 times"),
        ("MISSING", "no constant MISSING"),
        ("GAMMA", "no constant GAMMA"),
        ("PAIR", "not bound to a number"),
        ("CALL", "not bound to a number"),
        ("HUGE", "not bound to a number"),
        ("NOTHING", "not bound to a number"),
    ],
)
def test_what_cannot_be_tuned_says_why(key: str, message: str) -> None:
    with pytest.raises(SurfaceError, match=message) as caught:
        read(SOURCE, "train.py", {"p": param("train.py", key)})
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("X = 1\nX += 1\n", "X"),
        ("X = 1\nfor X in y: pass\n", "X"),
        ("X = 1\ndef X(): pass\n", "X"),
        ("X = 1\nif (X := 2): pass\n", "X"),
        ("X = 1\nwith a as X: pass\n", "X"),
    ],
)
def test_a_name_bound_again_elsewhere_is_refused(source: str, key: str) -> None:
    with pytest.raises(SurfaceError, match="assigned"):
        read(source, "t.py", {"p": param("t.py", key, "int")})


@pytest.mark.parametrize("source", ["X = (\n", "def\n", "\0"])
def test_source_that_does_not_parse_is_a_typed_error(source: str) -> None:
    with pytest.raises(SurfaceError, match="does not parse"):
        constants(source)


def test_values_of_the_wrong_type_are_refused() -> None:
    for kind, value in (("int", 1.5), ("int", True), ("float", "x"), ("bool", 1), ("float", math.nan)):
        with pytest.raises(SurfaceError):
            write(SOURCE, "train.py", {"p": value}, {"p": param("train.py", "DEPTH", kind)})
    with pytest.raises(SurfaceError, match="no parameter q"):
        write(SOURCE, "train.py", {"q": 1}, {"p": param("train.py", "LR")})


def test_only_parameters_of_the_file_are_touched() -> None:
    params = {"a": param("./train.py", "LR"), "b": param("conf.yaml", "x")}
    assert read(SOURCE, "train.py", params) == {"a": 0.04}
    assert "LR = 2.0" in write(SOURCE, "train.py", {"a": 2.0, "b": 3.0}, params)


names = st.sampled_from(["ALPHA", "BETA", "GAMMA_2", "D"])
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**12), 10**12)
comments = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)


@settings(deadline=None)
@given(st.dictionaries(names, st.tuples(numbers, comments), min_size=1), numbers, st.data())
def test_any_number_written_to_python_is_read_back_and_nothing_else_moves(
    lines: dict[str, tuple[float, str]], value: float, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(lines)))
    source = "".join(f"{name} = {number!r}  # {comment}\n" for name, (number, comment) in lines.items())
    params = {name: param("t.py", name) for name in lines}
    written = write(source, "t.py", {key: value}, params)
    expected = {name: float(number) for name, (number, _) in lines.items()} | {key: float(value)}
    assert {name: float(found) for name, found in read(written, "t.py", params).items()} == expected
    for before, after in zip(source.split("\n"), written.split("\n"), strict=True):
        assert before == after or before.startswith(f"{key} = ")
        assert before.partition("#")[2] == after.partition("#")[2]


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_source_gives_constants_or_a_typed_error(source: str) -> None:
    try:
        found = constants(source)
    except SurfaceError:
        return
    assert all(isinstance(value, (bool, int, float, str)) for value in found.values())


@settings(deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=30))
def test_any_string_is_written_so_that_it_reads_back(value: str) -> None:
    choice = {
        "p": Param.model_validate(
            {"file": "f.py", "key": "x", "type": "choice", "choices": ["u", value + "w"]}
        )
    }
    for filename, text in (
        ("f.py", "x = 'u'\n"),
        ("f.yaml", "x: u\n"),
        ("f.json", '{"x": "u"}'),
        ("f.toml", "x = 'u'\n"),
    ):
        here = {"p": choice["p"].model_copy(update={"file": filename})}
        assert read(write(text, filename, {"p": value}, here), filename, here) == {"p": value}


YAML_TEXT = """\
# Konfiguration für später
optim:
    lr: 1.0e-3   # keep me
    name: 'sgd'
    nested: {beta: 0.9, flags: [true, false]}
layers:
- width: 64
- width: 32    # second
1: one
plain: yes
anchored: &a 5
alias: *a
block: |
  text
"""


@pytest.mark.parametrize(
    ("key", "kind", "value", "old", "new"),
    [
        ("optim.lr", "float", 1e-5, "1.0e-3", "1.0e-05"),
        ("optim.lr", "float", 2.0, "1.0e-3", "2.0"),
        ("optim.name", "choice", "adam", "'sgd'", "adam"),
        ("optim.name", "choice", "no", "'sgd'", '"no"'),
        ("optim.nested.beta", "float", 0.99, "0.9,", "0.99,"),
        ("optim.nested.flags.1", "bool", True, "true, false", "true, true"),
        ("layers.1.width", "int", 16, "width: 32 ", "width: 16 "),
    ],
)
def test_yaml_keeps_every_other_byte(key: str, kind: str, value: Any, old: str, new: str) -> None:
    params = {"p": param("c.yaml", key, kind)}
    written = write(YAML_TEXT, "c.yaml", {"p": value}, params)
    assert written == YAML_TEXT.replace(old, new)
    assert read(written, "c.yaml", params) == {"p": value}


@pytest.mark.parametrize("key", ["missing", "optim.lr.deeper", "layers.7.width", "optim", "layers.x"])
def test_yaml_paths_that_lead_nowhere_are_refused(key: str) -> None:
    with pytest.raises(SurfaceError):
        read(YAML_TEXT, "c.yaml", {"p": param("c.yaml", key)})


@pytest.mark.parametrize("key", ["anchored", "alias"])
def test_a_value_shared_by_anchor_is_refused(key: str) -> None:
    with pytest.raises(SurfaceError, match="anchor"):
        write(YAML_TEXT, "c.yaml", {"p": 6}, {"p": param("c.yaml", key, "int")})


@pytest.mark.parametrize(
    ("filename", "text"),
    [
        ("c.yaml", "a: 1\na: 2\n"),
        ("c.yaml", "a: [\n"),
        ("c.yaml", "a: 1\n---\na: 2\n"),
        ("c.yaml", ""),
        ("c.json", '{"a": 1, "a": 2}'),
        ("c.json", '{"a": 1'),
        ("c.json", "[]"),
        ("c.json", "3"),
        ("c.toml", "a = 1\na = 2\n"),
        ("c.toml", "a = \n"),
        ("c.ini", "a = 1\n"),
    ],
)
def test_broken_or_ambiguous_documents_are_typed_errors(filename: str, text: str) -> None:
    with pytest.raises(SurfaceError):
        read(text, filename, {"p": param(filename, "a", "int")})


TOML_TEXT = """\
# head
title = "x"   # keep
[optim]
lr = 0.1      # the rate
betas = [
  0.9,  # first
  0.95,
]
inline = { a = 1, b = 2 }

[[layers]]
width = 64
[[layers]]
width = 32
"""


@pytest.mark.parametrize(
    ("key", "kind", "value", "old", "new"),
    [
        ("optim.lr", "float", 1e-5, "0.1 ", "1e-05 "),
        ("optim.inline.b", "int", 5, "b = 2", "b = 5"),
        ("optim.betas.1", "float", 0.99, "0.95", "0.99"),
        ("layers.1.width", "int", 16, "width = 32", "width = 16"),
        ("title", "choice", "y", '"x"', '"y"'),
    ],
)
def test_toml_keeps_comments_and_layout(key: str, kind: str, value: Any, old: str, new: str) -> None:
    params = {"p": param("c.toml", key, kind)}
    written = write(TOML_TEXT, "c.toml", {"p": value}, params)
    assert written == TOML_TEXT.replace(old, new)
    assert read(written, "c.toml", params) == {"p": value}


JSON_TEXT = '{\n   "a": {"b": [1, 2.5,\t3]},\n\t"c": "é\\u00e9", "d.e": 1,\n  "f" : true }\n'


@pytest.mark.parametrize(
    ("key", "kind", "value", "old", "new"),
    [
        ("a.b.1", "float", 3.5, "2.5", "3.5"),
        ("c", "choice", "a", '"é\\u00e9"', '"a"'),
        ("f", "bool", False, "true", "false"),
    ],
)
def test_json_keeps_its_layout(key: str, kind: str, value: Any, old: str, new: str) -> None:
    params = {"p": param("c.json", key, kind)}
    written = write(JSON_TEXT, "c.json", {"p": value}, params)
    assert written == JSON_TEXT.replace(old, new)
    assert read(written, "c.json", params) == {"p": value}


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), numbers, min_size=1), numbers, st.data())
def test_numbers_round_trip_in_documents(values: dict[str, float], value: float, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(values)))
    body = json.dumps(values, indent=data.draw(st.sampled_from([None, 2])))
    expected = {name: float(number) for name, number in values.items()} | {key: float(value)}
    written = write(body, "c.json", {"p": value}, {"p": param("c.json", key)})
    assert {name: float(number) for name, number in json.loads(written).items()} == expected
    text = "".join(f"{name} = {number!r}\n" for name, number in values.items())
    written = write(text, "c.toml", {"p": value}, {"p": param("c.toml", key)})
    assert {name: float(number) for name, number in tomllib.loads(written).items()} == expected
    written = write("x: 0.0\nl: [1]\n", "c.yaml", {"p": value}, {"p": param("c.yaml", "x")})
    assert YAML(typ="safe", pure=True).load(written) == {"x": float(value), "l": [1]}


def test_conditions_follow_chains_and_compare_types() -> None:
    def make(when: dict[str, Any]) -> Param:
        return param("t.py", "X", "float", when=when)

    params = {
        "opt": make({}),
        "mom": make({"opt": ("sgd", "nag")}),
        "nest": make({"mom": 0.5}),
        "flag": make({"on": True}),
        "on": make({}),
        "lost": make({"gone": 1}),
    }
    assert active(params, {"opt": "sgd", "mom": 0.5, "on": True}) == {"opt", "mom", "nest", "flag", "on"}
    assert active(params, {"opt": "adam", "mom": 0.5, "on": 1}) == {"opt", "on"}


def test_a_circle_of_conditions_is_inactive() -> None:
    params = {"a": param("t.py", "A", when={"b": 1}), "b": param("t.py", "B", when={"a": 1})}
    assert active(params, {"a": 1, "b": 1}) == set()


def test_a_seed_is_replaced_wherever_the_pattern_matches() -> None:
    text = "torch.manual_seed(42)\ntorch.cuda.manual_seed(42)\nx = 42\n"
    assert write_seed(text, r"manual_seed\((\d+)\)", 7) == text.replace("seed(42)", "seed(7)")
    with pytest.raises(SurfaceError):
        write_seed("x = 1\n", r"manual_seed\((\d+)\)", 7)


def test_guesses_leave_out_what_fixes_the_measurement() -> None:
    source = (
        "SEED = 1\nTIME_BUDGET = 300\nMAX_SEQ_LEN = 2048\nEVAL_TOKENS = 40\nVOCAB_SIZE = 8192\n"
        "DEVICE_BATCH_SIZE = 128\n"
        "DATA_DIR = 'x'\nWINDOW = 'SSL'\nMATRIX_LR = 0.04\nDEPTH = 8\nTOTAL_BATCH_SIZE = 2**19\n"
        "DROPOUT = 0.1\n"
        "WEIGHT_DECAY = 0.2\nMOMENTUM = 0.95\nUSE_BIAS = True\nOFFSET = -1.0\nZERO = 0\n"
    )
    found = guess(source)
    assert set(found) == {
        "MATRIX_LR",
        "DEPTH",
        "TOTAL_BATCH_SIZE",
        "DROPOUT",
        "WEIGHT_DECAY",
        "MOMENTUM",
        "USE_BIAS",
    }
    assert found["MATRIX_LR"] == {"type": "float", "low": 0.004, "high": 0.4, "log": True}
    assert found["DEPTH"] == {"type": "int", "low": 2, "high": 32, "log": True}
    assert found["MOMENTUM"] == {"type": "float", "low": 0.8, "high": 0.9875}


@settings(deadline=None)
@given(st.floats(1e-12, 1e12), st.sampled_from(["LR", "DROPOUT", "BETA", "X", "FINAL_FRAC"]))
def test_every_guess_is_a_valid_parameter_around_its_value(value: float, name: str) -> None:
    for table in guess(f"{name} = {value!r}\nN = {int(value) + 1}\n").values():
        made = Param.model_validate({"file": "t.py", "key": name, **table})
        if made.type == "float":
            assert made.low is not None
            assert made.high is not None
            assert made.low <= value <= made.high
    assert ast.parse(f"{name} = {value!r}")


def test_a_text_keeps_the_quotes_of_its_predecessor() -> None:
    params = {name: Param(file="t.py", key=name, type="choice", choices=("relu", "it's")) for name in "AB"}
    text = write("A = \"relu\"\nB = 'relu'\n", "t.py", {"A": "it's", "B": "relu"}, params)
    assert text == "A = \"it's\"\nB = 'relu'\n"
