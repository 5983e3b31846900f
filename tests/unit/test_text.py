"""Foreign text: nothing that a terminal would obey gets through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctl.text import MARKS, clean, clean_block


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
        "\ufe0f\ufe0e\U000e0100",
        "\U000e0041\U000e007f",
        "\u3164\uffa0\u115f",
    ],
)
def test_escapes_controls_and_direction_marks_are_taken_out(hostile: str) -> None:
    assert clean_block(f"a{hostile}b") == "ab"


def test_a_letter_keeps_a_few_marks_and_not_a_heap() -> None:
    assert clean_block("e" + "\u0301" * 500 + "a") == "e" + "\u0301" * MARKS + "a"
    vietnamese, hindi, thai = "Vie\u0323\u0302t", "हिन्दी", "ที่นี่"
    for text in (vietnamese, hindi, thai):
        assert clean_block(text) == text


def test_a_mark_without_a_letter_would_sit_on_the_frame_and_goes() -> None:
    assert clean_block("\u0336\u0336x") == "x"
    assert clean_block("a \u0301b\n\u0301c") == "a b\nc"


def test_what_each_terminal_shows_otherwise_is_told_in_letters_of_one_width() -> None:
    assert clean_block("\ue0b0\U000f0001") == "��"
    assert clean_block("\U0001f1e9\U0001f1ea") == "DE"


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
