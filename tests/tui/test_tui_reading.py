from __future__ import annotations

from arctl.text import clean_block
from arctl.tui.data.reading import LONGEST, block, word, words
from tests.tui.hostile import EVIL, LONG, raw


def test_a_word_is_cut_before_it_is_cleaned_and_says_so() -> None:
    data = {"title": LONG, "all": [LONG, "short"]}
    assert word(data, "title") == "w" * LONGEST + "…"
    assert words(data, "all") == ("w" * LONGEST + "…", "short")
    assert word({"title": "w" * LONGEST}, "title") == "w" * LONGEST


def test_a_cut_through_an_escape_leaves_nothing_of_it() -> None:
    for at in range(len(EVIL)):
        assert raw(word({"x": "w" * (LONGEST - at) + EVIL}, "x")) == []


def test_a_block_of_plain_text_is_left_as_it_is() -> None:
    text = "one\n  two\n\n" + LONG
    assert block({"x": text}, "x") == text
    for letter in "\x00\x07\x1b\x7f\x9b\r\t":
        assert letter not in clean_block(f"plain{letter}text")
