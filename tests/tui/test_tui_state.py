from __future__ import annotations

import subprocess
import sys

from arctl.tui.lines import Cell, bar, difference, fit, lay, line, merged, plain
from arctl.tui.plot import Progress, draw
from arctl.tui.rows import experiment
from arctl.tui.state import View
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from arctl.tui import state
from arctl.tui.keys import ACTIONS, key_line
from arctl.tui.launch import prepare

TEXT = st.text(st.characters(exclude_categories=["C", "Z", "M"]), max_size=40)


def _event(seq: int, text: str = "x") -> dict[str, object]:
    return {"seq": seq, "at": 1.0, "kind": "k", "campaign": "c", "subject": "e1", "text": text, "actor": "a"}


def test_the_interface_never_imports_the_daemon() -> None:
    code = (
        "import sys, arctl.tui.app, arctl.aclient; "
        "sys.exit(any(name.startswith('arctl.daemon') or name == 'daemon' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_events_are_kept_once_and_in_order() -> None:
    view = state.with_events(View(), [_event(2), _event(1)])
    again = state.with_events(view, [_event(2), _event(3)])
    assert [row.seq for row in again.events] == [1, 2, 3]
    assert again.link.seq == 3
    assert state.with_events(again, [_event(3)]) is again


def test_foreign_text_is_harmless_before_it_is_kept() -> None:
    evil = "a\x1b]0;owned\x07b\x1b[2Jc[bold]d\nnext"
    view = state.with_events(View(), [_event(1, evil)])
    assert view.events[0].text == "abc[bold]d next"
    assert experiment({"id": "e1", "title": evil}).title == "abc[bold]d next"


def test_an_answer_for_another_campaign_is_dropped() -> None:
    view = state.choose(View(), "mine")
    assert state.with_experiments(view, {"campaign": "other", "experiments": [{"id": "e1"}]}) is view


def test_champions_are_kept_however_old() -> None:
    rows = [{"id": f"e{n}", "verdict": "accepted" if n == 1 else "rejected"} for n in range(1, 2001)]
    view = state.with_experiments(
        state.choose(View(), "c"), {"campaign": "c", "total": 2000, "experiments": rows}
    )
    assert view.experiments[0].id == "e1"
    assert len(view.experiments) == state.KEEP_EXPERIMENTS + 1


def test_the_campaign_that_goes_on_is_chosen() -> None:
    reply = {"campaigns": [{"campaign": "a", "state": "running"}, {"campaign": "b", "state": "finished"}]}
    assert state.with_status(View(), reply, 0.0).chosen == "a"


def test_another_ledger_forgets_what_was_seen() -> None:
    view = state.with_events(state.connected(View(), {"epoch": "one", "host": "h"}), [_event(9)])
    after = state.connected(view, {"epoch": "two", "host": "h"})
    assert after.events == ()
    assert after.link.seq == 0


def test_over_ssh_nothing_is_animated() -> None:
    environ = {"SSH_CONNECTION": "x"}
    prepare(environ)
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert environ["TEXTUAL_SMOOTH_SCROLL"] == "0"
    local: dict[str, str] = {}
    prepare(local)
    assert local == {}


@given(TEXT, st.integers(0, 30))
def test_text_fits_exactly(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width


@given(st.lists(st.tuples(TEXT, st.integers(0, 12)), min_size=1, max_size=5), st.integers(1, 60))
def test_a_row_is_as_wide_as_it_should_be(cells: list[tuple[str, int]], width: int) -> None:
    assert cell_len(plain(lay([Cell(text, size) for text, size in cells], width))) == width


@given(st.one_of(st.none(), st.floats(-1, 2)), st.integers(1, 20))
def test_a_bar_is_as_wide_as_it_should_be(share: float | None, width: int) -> None:
    assert len(plain(bar(share, width))) == width


@given(TEXT, TEXT)
def test_outside_the_difference_lines_are_the_same(old: str, new: str) -> None:
    before, after = line(fit(old, 30)), line(fit(new, 30))
    first, count = difference(before, after)
    assert (count == 0) == (before == after)
    assert first + count <= 30
    assert plain(merged(after)) == plain(after)


def test_the_curve_goes_on_to_the_newest_experiment() -> None:
    drawn = draw(Progress(((1.0, 1.5), (5.0, 1.2)), ((3.0, 1.6), (4.0, 90.0)), 9.0), 40, 5)
    assert [cell_len(plain(each)) for each in drawn] == [40] * 5
    assert "\n".join(map(plain, drawn)).count("●") == 2
    assert plain(drawn[0]).startswith(" 1.6"), "a run that diverged does not flatten the curve"
    assert draw(Progress((), (), 0.0), 40, 5) == []


def test_keys_mean_one_thing_in_each_place() -> None:
    for scope in {action.scope for action in ACTIONS}:
        keys = [key for action in ACTIONS if action.scope is scope for key in action.keys]
        assert len(keys) == len(set(keys))


def test_the_key_line_fits() -> None:
    for width in (20, 80, 200):
        assert sum(len(action.label) for action in key_line(width)) <= width
    assert {"app.help", "app.detach", "app.kill"} <= {action.name for action in key_line(80)}
