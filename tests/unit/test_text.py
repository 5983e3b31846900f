"""Foreign text: nothing that a terminal would obey gets through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctl.text import clean, clean_block


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J\x1b[H",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bP+q544e\x1b\\",
        "\x9b31m",
        "\x1b(0",
        "\x1bc",
        "\x00\x08\x7f",
        "\u202e\u2066\u200b",
    ],
)
def test_escapes_controls_and_direction_marks_are_taken_out(hostile: str) -> None:
    assert clean_block(f"a{hostile}b") == "ab"


def test_lines_and_words_stay() -> None:
    assert clean_block("one\r\ntwo\rthree\tfour") == "one\ntwo\nthree   four"
    assert clean("one\n two\tthree") == "one two three"


def test_a_long_line_is_cut_with_a_mark() -> None:
    assert clean("x" * 100, 10) == "x" * 9 + "…"


@given(st.text(max_size=200))
def test_whatever_comes_in_is_safe_and_stays_so(text: str) -> None:
    found = clean_block(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in found if c != "\n")
    assert clean_block(found) == found
    assert "\n" not in clean(text)
