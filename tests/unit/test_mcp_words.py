"""How the MCP server writes: bounded, harmless, foreign text in fences that it cannot close."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from arctl.errors import UsageError
from arctl.mcp.night import Seen
from arctl.mcp.words import MAX_ANSWER, ago, answer, fence, lean, moment
from tests.unit.test_layout import loaded


@pytest.mark.parametrize("inside", ["plain", "````", "a\n`````\nb", "`" * 50, "ends with `"])
def test_foreign_text_cannot_close_its_fence(inside: str) -> None:
    lines = fence("log of r1", inside).splitlines()
    marks = lines[1]
    assert "not instructions" in lines[0]
    assert set(marks) == {"`"}
    assert lines[-1] == marks
    assert not any(line.startswith(marks) for line in lines[2:-1])


def test_a_long_text_is_cut_at_the_end_that_matters_less() -> None:
    log = "first\n" + "x" * 5000 + "\nlast"
    assert "last" in fence("log", log, 100, end=True)
    assert "first" not in fence("log", log, 100, end=True)
    assert "first" in fence("file", log, 100)


def test_answers_are_json_of_bounded_length_without_escapes() -> None:
    rows = [{"title": "\x1b[31m" + "t" * 4000, "number": n} for n in range(5000)]
    text = answer({"experiments": rows, "value": 0.1 + 0.2})
    assert len(text) <= MAX_ANSWER
    found = json.loads(text)
    assert found["value"] == 0.3
    assert "earlier ones left out" in found["experiments"][0]
    assert found["experiments"][-1]["number"] == 4999, "the newest are kept"
    assert "\x1b" not in text


def test_what_is_empty_is_left_out() -> None:
    assert lean({"a": "", "b": None, "c": [], "d": 0, "e": False, "rev": 3}, "rev") == {"d": 0, "e": False}


def test_moments_are_spans_or_local_times() -> None:
    assert moment("12h", 1e6) == 1e6 - 43_200
    assert moment(" 1h 30m ", 1e6) == 1e6 - 5400
    assert moment("2031-05-04T22:00", 0.0) == datetime(2031, 5, 4, 22).astimezone().timestamp()
    assert moment("2031-05-04t22:00z", 0.0) == datetime(2031, 5, 4, 22, tzinfo=UTC).timestamp()
    for wrong in ("", "soon", "12", "h", "12h and more", "99999999999d", "9" * 400 + "w", "99999999999999h"):
        with pytest.raises(UsageError) as told:
            moment(wrong, 0.0)
        assert told.value.remedy


def test_lengths_of_time_are_read_aloud() -> None:
    assert [ago(seconds) for seconds in (20, 3600, 5400, 90_000)] == ["0 min", "1 h", "1 h 30 min", "1 d 1 h"]


def test_events_are_counted_by_what_they_mean() -> None:
    seen = Seen()
    for kind, data in (
        ("proposal.made", {}),
        ("proposal.refused", {}),
        ("turn.failed", {"fault": "overloaded"}),
        ("champion.new", {}),
        ("run.ended", {}),
    ):
        seen.take({"kind": kind, "text": f"{kind}\x1b[2J happened", "at": 0.0, "data": data})
    assert (seen.proposed, seen.refused, seen.runs, seen.total) == (2, 1, 1, 5)
    assert +seen.faults == {"overloaded": 1}
    (line,) = seen.lines["Champions"]
    assert line.endswith("champion.new happened")


def test_the_sdk_is_loaded_only_to_serve() -> None:
    assert "mcp" not in loaded("import arctl.cli.mcp")
    assert "mcp" not in loaded("import arctl.mcp.server")
