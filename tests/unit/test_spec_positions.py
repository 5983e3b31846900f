"""The line of every key, against a reader that is known to be right about what the keys are."""

from __future__ import annotations

import tomllib

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from arctl.experiments.positions import Path, key_lines, line_of


def paths(value: object, prefix: Path = ()) -> set[Path]:
    found: set[Path] = set()
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, inner in items:
        found.add((*prefix, key))
        found |= paths(inner, (*prefix, key))
    return found


TEXT = r'''# comment with [table] = "x"
a = 1  # b = 2
"quoted key" = 'lit#eral'
dotted.inner."x.y" = "]"
multi = """
c = 1
\""" ["""
literal = \'\'\'
d = '' 1''\'\'\'
list = [ # comment ]
  1,
  "two # ]", [3,
  4],
  { in = 5 },
]
inline = { x = 1, y.z = [1, 2], "w w" = { v = 'a' } }
date = 1979-05-27T07:32:00Z
[table]
k = true
[table.sub . "deep one"]
k = -1.5e3
[[rows]]
n = 1
[rows.more]
m = 2
[[rows]]
n = 2
[[rows.inner]]
i = 1
[[rows.inner]]
i = 2
'''.replace(r"\'\'\'", "'''")


def test_all_keys_of_all_kinds_are_found() -> None:
    assert set(key_lines(TEXT)) == paths(tomllib.loads(TEXT))


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n")])
def test_lines_of_keys(text: str) -> None:
    lines = key_lines(text)
    expected: dict[Path, int] = {
        ("a",): 2,
        ("quoted key",): 3,
        ("dotted", "inner", "x.y"): 4,
        ("multi",): 5,
        ("literal",): 8,
        ("list",): 10,
        ("list", 0): 11,
        ("list", 2, 1): 13,
        ("list", 3, "in"): 14,
        ("inline", "w w", "v"): 16,
        ("date",): 17,
        ("table",): 18,
        ("table", "k"): 19,
        ("table", "sub", "deep one", "k"): 21,
        ("rows", 0, "n"): 23,
        ("rows", 0, "more", "m"): 25,
        ("rows", 1): 26,
        ("rows", 1, "n"): 27,
        ("rows", 1, "inner", 1, "i"): 31,
    }
    assert {path: lines.get(path) for path in expected} == expected


def test_what_does_not_stand_in_the_text_has_its_tables_line() -> None:
    assert line_of(key_lines("[a]\n[b]\nx = 1\n"), ("b", "missing", "deeper")) == 2
    assert line_of({}, ("x",)) is None


scalars = st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), values, max_size=5))
def test_any_document_that_tomlkit_writes_is_located(data: dict[str, object]) -> None:
    text = tomlkit.dumps(data)
    if tomllib.loads(text) != data:
        return
    assert paths(data) <= set(key_lines(text))


@settings(deadline=None)
@given(st.text("[]{}='\"#,.\n a1\\", max_size=60))
def test_the_scanner_ends_on_any_text(text: str) -> None:
    key_lines(text)
