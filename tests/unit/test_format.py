"""How numbers, times, tables and curves are written."""

from __future__ import annotations

import math

import pytest

from arctl import chart
from arctl.format import count, duration, interval, number, signed, table, word, wrapped


def test_a_missing_value_is_na_and_never_zero() -> None:
    assert number(None) == signed(None) == duration(None) == interval(None, 1.0) == "-"
    assert number(0.0) == "0"
    assert number(math.nan) == "nan"
    assert number(-math.inf) == "-inf"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0.0s"),
        (0.84, "0.8s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (3599.6, "1h00m"),
        (7500, "2h05m"),
        (273_600, "3d04h"),
        (-3, "0.0s"),
        (math.inf, "-"),
    ],
)
def test_durations(seconds: float, written: str) -> None:
    assert duration(seconds) == written


def test_differences_carry_their_sign() -> None:
    assert signed(0.014567) == "+0.0146"
    assert interval(-0.5, 0.25) == "[-0.5, +0.25]"


def test_words_and_counts() -> None:
    assert word("timed_out") == "timed out"
    assert (count(1, "run"), count(0, "run"), count(2, "entry", "entries")) == (
        "1 run",
        "0 runs",
        "2 entries",
    )


def test_a_table_never_exceeds_its_width_and_cuts_the_last_column() -> None:
    rows = [("e1", "0.5", "t" * 200), ("e100", "-", "short")]
    lines = table(("ID", "VALUE", "TITLE"), rows, right=(1,), width=60)
    assert max(map(len, lines)) == 60
    assert lines[1].endswith("…")
    assert lines[1].startswith("e1      0.5  ttt")
    assert lines[2] == "e100      -  short"


def test_a_table_with_too_many_words_cuts_the_widest_columns_but_no_figure() -> None:
    rows = [("ada" * 12, "123456789", "analyst of a team " * 3, "brain " * 9, "now " * 30)]
    lines = table(("NAME", "MADE", "ROLE", "BRAIN", "NOW"), rows, right=(1,), width=60)
    assert max(map(len, lines)) == 60
    assert "  123456789  " in lines[1]
    assert lines[1].count("…") == 4
    many = table(("A", "B", "C"), [("x" * 50, "1" * 50, "z" * 50)], right=(1,), width=60)
    assert "1" * 50 in many[1], "rather too wide than a wrong figure"


def test_wrapping_breaks_no_command() -> None:
    lines = wrapped("mend it, then `arctl resume toy` asks again", 24)
    assert lines == ["mend it, then", "`arctl resume toy` asks", "again"]


def test_a_table_cleans_what_others_wrote() -> None:
    lines = table(("ID", "TITLE"), [("e1", "a\x1b[2Jb\x1b]0;owned\x07\nc\x00")])
    assert lines == ["ID  TITLE", "e1  ab c"]


def test_wrapping_indents_every_line() -> None:
    assert wrapped("one two three", 9, "  ") == ["  one two", "  three"]
    assert wrapped("", 9) == []


def _curve(*values: float | None) -> list[tuple[float, float | None]]:
    return [(float(step), value) for step, value in enumerate(values)]


def test_a_chart_without_a_finite_point_is_empty() -> None:
    assert chart.draw([]) == []
    assert chart.draw([_curve(None, math.nan, math.inf)]) == []


def test_a_falling_line_in_ascii() -> None:
    drawn = chart.text(chart.draw([_curve(4, 3, 2, 1, 0)], width=15, height=5, ascii_only=True))
    assert drawn == [
        "4 +**",
        "  |  ***",
        "2 +     **",
        "  |       ***",
        "0 +          **",
        "  +------------",
        "   0          4",
    ]


def test_a_chart_keeps_its_size_whatever_the_values() -> None:
    for points in (_curve(1), _curve(5, 5, 5), _curve(-1e-9, 1e9), [(3.0, 1.0), (1.0, 2.0)]):
        drawn = chart.draw([points], width=50, height=8)
        assert len(drawn) == 10
        assert max(map(len, chart.text(drawn))) <= 50


def test_a_missing_value_is_a_gap_and_not_a_line() -> None:
    joined = chart.text(chart.draw([_curve(1, 1, 1, 2)], width=40, height=4, ascii_only=True))
    broken = chart.text(chart.draw([_curve(1, None, 1, 2)], width=40, height=4, ascii_only=True))
    assert joined[3].count("*") > broken[3].count("*")
    assert broken[3].split("+")[1].startswith("* ")


def test_braille_dots_stand_where_the_values_are() -> None:
    top_left, *_ = chart.draw([[(0.0, 1.0), (1.0, 0.0)]], width=24, height=6)
    assert top_left[1] == ("⠑", 0) or top_left[1][0].startswith(("⠉", "⠑", "⠒"))
    everything = "".join(chart.text(chart.draw([_curve(*range(50))], width=60, height=8)))
    assert all(ord(mark) < 0x2600 or 0x2800 <= ord(mark) < 0x2900 for mark in everything)


def test_two_series_can_be_told_apart_without_colours() -> None:
    drawn = chart.draw([_curve(1, 2, 3), _curve(3, 2, 1)], width=40, height=7, ascii_only=True)
    plain = "".join(chart.text(drawn))
    assert "*" in plain
    assert "." in plain
    assert "#" in plain, "where they cross"
    owners = {index for line in drawn for _, index in line}
    assert owners == {-1, 0, 1}
    first, second = (chart.draw([_curve(*values)], width=40, height=7) for values in ((1, 1), (1, 1)))
    assert chart.text(first) == chart.text(second)
    beside = chart.draw([_curve(0, 0), _curve(1, 1)], width=40, height=7)
    solid = sum(len(piece) for line in beside for piece, index in line if index == 0)
    dotted = sum(
        bin(ord(mark) - 0x2800).count("1")
        for line in beside
        for piece, index in line
        if index == 1
        for mark in piece
    )
    full = sum(
        bin(ord(mark) - 0x2800).count("1")
        for line in beside
        for piece, index in line
        if index == 0
        for mark in piece
    )
    assert solid
    assert dotted < full


def test_a_curve_of_many_points_is_drawn_quickly_and_completely() -> None:
    points = [(float(step), math.sin(step / 300)) for step in range(5000)]
    drawn = chart.text(chart.draw([points, points], width=100, height=20))
    assert all(line.strip("│┤ \u2800") for line in drawn)
