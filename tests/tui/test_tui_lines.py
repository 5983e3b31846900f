"""Lines, bars and curves as plain data: exactly as wide as they should be, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from arctl.errors import UsageError
from arctl.tui.look.columns import Column, laid, titled
from arctl.tui.look.glyphs import BRAILLE, SETS, Glyphs, glyphs
from arctl.tui.look.lines import (
    Cell,
    bar,
    difference,
    edges,
    fit,
    lay,
    line,
    merged,
    padded,
    plain,
    spark,
    wrap,
)
from arctl.tui.look.progress import Progress, draw
from arctl.tui.look.words import MOOT, VERDICTS, sign
from arctl.tui.windows.help import legend_lines

TEXT = st.text(st.characters(exclude_categories=["C", "Z", "M"]), max_size=40)
GLYPHS = st.sampled_from(list(SETS.values()))


@given(TEXT, st.integers(0, 30), st.booleans())
def test_text_fits_exactly(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width


@given(st.lists(st.tuples(TEXT, st.integers(0, 12)), min_size=1, max_size=5), st.integers(1, 60))
def test_a_row_is_as_wide_as_it_should_be(cells: list[tuple[str, int]], width: int) -> None:
    assert cell_len(plain(lay([Cell(text, size) for text, size in cells], width))) == width


@given(st.lists(TEXT, min_size=3, max_size=3), st.integers(1, 60))
def test_a_row_of_a_table_stands_below_its_titles(texts: list[str], width: int) -> None:
    columns = [Column("ID", 5), Column("WHY"), Column("AGE", 4, right=True, least=30)]
    head, row = titled(columns, width), laid(columns, [(text, "") for text in texts], width)
    assert [cell_len(text) for text, _ in head] == [cell_len(text) for text, _ in row]
    assert cell_len(plain(row)) == width
    assert ("AGE" in plain(head)) == (width >= 30)


@given(st.lists(TEXT, max_size=5), st.integers(0, 60))
def test_a_padded_line_is_as_wide_as_it_should_be(texts: list[str], width: int) -> None:
    told = padded(tuple((text, "dim") for text in texts), width)
    assert cell_len(plain(told)) == width


@given(st.one_of(st.none(), st.floats(-1, 2)), st.integers(1, 20), GLYPHS)
def test_a_bar_is_as_wide_as_it_should_be(share: float | None, width: int, known: object) -> None:
    assert len(plain(bar(share, width, known))) == width  # type: ignore[arg-type]


@given(st.lists(st.one_of(st.none(), st.floats(0, 200)), max_size=50), st.integers(0, 20), GLYPHS)
def test_a_history_is_as_wide_as_it_should_be(told: list[float | None], width: int, known: object) -> None:
    assert len(spark(told, width, known)) == width  # type: ignore[arg-type]


@given(TEXT, TEXT, st.integers(0, 60))
def test_what_stands_at_the_edges_fills_the_line(left: str, right: str, width: int) -> None:
    assert cell_len(plain(edges(line(left), line(right), width))) == max(width, cell_len(right))


@given(st.text(max_size=300), st.integers(10, 40))
def test_a_broken_text_loses_no_letter_and_no_line_is_too_long(text: str, width: int) -> None:
    found = wrap(text, width)
    assert all(cell_len(plain(each)) <= width for each in found)
    said = "".join(plain(each) for each in found)
    assert "".join(said.split()) == "".join(text.split())


def test_a_text_that_fills_its_lines_is_whole_and_a_longer_one_is_cut() -> None:
    assert list(map(plain, wrap("one two three four", 10, most=2))) == ["one two", "three four"]
    assert list(map(plain, wrap("one two three four five", 10, most=2))) == ["one two", "…"]
    assert list(map(plain, wrap("one\ntwo\nthree", 10, most=2))) == ["one", "…"]


@given(TEXT, TEXT)
def test_outside_the_difference_lines_are_the_same(old: str, new: str) -> None:
    before, after = line(fit(old, 30)), line(fit(new, 30))
    first, count = difference(before, after)
    assert (count == 0) == (before == after)
    assert first + count <= 30
    assert plain(merged(after)) == plain(after)


def test_the_curve_goes_on_to_the_newest_experiment() -> None:
    drawn = draw(Progress(((1.0, 1.5), (5.0, 1.2)), ((3.0, 1.6), (4.0, 90.0)), 9.0), 40, 7, BRAILLE)
    assert [cell_len(plain(each)) for each in drawn] == [40] * 7
    assert "\n".join(map(plain, drawn)).count("●") == 2
    assert plain(drawn[0]).strip().startswith("1.6"), "a run that diverged does not flatten the curve"
    assert draw(Progress((), (), 0.0), 40, 5, BRAILLE) == []


@pytest.mark.parametrize("name", SETS)
@given(
    kept=st.lists(st.tuples(st.floats(1, 500), st.floats(-1e9, 1e9)), min_size=1, max_size=8),
    others=st.lists(st.tuples(st.floats(1, 500), st.floats(-1e9, 1e9)), max_size=8),
    width=st.integers(16, 60),
    height=st.integers(2, 12),
    zoom=st.integers(0, 8),
)
def test_a_curve_of_any_numbers_is_as_large_as_it_should_be(
    name: str,
    kept: list[tuple[float, float]],
    others: list[tuple[float, float]],
    width: int,
    height: int,
    zoom: int,
) -> None:
    kept = sorted(kept)
    drawn = draw(Progress(tuple(kept), tuple(others), 500.0), width, height, glyphs(name), zoom)
    assert [cell_len(plain(each)) for each in drawn] == [width] * height


def test_plain_ascii_glyphs_are_ascii() -> None:
    known = glyphs("ascii")
    drawn = draw(Progress(((1.0, 1.5), (5.0, 1.2)), ((3.0, 1.6),), 9.0), 40, 9, known)
    texts = [*map(plain, drawn), plain(bar(0.4, 9, known)), spark([1.0, 50.0, 99.0], 9, known)]
    assert all(text.isascii() for text in texts)


def test_glyphs_that_are_not_there_are_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        glyphs("emoji")
    assert "braille, block, ascii" in caught.value.remedy


def test_a_line_that_grew_differs_to_its_end() -> None:
    old, new = line("99 rows so far"), line("100 rows so far")
    assert difference(old, new) == (0, 15)
    assert difference(line("read 9 rows"), line("read 10 rows")) == (5, 7)
    assert difference(line("read 10 rows"), line("read 11 rows")) == (6, 1)
    assert difference(line("漢 9"), line("漢 8")) == (3, 1)


@pytest.mark.parametrize("known", SETS.values(), ids=SETS)
def test_what_was_neither_kept_nor_failed_has_a_glyph_of_its_own(known: Glyphs) -> None:
    def glyph(verdict: str) -> str:
        return sign(verdict, "closed", known, running=False, held=False)[0]

    assert {glyph(verdict) for verdict in MOOT} == {known.moot}
    assert known.moot not in {glyph(verdict) for verdict in VERDICTS}
    assert {sign(verdict, "closed", known, running=False, held=False)[1] for verdict in MOOT} == {"dim"}


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("known", SETS.values(), ids=SETS)
def test_the_help_tells_every_glyph_of_a_verdict(known: Glyphs, width: int) -> None:
    lines = [plain(each) for each in legend_lines(width, known)]
    told = {each[1:9].strip() for each in lines}
    assert {sign(verdict, "", known, running=False, held=False)[0] for verdict in (*MOOT, *VERDICTS)} <= told
    assert max(map(cell_len, lines)) <= width
