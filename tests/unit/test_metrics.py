"""Curves and final numbers from what runs print and write."""

from __future__ import annotations

import json
import math
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arctl.experiments.metrics import Point, ProgressParser, final_metrics, outcome, primary, read_final
from arctl.experiments.models import Metric
from arctl.experiments.progress import LONGEST_LINE

STATUS = (
    "step {step:05d} (3.1%) | loss: {loss:.6f} | lrm: 1.00 | dt: 314ms | tok/sec: 1,669,000 | mfu: 39.8% | "
    "epoch: 1 | remaining: 291s"
)
BLOCK = b"""\r\n---
val_bpb:          0.997900
training_seconds: 300.1
peak_vram_mb:     45060.2
mfu_percent:      39.80
total_tokens_M:   499.6
num_steps:        953
depth:            8
"""


def metric(**more: Any) -> Metric:
    return Metric.model_validate({"name": "val_bpb", **more})


def no_file(path: str) -> bytes | None:
    return None


def points(text: str | bytes, pattern: str | None = None) -> list[tuple[float, str, float]]:
    parser = ProgressParser(pattern)
    data = text.encode() if isinstance(text, str) else text
    return [(point.step, point.metric, point.value) for point in parser.feed(data) + parser.close()]


def test_autoresearch_status_lines_are_recognised_at_carriage_returns() -> None:
    parser = ProgressParser()
    text = "".join("\r" + STATUS.format(step=step, loss=9 - step) for step in range(3))
    found = parser.feed(text.encode())
    assert {point.step for point in found} == {0.0, 1.0}, "the last line has no end yet"
    found += parser.close()
    by_metric = {(point.step, point.metric): point.value for point in found}
    assert by_metric[2.0, "loss"] == 7.0
    assert by_metric[2.0, "tok/sec"] == 1669000.0
    assert by_metric[2.0, "mfu"] == 39.8
    assert by_metric[2.0, "dt"] == 314.0
    assert by_metric[2.0, "epoch"] == 1.0
    assert not any(point.metric == "remaining" for point in found)


def test_a_failure_appended_to_the_status_line_does_no_harm() -> None:
    found = points("\r" + STATUS.format(step=7, loss=math.nan) + "FAIL\n")
    assert [step for step, name, value in found if name == "loss" and math.isnan(value)] == [7.0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("step=10 loss=0.3", [(10, "loss", 0.3)]),
        ("epoch 3/10 - loss: 0.4 - val_loss: 0.5", [(3, "loss", 0.4), (3, "val_loss", 0.5)]),
        ("Epoch [3/10], Loss: 1e-3", [(3, "Loss", 0.001)]),
        ("iter 10: loss 3.2, time 12ms, mfu 1.5%", [(10, "loss", 3.2), (10, "mfu", 1.5)]),
        ("step 250: train loss 1.9, val loss 2.0", [(250, "train_loss", 1.9), (250, "val_loss", 2.0)]),
        (
            '{"step": 5, "loss": 0.25, "eval": {"acc": 1}, "ok": true}',
            [(5, "loss", 0.25), (5, "eval.acc", 1)],
        ),
        ("{'loss': 0.5, 'epoch': 0.25}", [(0.25, "loss", 0.5)]),
        ("epoch 1 step 20 loss: 2", [(20, "loss", 2)]),
        ("[info] Iteration: 1,200 | reward = -12.5", [(1200, "reward", -12.5)]),
        ("METRIC score=1.5", [(1, "score", 1.5)]),
        ("\x1b[32mstep 1\x1b[0m loss: \x1b[1m0.5\x1b[0m", [(1, "loss", 0.5)]),
        ("step 3 loss: -inf", [(3, "loss", -math.inf)]),
        ("loss: 0.5", []),
        ("2024-01-02 12:30:11 step 4 loss=1 at 12:30 on port: 80:90", [(4, "loss", 1)]),
        ("num_steps: 953", []),
        ("this first step 1 was easy", []),
        ("step nan loss 3", []),
        ("", []),
    ],
)
def test_lines_that_scripts_print(line: str, expected: list[tuple[float, str, float]]) -> None:
    assert points(line + "\n") == expected


def test_metric_lines_without_a_step_are_counted_by_name() -> None:
    found = points("METRIC a=1\nMETRIC b=5\nMETRIC a=2\n")
    assert found == [(1, "a", 1), (1, "b", 5), (2, "a", 2)]


def test_a_pattern_overrides_recognition() -> None:
    pattern = r"it (?P<step>[\d,]+)(?: l (?P<loss>\S+))?(?: a (?P<acc>\S+))?"
    text = "it 1,000 l 0.5\nstep 1 loss=3\nit 2 a 1e-2\nit 3 l oops\n"
    assert points(text, pattern) == [(1000, "loss", 0.5), (2, "acc", 0.01)]


@settings(deadline=None)
@given(st.lists(st.integers(0, 120), max_size=30))
def test_how_the_bytes_are_cut_makes_no_difference(cuts: list[int]) -> None:
    data = ("größe\r\n" + STATUS.format(step=1, loss=2) + "\r\nstep=2 loss=1\n").encode()
    parser = ProgressParser()
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found = [point for a, b in pairwise(bounds) for point in parser.feed(data[a:b])]
    assert found == ProgressParser().feed(data)
    assert Point(2.0, "loss", 1.0) in found


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5), st.sampled_from([None, r"(?P<step>\d+) (?P<x>\S+)"]))
def test_no_bytes_crash_the_parser(pieces: list[bytes], pattern: str | None) -> None:
    parser = ProgressParser(pattern)
    for piece in pieces:
        parser.feed(piece)
    parser.close()


def test_a_line_without_end_is_bounded_and_the_next_line_is_read() -> None:
    parser = ProgressParser()
    for _ in range(160):
        assert parser.feed(b"step 1 loss: 2 " * 4369) == []
        assert len(parser._partial) <= LONGEST_LINE
    assert parser.feed(b"\nstep 2 loss: 1\n") == [Point(2.0, "loss", 1.0)]


@pytest.mark.parametrize(
    "piece", [b"a", b"a.", b"a ", b"1", b"1,", b"step ", b"loss=", b"\x1b[", b"\x1b]", b"- "]
)
def test_no_line_takes_long(piece: bytes) -> None:
    line = piece * (LONGEST_LINE // len(piece))
    started = time.monotonic()
    ProgressParser().feed(line + b"\n")
    final_metrics(metric(), line, no_file)
    assert time.monotonic() - started < 2.0


def test_the_final_block_of_autoresearch() -> None:
    final = read_final(metric(), b"noise\r" + STATUS.format(step=1, loss=2).encode() + BLOCK, no_file)
    assert final.metrics["val_bpb"] == 0.9979
    assert final.metrics["peak_vram_mb"] == 45060.2
    assert final.metrics["num_steps"] == 953
    assert final.notes == ()
    assert "step 1" not in final.metrics


def test_the_last_block_counts_and_that_is_said() -> None:
    final = read_final(metric(), BLOCK + BLOCK.replace(b"0.997900", b"0.5"), no_file)
    assert final.metrics["val_bpb"] == 0.5
    assert any("2 blocks" in note for note in final.notes)


def test_a_duplicate_line_in_the_block_is_noted() -> None:
    final = read_final(metric(), b"---\nval_bpb: 1.0\nval_bpb: 0.1\n", no_file)
    assert final.metrics["val_bpb"] == 0.1
    assert any("more than once" in note for note in final.notes)


def test_without_a_block_the_last_lines_count() -> None:
    assert final_metrics(metric(), b"val_bpb: 3\nother\nMETRIC val_bpb=2.5\nacc = 91 %\n", no_file) == {
        "val_bpb": 2.5,
        "acc": 91,
    }


def test_a_metric_outside_the_block_is_taken_with_a_note() -> None:
    final = read_final(metric(), b"val_bpb: 1.5\n---\nother: 2\n", no_file)
    assert final.metrics == {"val_bpb": 1.5, "other": 2}
    assert any("not in the final block" in note for note in final.notes)


def test_a_rule_without_a_block_behind_it_is_no_block() -> None:
    assert final_metrics(metric(), BLOCK + b"----\nbye\n", no_file)["val_bpb"] == 0.9979


@pytest.mark.parametrize(
    ("text", "value"), [(b"nan", math.nan), (b"inf", math.inf), (b"-Infinity", -math.inf)]
)
def test_what_is_not_finite_is_returned_and_never_usable(text: bytes, value: float) -> None:
    found = final_metrics(metric(), b"---\nval_bpb: " + text + b"\n", no_file)
    assert found["val_bpb"] == value or math.isnan(value)
    judged = primary(metric(), found)
    assert (judged.status, judged.value) == ("not_finite", None)
    assert "val_bpb" in judged.evidence


def test_a_missing_metric_says_where_it_was_looked_for() -> None:
    judged, found = outcome(metric(), b"x" * 65536 + b"\nval_loss: 0.5\n", no_file)
    assert (judged.status, judged.value) == ("missing", None)
    assert judged.evidence == "no line `val_bpb: <number>` in the last 64 KiB of the log; found val_loss"
    assert found == {"val_loss": 0.5}
    assert outcome(metric(), b"", no_file)[0].evidence == "the run printed nothing"


def test_json_files_are_flattened() -> None:
    record = {"a": {"val": 0.5, "ok": True, "s": "x"}, "epochs": [{"l": 1}, {"l": 2}], "n": None}
    source = metric(name="a.val", source="json", file="m.json")
    final = read_final(source, b"", {"m.json": json.dumps(record).encode()}.get)
    assert final.metrics == {"a.val": 0.5, "epochs.0.l": 1, "epochs.1.l": 2, "epochs.-1.l": 2}
    assert primary(source, final.metrics).value == 0.5


@pytest.mark.parametrize(
    ("data", "evidence"),
    [
        (None, "left no file m.json"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"b": 1}', "no number at `a` in m.json; found b"),
    ],
)
def test_a_json_file_that_lacks_the_metric_says_why(data: bytes | None, evidence: str) -> None:
    judged, _ = outcome(metric(name="a", source="json", file="m.json"), b"", lambda path: data)
    assert judged.status == "missing"
    assert evidence in judged.evidence


def test_the_last_whole_record_of_json_lines_counts() -> None:
    source = metric(name="acc", source="jsonl", file="m.jsonl")
    data = b'{"acc": 0.1}\n{"acc": 0.2, "loss": NaN}\n\n{"acc": 0.'
    final = read_final(source, b"", lambda path: data)
    assert final.metrics["acc"] == 0.2
    assert math.isnan(final.metrics["loss"])
    assert final.notes == ("the last 1 line of m.jsonl could not be read",)
    assert "no line of JSON" in outcome(source, b"", lambda path: b"\n")[0].evidence.replace("a line", "line")


def test_the_last_match_of_a_pattern_counts() -> None:
    source = metric(source="regex", pattern=r"best (?:is|was) (?P<value>\S+)")
    log = b"best is 3\nbest was 1,000.5\nmemory: 7\n"
    assert final_metrics(source, log, no_file) == {"val_bpb": 1000.5, "memory": 7}
    assert "not a number" in outcome(source, b"best is great", no_file)[0].evidence
    assert "matches nothing" in outcome(source, b"", no_file)[0].evidence
    assert final_metrics(metric(source="regex", pattern=r"v=(\d+)"), b"v=1 v=2", no_file) == {"val_bpb": 2}


SOURCES = [
    metric(),
    metric(source="json", file="f"),
    metric(source="jsonl", file="f"),
    metric(source="regex", pattern=r"(\S+)"),
]


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(SOURCES))
def test_no_bytes_crash_the_final_reading(data: bytes, source: Metric) -> None:
    judged, found = outcome(source, data, lambda path: data)
    assert judged.status in ("ok", "missing", "not_finite")
    assert judged.evidence
    assert (judged.value is None) == (judged.status != "ok")
    assert all(isinstance(value, float) for value in found.values())


def json_like() -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner))


@settings(deadline=None)
@given(json_like())
def test_any_json_value_is_read(value: Any) -> None:
    text = json.dumps(value).encode()
    for source in SOURCES[1:3]:
        outcome(source, b"", lambda path: text)
    assert isinstance(points(text + b"\n"), list)


def test_integers_beyond_floats_are_infinite() -> None:
    source = metric(name="x", source="json", file="f")
    judged, _ = outcome(source, b"", lambda path: b'{"x": 1' + b"0" * 400 + b"}")
    assert judged.status == "not_finite"
