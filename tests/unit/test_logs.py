"""Logs in pieces: windows of whole lines backwards, and searches that look at so much and no more."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from arctl.daemon.store import logs
from arctl.errors import RefusedError, UsageError


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "out.log"
    path.write_text("".join(f"line {number} läuft\n" for number in range(1000)))
    return path


def backwards(path: Path, lines: int) -> list[bytes]:
    """Read a log from its end to its beginning; the pieces, first the one at the beginning."""
    found: list[bytes] = []
    end = -1
    while piece := logs.before(path, end, lines):
        if not piece.data:
            return found[::-1]
        assert piece.start + len(piece.data) == piece.offset
        found.append(piece.data)
        end = piece.start
    return found


@pytest.mark.parametrize("lines", [1, 7, 5000])
def test_scrolled_back_a_log_is_whole_and_every_piece_begins_with_a_line(log: Path, lines: int) -> None:
    pieces = backwards(log, lines)
    assert b"".join(pieces) == log.read_bytes()
    assert all(piece.startswith(b"line") and piece.endswith(b"\n") for piece in pieces)
    assert all(piece.count(b"\n") == lines for piece in pieces[1:])


def test_logs_of_any_shape_are_whole_when_scrolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "PIECE", 40)
    path = tmp_path / "out.log"
    for seed in range(200):
        rng = random.Random(seed)
        path.write_bytes("".join(rng.choices("ab ü\n\n\r€", k=rng.randrange(300))).encode())
        pieces = backwards(path, rng.randrange(1, 6))
        assert b"".join(pieces) == path.read_bytes()
        for piece in pieces:
            piece.decode()  # no character is cut in two


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    assert logs.before(missing, -1, 10).size == logs.forward(missing, 0).size == 0
    assert logs.find(missing, "x", 0).offset is None


def test_a_line_without_an_end_is_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_text("one\ntwo\nthr")
    assert logs.before(path, -1, 1).text == "thr"
    assert logs.before(path, -1, 2).text == "two\nthr"
    assert logs.before(path, 6, 1).text == "tw"


def every(path: Path, text: str, *, backward: bool) -> list[int]:
    """Find all lines with a text, one after the other, however many calls that takes."""
    found: list[int] = []
    offset = -1 if backward else 0
    while True:
        match = logs.find(path, text, offset, backward=backward)
        if match.offset is not None:
            found.append(match.offset)
            offset = match.offset if backward else match.offset + 1
        elif match.at == offset or match.at in (0, match.size):
            return found
        else:
            offset = match.at


@pytest.mark.parametrize(("block", "reach"), [(1 << 20, 16 << 20), (64, 256), (64, 64)])
@pytest.mark.parametrize("backward", [False, True])
def test_a_search_finds_each_line_once_in_either_direction(
    log: Path, monkeypatch: pytest.MonkeyPatch, block: int, reach: int, backward: bool
) -> None:
    monkeypatch.setattr(logs, "BLOCK", block)
    monkeypatch.setattr(logs, "REACH", reach)
    data, wanted, place = log.read_bytes(), [], 0
    for line in data.splitlines(keepends=True):
        if b"77 " in line:
            wanted.append(place)
        place += len(line)
    assert every(log, "77 L", backward=backward) == (wanted[::-1] if backward else wanted)


def test_one_search_looks_at_so_much_and_says_how_far_it_came(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "BLOCK", 64)
    monkeypatch.setattr(logs, "REACH", 640)
    down = logs.find(log, "line 999", 0)
    assert down.offset is None
    assert 500 < down.at <= 704
    up = logs.find(log, "line 0", -1, backward=True)
    assert up.offset is None
    assert up.size - 704 <= up.at < up.size - 500


def test_what_is_still_being_written_is_found_when_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_text("one\nhalf a li")
    match = logs.find(path, "line", 0)
    assert (match.offset, match.at) == (None, 4)
    with path.open("a") as file:
        file.write("ne\n")
    assert logs.find(path, "line", match.at).offset == 4


def test_regular_expressions_match_lines_and_bad_ones_are_refused(log: Path) -> None:
    first = log.read_bytes().index(b"line 77 ")
    assert logs.match(log, r"^LINE 7{2}\s", 0).offset == first
    assert logs.match(log, r"line \d7 ", -1, backward=True).offset == log.read_bytes().index(b"line 97 ")
    with pytest.raises(UsageError, match="no regular expression"):
        logs.match(log, "(", 0)


def test_an_expression_that_would_take_for_ever_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "PATIENCE", 1.0)
    path = tmp_path / "out.log"
    path.write_text("a" * 60 + "b\n")
    with pytest.raises(RefusedError, match="too long"):
        logs.match(path, r"(a+)+$", 0)
