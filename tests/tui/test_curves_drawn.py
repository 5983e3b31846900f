"""Curves and differences as lines: spikes stay, gaps stay open, widths hold, words that changed stand out."""

from __future__ import annotations

import math

import pytest
from rich.cells import cell_len

from arctl.tui.look.curves import Series, draw, legend, plane
from arctl.tui.look.glyphs import ASCII, BLOCK, BRAILLE, Glyphs
from arctl.tui.look.lines import plain
from arctl.tui.look.syntax import files, parse


def falling(count: int = 1000, name: str = "e5") -> Series:
    return Series(name, tuple((float(x), 1 + math.exp(-x / 100)) for x in range(count)))


def texts(series: list[Series], width: int = 60, height: int = 12, glyphs: Glyphs = ASCII) -> list[str]:
    return [plain(line) for line in draw(series, width, height, glyphs)]


@pytest.mark.parametrize("glyphs", [BRAILLE, BLOCK, ASCII], ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize("size", [(24, 5), (60, 12), (196, 40)])
def test_a_drawing_has_the_size_it_was_given(size: tuple[int, int], glyphs: Glyphs) -> None:
    lines = texts([falling(), falling(500, "e1")], *size, glyphs)
    assert len(lines) == size[1]
    assert {cell_len(line) for line in lines} == {size[0]}


def test_one_step_among_five_thousand_that_jumps_is_seen() -> None:
    points = [(float(x), 1.0 + (x % 2) / 100) for x in range(5000)]
    points[2503] = (2503.0, 9.0)
    lines = texts([Series("e5", tuple(points))])
    assert "*" in lines[0]


def test_where_values_are_no_numbers_the_line_is_open() -> None:
    points = tuple((float(x), None if 40 <= x < 60 else 1.0 + x / 1000) for x in range(100))
    lines = texts([Series("e5", points)])
    columns = {at for line in lines[:-1] for at, letter in enumerate(line) if letter == "*"}
    first = lines[0].index("+") + 1
    share = {round((at - first) / (60 - first - 1) * 100) for at in columns}
    assert not [at for at in share if 43 < at < 57]
    assert min(share) == 0
    assert max(share) == 100


def test_two_lines_can_be_told_apart_without_colours() -> None:
    other = Series("e1", tuple((float(x), 2.0) for x in range(100)))
    drawn = "".join(texts([Series("e5", tuple((float(x), 1.0) for x in range(100))), other]))
    assert "*" in drawn
    assert "o" in drawn


def test_zooming_in_shows_the_end_and_its_own_scale() -> None:
    whole, part = plane([falling()]), plane([falling()], 3)
    assert whole is not None
    assert part is not None
    assert part.right == whole.right
    assert part.right - part.left == pytest.approx((whole.right - whole.left) / 8)
    assert part.high - part.low < (whole.high - whole.low) / 100


def test_on_a_logarithmic_scale_values_without_a_logarithm_are_left_out() -> None:
    series = [Series("e5", ((0.0, -1.0), (1.0, 0.0), (2.0, 10.0), (3.0, 1000.0)))]
    found = plane(series, logarithmic=True)
    assert found is not None
    assert (found.value(found.low), found.value(found.high)) == (pytest.approx(10), pytest.approx(1000))
    assert draw([Series("e5", ((0.0, -1.0), (1.0, 0.0)))], 60, 12, ASCII, logarithmic=True) == []


def test_the_legend_compares_at_the_same_step() -> None:
    own = Series("e5", ((0.0, 2.0), (10.0, 1.0)))
    other = Series("e1", ((0.0, 2.0), (10.0, 1.5), (20.0, 0.5)))
    told = " ".join(plain(line) for line in legend([own, other], BRAILLE, 100))
    assert "e5 1 @10" in told
    assert "1.5 @10 (-0.5)" in told


def test_nothing_to_draw_is_no_drawing() -> None:
    assert draw([], 60, 12, ASCII) == []
    assert draw([Series("e5", ((1.0, None),))], 60, 12, ASCII) == []
    assert len(texts([Series("e5", ((1.0, 2.0),))])) == 12


DIFF = """diff --git a/old.py b/new.py
similarity index 90%
rename from old.py
rename to new.py
--- a/old.py
+++ b/new.py
@@ -7,3 +7,4 @@ def f():
 import os  # for the seed
-rate = warm(0.1)
+rate = warm(0.3)
+more = True
\\ No newline at end of file
diff --git a/data.txt b/data.txt
--- a/data.txt
+++ b/data.txt
@@ -1 +1 @@
-one
+entirely different
"""


def test_a_difference_is_read_into_files_hunks_and_numbered_lines() -> None:
    found = parse(DIFF)
    assert [(each.name, each.added, each.removed) for each in files(found)] == [
        ("new.py", 2, 1),
        ("data.txt", 1, 1),
    ]
    assert [(each.kind, each.number) for each in found[:6]] == [
        ("file", None), ("hunk", None), (" ", 7), ("-", None), ("+", 8), ("+", 9)
    ]  # fmt: skip
    assert "rename to new.py" in found[0].text


def test_python_that_did_not_change_is_coloured_and_what_changed_in_a_line_stands_out() -> None:
    found = parse(DIFF)
    assert ("import", "accent") in found[2].spans
    assert any(tone == "dim" and "seed" in text for text, tone in found[2].spans)
    assert [text for text, tone in found[4].spans if tone == "strong"] == ["3"]
    assert [tone for _, tone in found[-1].spans] == ["added"]


def test_lines_without_any_header_and_endless_ones_are_read_as_well() -> None:
    assert parse("") == ()
    assert parse("no difference at all\n") == ()
    long = parse("diff --git a/x.py b/x.py\n@@ -1 +1 @@\n" + "+" + "x" * 1_000_000 + "\n" + "+y\n" * 6000)
    assert "lines more" in long[-1].text
