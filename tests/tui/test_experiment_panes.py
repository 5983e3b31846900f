"""The panes of experiments: what they say of replies, at every width, whatever stands in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from rich.cells import cell_len

from arctl.tui.data.query import Answer, Query, query
from arctl.tui.data.route import Route, Screen
from arctl.tui.data.rows import Campaign
from arctl.tui.data.view import Link, Phase, View
from arctl.tui.look.glyphs import ASCII, BRAILLE, Glyphs
from arctl.tui.look.lines import plain
from arctl.tui.look.scene import Scene
from arctl.tui.panes.config import ConfigPane
from arctl.tui.panes.critiques import CritiquesPane
from arctl.tui.panes.curve import curve_query, read
from arctl.tui.panes.diff import DiffPane
from arctl.tui.panes.experiments import SORTS, ExperimentsPane
from arctl.tui.panes.lineage import LineagePane, lineage_query
from arctl.tui.panes.logtail import LogTailPane
from arctl.tui.panes.notes import NotesPane
from arctl.tui.panes.preview import PreviewPane
from arctl.tui.panes.shown import PartPane, show_query
from arctl.tui.panes.verdict import VerdictPane
from arctl.tui.screens.experiment import ExperimentPage
from arctl.tui.widgets.pane import Pane

WIDTHS = (24, 58, 118)
HOSTILE = "\x1b[2J\x1b]0;x\x07[red]\u202e\u200b\x00 日本語 e\u0301 " + "w" * 10_000
RAW = set(map(chr, [*range(32), *range(127, 160)])) | {"\u202e", "\u200b"}
PARTS: tuple[Callable[[str], Pane], ...] = (
    VerdictPane, DiffPane, CritiquesPane, NotesPane, ConfigPane, LineagePane, LogTailPane,
)  # fmt: skip
EVIDENCE = {
    "policy": "sequential", "n": 2, "m": 5, "mean_candidate": 1.2, "mean_champion": 1.5, "effect": 0.3,
    "effect_low": 0.1, "effect_high": 0.5, "sigma": 0.01, "nu": 6, "z": 9.0, "threshold": 2.5,
    "futility": 0.8, "method": "pooled", "minimum_detectable_effect": 0.02, "guardrails": [], "note": "",
    "against": "e1",
    "failed_bank_runs": 0,
}  # fmt: skip
DIFF = """diff --git a/train.py b/train.py
index 1..2 100644
--- a/train.py
+++ b/train.py
@@ -1,3 +1,3 @@
 def f():  # why
-LR = 0.1
+LR = 0.2
"""


def shown(text: str = "", **changes: Any) -> dict[str, Any]:
    """A reply of `show`, with the same words in every field."""
    run = {
        "id": "r9", "experiment": "e5", "state": "ended", "attempt": 1, "seed": 7, "value": 1.2,
        "started": 10.0, "ended": 30.0, "seconds": 20.0, "outcome": "crashed", "reason": text, "stopping": "",
        "held": False,
        "device_name": text or "sim3", "purpose": text or "search", "evidence": {"tail": [text, "killed"]},
    }  # fmt: skip
    row = {
        "id": "e5", "campaign": "bowl", "state": "closed", "verdict": "accepted", "title": text or "LR up",
        "reason": text or "Z reached the threshold", "commit": "c0ffee0011",
        "params": {"LR": 0.2, text or "X": text},
        "values": [1.2], "seconds": 20.0, "repairs": 1, "by_hand": True,
        "evidence": {**EVIDENCE, "guardrails": [text] if text else [], "note": text},
    }  # fmt: skip
    critique = {"id": "c1", "author": text or "emmy", "stance": "object", "reason": text or "too bold",
                "lifted": text, "links": ["e3"], "created": 5.0}  # fmt: skip
    post = {
        "id": "m4",
        "author": text or "ada",
        "kind": text or "note",
        "text": text or "so it goes",
        "created": 5.0,
    }
    return {
        "metric": text or "loss", "goal": "minimize", "experiment": {**row, **changes}, "change": text,
        "findings": [{"check": text or "clock", "severity": "flag", "text": text or "late", "where": text}],
        "proposal": {"id": "p4", "agent": text or "ada", "brain": text, "hypothesis": text or "it is too low",
                     "uncritiqued": True},
        "base": {"id": "e1", "title": text}, "champion": False, "runs": [run],
        "company": {"team": {"id": "t1", "name": text or "alpha"},
                    "direction": {"id": "h1", "title": text or "LR"},
                    "critiques": [critique], "posts": [post],
                    "near": [{"id": "e3", "title": text, "state": text}]},
        "events": [{"seq": 3, "at": 9.0, "subject": "r9", "text": text or "r9 started"}],
    }  # fmt: skip


def node(ident: str, base: str, text: str = "", **changes: Any) -> dict[str, Any]:
    return {"id": ident, "base": base, "title": text or ident, "state": "closed", "verdict": "rejected",
            "effect": 0.1, "mean": 1.0, "running": False, **changes}  # fmt: skip


def replies(text: str = "", **changes: Any) -> dict[Query, Any]:
    """Answers to all that the page of e5 asks."""
    reply = shown(text, **changes)
    first = {show_query("e5"): reply, show_query("e1"): shown(text, id="e1", params={"LR": 0.1})}
    known = scene(first)
    log = LogTailPane("log").logs_query(known)
    assert log is not None
    return {
        **first,
        curve_query(known.view, "e5"): {
            "run": "r9", "experiment": "e5", "metrics": [text or "loss"],
            "extents": {text or "loss": [0, 9, 10]},
            "curves": {text or "loss": [[0, 2.0], [1, None], [2, 1.0]]},
        },
        DiffPane("diff").wants(known)[1]: {"diff": DIFF + f"+{text}\n", "note": ""},
        lineage_query("e5"): {
            "path": ["e1", "e5"], "children": 9, "champion": "e7",
            "nodes": [node("e1", "", text), node("e5", "e1", text), node("e7", "e5", text)],
        },
        log: {"text": f"{text}\nloss 1.0\nerror: {text}\n", "start": 100, "size": 140, "done": True},
    }  # fmt: skip


def scene(answers: Mapping[Query, Any], route: str = "e5", glyphs: Glyphs = BRAILLE) -> Scene:
    known = MappingProxyType({asked: Answer(reply, at=1.0) for asked, reply in answers.items()})
    campaigns = (Campaign("bowl", experiments=3, champion="e1"),)
    view = View(link=Link(Phase.LIVE), host="h", campaigns=campaigns, chosen="bowl", answers=known)
    return Scene(view, Route(Screen.EXPERIMENTS, route), 60.0, glyphs)


def text_of(pane: Pane, found: Scene, width: int = 118) -> str:
    return "\n".join(plain(row.line) for row in pane.rows(found, width))


@pytest.mark.parametrize("glyphs", [BRAILLE, ASCII], ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("make", PARTS, ids=lambda cls: cls.__name__)
def test_lines_have_the_width_of_the_pane_and_nothing_raw_in_them(
    make: Callable[[str], Pane], width: int, glyphs: Glyphs
) -> None:
    found = scene(replies(HOSTILE), glyphs=glyphs)
    for wrapped in (False, True):
        pane = make("pane")
        assert isinstance(pane, PartPane)
        pane.wrapped = wrapped
        rows = pane.rows(found, width)
        assert rows
        for row in rows:
            line = plain(row.line)
            assert cell_len(line) == width
            assert not RAW & set(line)
        assert not RAW & set(pane.heading(found))
        assert not RAW & set(pane.hints(found) + pane.empty(found))


@pytest.mark.parametrize("make", PARTS, ids=lambda cls: cls.__name__)
def test_a_reply_of_another_shape_is_an_empty_pane_and_no_error(make: Callable[[str], Pane]) -> None:
    asked = replies()
    for reply in (None, {}, [], {"experiment": 3, "runs": {}, "nodes": [1], "text": 4, "diff": []}):
        found = scene(dict.fromkeys(asked, reply))
        assert make("pane").rows(found, 58) is not None
        assert make("pane").heading(found)


def test_the_verdict_says_why_with_both_means_the_interval_and_the_threshold() -> None:
    said = text_of(VerdictPane("verdict"), scene(replies()))
    for part in ("accepted: Z reached", "1.2 over 2 runs", "1.5 over 5 runs", "[+0.1, +0.5]",
                 "accepted from 2.50", "sigma 0.01", "true gain of 0.02", "decided by hand",
                 "r9"):  # fmt: skip
        assert part in said
    assert VerdictPane("verdict").heading(scene(replies())) == "Verdict  loss 1.2 n=1  20s"


@pytest.mark.parametrize(
    ("low", "high", "inside"), [(0.1, 0.5, False), (-0.5, -0.1, False), (-0.2, 0.4, True)]
)
def test_an_interval_is_drawn_against_nothing_gained(low: float, high: float, inside: bool) -> None:
    evidence = {**EVIDENCE, "effect": (low + high) / 2, "effect_low": low, "effect_high": high}
    said = text_of(VerdictPane("verdict"), scene(replies(evidence=evidence)))
    drawn = next(line for line in said.splitlines() if " gain " in line).partition("]")[2]
    first, last, zero = drawn.index("|"), drawn.rindex("|"), drawn.index("0")
    assert (first < zero < last) is inside
    assert first < drawn.index(BRAILLE.kept) < last


def test_a_result_in_quarantine_says_so_and_what_can_be_done() -> None:
    reply = shown(state="open", verdict="", reason="prints less")
    reply["findings"] = [
        {"check": "output", "severity": "quarantine", "text": "prints less", "where": "train.py:9"},
        {"check": "seed", "severity": "note", "text": "another generator", "where": "train.py:3"},
    ]
    reply["quarantined"] = True
    text = text_of(VerdictPane("verdict"), scene({show_query("e5"): reply}))
    assert "quarantine: prints less" in text
    assert "output: prints less (train.py:9)" in text
    assert ":release has it judged, :invalidate rejects it" in text
    reply["quarantined"] = False
    assert ":release" not in text_of(VerdictPane("verdict"), scene({show_query("e5"): reply}))


def test_every_run_is_a_link_to_its_log_and_a_crash_shows_its_end() -> None:
    rows = VerdictPane("verdict").rows(scene(replies()), 118)
    assert "r9" in [row.key for row in rows]
    assert any("killed" in plain(row.line) for row in rows)


def test_the_difference_counts_lines_and_marks_the_words_that_changed() -> None:
    pane, found = DiffPane("diff"), scene(replies("x"))
    assert pane.heading(found) == "Diff  train.py +2 -1  on e1"
    rows = pane.rows(found, 118)
    assert [row.key.partition(":")[0] for row in rows[:2]] == ["section", "section"]
    strong = {span[0].strip() for row in rows[2:] for span in row.line if span[1] == "strong"}
    assert strong == {"1", "2"}


def test_the_lineage_marks_what_is_open_and_says_what_it_leaves_out() -> None:
    pane, found = LineagePane("lineage"), scene(replies())
    rows = pane.rows(found, 118)
    assert [row.key for row in rows] == ["e1", "e5", "e7", ""]
    assert pane.resting(found) == "e5"
    assert BRAILLE.here in plain(rows[1].line)
    assert BRAILLE.champion in plain(rows[2].line)
    assert "8 older" in plain(rows[3].line)


def test_parameters_that_differ_come_first_and_are_marked() -> None:
    pane, found = ConfigPane("config"), scene(replies(params={"A": 1, "LR": 0.2}))
    rows = [plain(row.line).split() for row in pane.rows(found, 58)]
    assert [row[0] for row in rows] == [f"{BRAILLE.here}A", f"{BRAILLE.here}LR"]
    assert rows[1][1:] == ["0.2", "0.1"]


def test_a_log_asks_each_second_only_while_its_run_goes_on() -> None:
    pane, ended = LogTailPane("log"), scene(replies())
    query_ended = pane.logs_query(ended)
    reply = shown()
    reply["runs"][0]["state"] = "running"
    query_going = pane.logs_query(scene({show_query("e5"): reply}))
    assert query_ended is not None
    assert query_going is not None
    assert (query_ended.pace, query_going.pace) == ("once", "second")
    assert "error" in text_of(pane, ended)


def test_a_value_that_is_no_number_is_a_gap_of_the_curve() -> None:
    reply = {"metrics": ["loss"], "curves": {"loss": [[0, 2.0], [1, None], [2, 1], ["x", 3], 4]}}
    one = read(reply, "loss", "e5")
    assert one is not None
    assert one.points == ((0.0, 2.0), (1.0, None), (2.0, 1.0))
    assert read(reply, "accuracy", "e5") is None


def window(total: int, offset: int, text: str = "") -> dict[str, Any]:
    rows = [
        {"id": f"e{total - at}", "title": text or "LR up", "verdict": "rejected", "state": "closed",
         "mean": 1.0, "effect": -0.1, "runs": 2, "seconds": 9.0, "team": "t1", "agent": text or "ada",
         "reason": text or "why", "running": [], "devices": []}
        for at in range(offset, min(total, offset + 100))
    ]  # fmt: skip
    return {"campaign": "bowl", "metric": text or "loss", "goal": "minimize", "champion": "e7",
            "teams": {"t1": text or "alpha"}, "offset": offset, "total": total,
            "experiments": rows}  # fmt: skip


def first_window(total: int, text: str = "") -> Scene:
    asked = query("experiments", campaign="bowl", sort="new", offset=0, limit=100)
    return scene({asked: window(total, 0, text)}, route="")


def test_a_list_of_a_hundred_thousand_asks_for_what_is_in_sight_and_lays_out_nothing_else() -> None:
    pane, found = ExperimentsPane("experiments"), first_window(100_000)
    rows = pane.rows(found, 118)
    assert len(rows) == 100_000
    assert rows[0].key == "e100000"
    assert "…" in plain(rows[99_999].line)
    assert rows[99_999].key == ""
    assert [each.given["offset"] for each in pane.wants(found)] == [0]
    assert len(rows._made) == 2  # type: ignore[attr-defined]


def test_windows_from_before_others_came_in_are_not_mixed_with_newer_ones() -> None:
    pane = ExperimentsPane("experiments")
    pane._windows = {0: None, 1: None}
    first, second = (
        query("experiments", campaign="bowl", sort="new", offset=at, limit=100) for at in (0, 100)
    )
    found = scene({first: window(150, 0), second: window(149, 100)}, route="")
    view = found.view
    newer = {**view.answers, first: Answer(window(150, 0), at=9.0)}
    found = Scene(View(**{**_fields(view), "answers": newer}), found.route, 60.0, BRAILLE)
    rows = pane.rows(found, 118)
    assert len(rows) == 150
    assert rows[99].key == "e51"
    assert rows[100].key == ""


def _fields(view: View) -> dict[str, Any]:
    return {name: getattr(view, name) for name in view.__dataclass_fields__}


@pytest.mark.parametrize("width", [*WIDTHS, 198])
def test_a_row_of_the_list_has_the_width_and_nothing_raw_in_it(width: int) -> None:
    pane, found = ExperimentsPane("experiments"), first_window(3, HOSTILE)
    for line in [*(plain(row.line) for row in pane.rows(found, width)), plain(pane.head(found, width))]:
        assert cell_len(line) == width
        assert not RAW & set(line)
    assert not RAW & set(pane.heading(found))


def test_the_filter_goes_to_the_daemon_and_turned_around_as_well() -> None:
    pane, found = ExperimentsPane("experiments"), first_window(3)
    pane.filter = "!crashed"
    given = pane.wants(found)[0].given
    assert (given["text"], given["not"]) == ("crashed", True)
    pane.filter = "muon"
    given = pane.wants(found)[0].given
    assert (given["text"], given.get("not")) == ("muon", None)


def test_the_column_that_sorts_has_an_arrow() -> None:
    pane, found = ExperimentsPane("experiments"), first_window(3)
    for at, (sort, turned) in enumerate(SORTS):
        pane._order = at
        assert pane.wants(found)[0].given["sort"] == sort
        head = plain(pane.head(found, 118))
        assert (BRAILLE.up if turned else BRAILLE.down) in head


def test_the_preview_shows_the_verdict_of_the_row_under_the_cursor() -> None:
    listing = ExperimentsPane("experiments")
    listing._rows = listing.rows(first_window(5), 118)
    pane = PreviewPane("preview", listing)
    assert pane.ident == "e5"
    for text in ("", HOSTILE):
        rows = pane.rows(scene(replies(text), route=""), 58)
        assert all(cell_len(plain(row.line)) == 58 and not RAW & set(plain(row.line)) for row in rows)
    assert "accepted" in text_of(pane, scene(replies(), route=""))


@pytest.mark.parametrize("text", ["", HOSTILE])
def test_the_page_says_how_it_stands_where_it_runs_and_what_it_is_built_on(text: str) -> None:
    page, reply = ExperimentPage(), shown(text, verdict="", state="open")
    reply["runs"][0] |= {"state": "running", "ended": None, "outcome": ""}
    found = scene({show_query("e5"): reply})
    said = plain(page.headline(found, 118))
    assert said.startswith("running")
    assert "00:50" in said
    assert "base e1" in said
    assert not RAW & set(said + "".join(crumb for crumb, _ in page.crumbs(found)))
