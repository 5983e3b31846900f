"""What is known, as plain data: the view and its steps, routes and the way back, things, plans, targets."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctl.errors import UsageError
from arctl.tui.acting.commands import COMMANDS, matching, typed
from arctl.tui.acting.targets import ACCEPTS, chain, cost, pick
from arctl.tui.data import view as views
from arctl.tui.data.query import Answer, Pace, query
from arctl.tui.data.route import Route, Screen, Trail, home_of
from arctl.tui.data.rows import device
from arctl.tui.data.things import harvest
from arctl.tui.data.view import Link, Phase, Playback, View
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import ACTIONS, key_line
from arctl.tui.launch import prepare
from arctl.tui.look.plan import Box, Node, Slot, Split, arrange, columns, rows
from arctl.tui.source.live import QUIET, due

EVIL = "a\x1b]0;owned\x07b\x1b[2Jc[bold]d\nnext"


def _event(seq: int, text: str = "x") -> dict[str, object]:
    return {"seq": seq, "at": 1.0, "kind": "k", "campaign": "c", "subject": "e1", "text": text, "actor": "a"}


def test_the_interface_never_imports_the_daemon() -> None:
    code = (
        "import sys, arctl.tui.app, arctl.aclient; "
        "sys.exit(any(name.startswith('arctl.daemon') or name == 'daemon' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_over_ssh_nothing_is_animated() -> None:
    environ = {"SSH_CONNECTION": "x"}
    prepare(environ)
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert environ["TEXTUAL_SMOOTH_SCROLL"] == "0"
    local: dict[str, str] = {}
    prepare(local)
    assert local == {}


def test_the_size_that_a_shell_exports_is_not_believed() -> None:
    environ = {"LINES": "24", "COLUMNS": "80", "TERM": "xterm"}
    prepare(environ)
    assert environ == {"TERM": "xterm"}


# -- the view ------------------------------------------------------------------------------------------------


def test_events_are_kept_once_and_in_order() -> None:
    view = views.with_events(View(), [_event(2), _event(1)])
    again = views.with_events(view, [_event(2), _event(3)])
    assert [row.seq for row in again.events] == [1, 2, 3]
    assert again.link.seq == 3
    assert views.with_events(again, [_event(3)]) is again


def test_only_the_newest_events_are_kept() -> None:
    view = views.with_events(View(), [_event(seq) for seq in range(1, 1001)])
    assert len(view.events) == views.KEEP_EVENTS
    assert view.events[-1].seq == view.link.seq == 1000


def test_foreign_text_is_harmless_before_it_is_kept() -> None:
    assert views.with_events(View(), [_event(1, EVIL)]).events[0].text == "abc[bold]d next"
    assert device({"id": "G0", "title": EVIL}).title == "abc[bold]d next"
    assert harvest({}, {"id": "t1", "name": EVIL})["t1"].title == "abc[bold]d next"
    assert views.cut(View(), EVIL, EVIL).link.reason == "abc[bold]d next"


def test_the_campaign_that_goes_on_is_chosen_and_a_choice_stays() -> None:
    reply = {"campaigns": [{"campaign": "a", "state": "running"}, {"campaign": "b", "state": "finished"}]}
    view = views.with_status(View(), reply, 0.0)
    assert view.chosen == "a"
    assert views.with_status(views.choose(view, "b"), reply, 0.0).chosen == "b"


def test_another_ledger_forgets_what_was_seen() -> None:
    view = views.with_events(views.connected(View(), {"epoch": "one", "host": "h"}), [_event(9)])
    after = views.connected(view, {"epoch": "two", "host": "h"})
    assert after.events == ()
    assert after.link.seq == 0
    assert views.connected(view, {"epoch": "one", "host": "h"}).events == view.events


def test_the_same_reply_again_is_the_same_object() -> None:
    asked = query("teams", campaign="c")
    view = views.with_answers(View(), {asked: Answer({"teams": [{"id": "t1"}]}, at=1.0)})
    before = view.answer(asked).reply
    view = views.with_answers(view, {asked: Answer({"teams": [{"id": "t1"}]}, at=2.0)})
    assert view.answer(asked).reply is before
    assert view.answer(asked).at == 2.0


def test_a_refusal_keeps_what_was_known_and_says_why() -> None:
    asked = query("show", id="e1")
    view = views.with_answers(View(), {asked: Answer({"id": "e1"}, at=1.0)})
    view = views.with_answers(view, {asked: Answer(error="gone", at=2.0)})
    assert view.answer(asked).reply == {"id": "e1"}
    assert view.answer(asked).error == "gone"


def test_old_answers_are_forgotten_first() -> None:
    asked = [query("show", id=f"e{at}") for at in range(views.KEEP_ANSWERS + 5)]
    view = View()
    for each in asked:
        view = views.with_answers(view, {each: Answer({}, at=1.0)})
    assert list(view.answers) == asked[5:]


def test_a_history_is_kept_once_per_reading() -> None:
    def reading(at: float) -> list[dict[str, Any]]:
        return [{"id": "G", "index": 0, "sample": {"at": at, "util": at, "memory_used_mb": 1.0}}]

    view = View()
    for at in (1.0, 2.0, 2.0, 3.0):
        view = views.with_devices(view, reading(at))
    assert [each[0] for each in view.history["G"]] == [1.0, 2.0, 3.0]
    told = views.with_devices(View(), [{**reading(9.0)[0], "history": [[7.0, None, 5], [8.0, 1, None]]}])
    assert told.history["G"] == ((7.0, None, 5), (8.0, 1, None), (9.0, 9.0, 1.0))


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (View(Link(Phase.LIVE)), ""),
        (View(Link(Phase.CUT, "it is gone")), "cut off from the daemon: it is gone"),
        (View(Link(Phase.LIVE), readonly=True), "read-only"),
        (View(Link(Phase.LIVE), playback=Playback(1.0, 0.0, 2.0)), "replay"),
    ],
)
def test_why_nothing_may_be_changed_is_said(view: View, said: str) -> None:
    assert (said in view.fixed) if said else view.fixed == ""


def test_a_query_is_asked_again_by_its_pace() -> None:
    once, second, events = (query("m", pace, of=pace.value) for pace in (Pace.ONCE, Pace.SECOND, Pace.EVENTS))
    wants, view = [once, second, events, once], View(Link(Phase.LIVE, seq=5))
    assert due(view, wants, 0.0) == [once, second, events], "each once"
    view = views.with_answers(view, {each: Answer({}, at=10.0, seq=5) for each in wants})
    assert due(view, wants, 10.0) == []
    assert due(view, wants, 11.0) == [second]
    assert due(replace(view, link=replace(view.link, seq=6)), wants, 10.0) == [events]
    assert due(view, wants, 10.0 + QUIET) == [second, events]
    failed = views.with_answers(view, {once: Answer(error="no", at=10.0)})
    assert once in due(failed, wants, 10.0 + QUIET)


# -- routes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ident", "page"),
    [
        ("e12", "experiment"), ("t1", "team"), ("h2", "direction"), ("a1", "agent"), ("p7", "proposal"),
        ("m5", "forum"), ("i1", "forum"), ("d3", "deadends"), ("r40", "logs"), ("axis:LR", "effects"),
    ],
)  # fmt: skip
def test_every_id_has_a_page(ident: str, page: str) -> None:
    route = home_of(ident)
    assert route is not None
    assert (route.page, route.id) == (page, ident)


@pytest.mark.parametrize("text", ["", "e", "12", "x1", "e١", "section:1", "axis:", "e1; rm"])
def test_what_is_no_id_opens_nothing(text: str) -> None:
    assert home_of(text) is None


def test_the_way_back_leads_through_what_was_open() -> None:
    trail = Trail().show(Screen.TEAMS).enter(Route(Screen.TEAMS, "t1")).enter(Route(Screen.EXPERIMENTS, "e3"))
    assert trail.back().here == Route(Screen.TEAMS, "t1")
    assert trail.back().back().here == Route(Screen.TEAMS)
    assert trail.back().back().back().here == Route()
    assert Trail().back() == Trail()
    assert trail.last().here == Route(Screen.TEAMS, "t1")
    assert trail.last().last().here == trail.here
    beside = trail.beside("e4")
    assert (beside.here.id, beside.way) == ("e4", trail.way)


@given(st.lists(st.sampled_from([f"{kind}{n}" for kind in "ethmd" for n in range(9)]), max_size=80))
def test_one_always_gets_back_to_the_overview(opened: list[str]) -> None:
    trail = Trail()
    for ident in opened:
        route = home_of(ident)
        assert route is not None
        trail = trail.enter(route)
    for _ in range(25):
        trail = trail.back()
    assert trail.here == Route()


# -- things and targets --------------------------------------------------------------------------------------

STATUS = {
    "campaigns": [
        {"campaign": "bowl", "state": "running", "company": {"teams": [{"id": "t1", "name": "alpha"}]}},
        {"campaign": "old", "state": "finished"},
    ]
}
GPUS = [
    {"id": "G0", "index": 0, "name": "gpu0", "run": "r5", "experiment": "e3", "campaign": "bowl",
     "started": 40.0},
    {"id": "G1", "index": 1, "name": "gpu1"},
]  # fmt: skip
TEAMS = {
    "campaign": "bowl",
    "teams": [{"id": "t1", "name": "alpha", "direction": {"id": "h1", "title": "wide", "state": "active"},
               "going": [{"id": "e3", "title": "wider", "state": "open", "team": "t1", "direction": "h1"}]}],
    "loose": [{"id": "a9", "name": "otto", "state": "retired"}],
}  # fmt: skip


def world() -> View:
    view = views.with_devices(views.with_status(View(Link(Phase.LIVE)), STATUS, 0.0), GPUS)
    view = views.with_answers(view, {query("teams"): Answer(TEAMS)})
    return views.with_events(view, [_event(7)])


def test_what_replies_told_of_a_thing_adds_up() -> None:
    known = harvest({}, TEAMS)
    known = harvest(known, {"id": "e3", "verdict": "rejected", "campaign": "bowl"})
    found = known["e3"]
    assert (found.title, found.direction, found.verdict, found.campaign) == (
        "wider",
        "h1",
        "rejected",
        "bowl",
    )
    assert harvest(known, {"id": "e3", "held": True})["e3"].held
    assert not harvest(harvest(known, {"id": "e3", "held": True}), {"id": "e3", "held": False})["e3"].held


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("device:G0", ["run", "device", "experiment", "direction", "campaign"]),
        ("device:G1", ["device"]),
        ("device:G9", []),
        ("e3", ["experiment", "direction", "campaign"]),
        ("t1", ["team", "direction", "campaign"]),
        ("campaign:bowl", ["campaign"]),
        ("axis:LR", ["campaign"]),
        ("event:7", ["experiment"]),  # its campaign is none of those there are
        ("event:8", ["campaign"]),
        ("", ["campaign"]),
    ],
)
def test_a_row_stands_for_a_thing_and_what_that_belongs_to(key: str, kinds: list[str]) -> None:
    found = [target.kind for target in chain(world(), key)]
    assert [kind for kind in found if kind in kinds] == kinds
    assert len(found) == len(set(found)), "nothing twice"


def test_a_verb_takes_the_innermost_thing_that_it_is_for() -> None:
    found = chain(world(), "device:G0")
    assert [getattr(pick(found, verb), "kind", None) for verb in ("kill", "redirect", "revive")] == [
        "run", "direction", None,
    ]  # fmt: skip
    assert all(kinds for kinds in ACCEPTS.values())


def test_what_has_ended_says_so() -> None:
    view = views.with_answers(
        world(), {query("a"): Answer({"id": "e3", "state": "closed", "verdict": "timed_out"})}
    )
    assert chain(view, "e3")[0].over == "e3 has ended: timed out"
    assert chain(view, "a9")[0].over == "a9 is no more at work"
    assert chain(view, "campaign:old")[0].over == "campaign old is finished"


def test_a_kill_states_the_runs_that_end_and_their_time() -> None:
    view = world()
    for key in ("e3", "h1", "t1", "campaign:bowl", "device:G0"):
        said = cost(view, chain(view, key)[0], 100.0)
        assert said[0] == "1 run under way ends now: 1m00s of device time without a result.", key
        assert len(said) > 1, "what else it costs is said, too"
    assert cost(view, chain(view, "campaign:old")[0], 100.0)[0] == "No run is under way."


def test_time_for_which_a_run_stood_still_is_no_device_time_that_a_kill_costs() -> None:
    view = world()
    for frozen, spent in ((None, "50s"), (85.0, "35s")):
        rows = [replace(row, frozen=frozen, frozen_seconds=10.0) for row in view.devices]
        still = replace(view, devices=tuple(rows))
        assert f"now: {spent} of device time" in cost(still, chain(still, "e3")[0], 100.0)[0]


# -- commands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "target", "method", "params"),
    [
        ("pause", "t1", "pause", {"target": "t1"}),
        ("pause t2 --drain", "t2", "pause", {"target": "t2", "mode": "drain"}),
        ("redirect leave LR alone", "t1", "redirect", {"target": "t1", "text": "leave LR alone"}),
        ("redirect h1 it's fine", "h1", "redirect", {"target": "h1", "text": "it's fine"}),
        ("mark LR --from 0.1 --reason 'it diverges'", "", "mark",
         {"axis": "LR", "low": 0.1, "reason": "it diverges"}),
        ("propose --set LR=0.1 --set WIDTH=3", "", "propose", {"values": {"LR": "0.1", "WIDTH": "3"}}),
        ("approve", "p1,p2", "approve", {"proposals": ["p1", "p2"]}),
        ("approve --all", "", "approve", {"all": True}),
        ("move p3 --top", "p3", "move", {"target": "p3", "to": "top"}),
        ("undo", "", "undo", {}),
    ],
)  # fmt: skip
def test_a_line_becomes_the_request_that_the_command_line_would_send(
    text: str, target: str, method: str, params: dict[str, Any]
) -> None:
    request = typed(text).request(target)
    assert (request.method, request.params) == (method, params)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("paus", "pause"),
        ("pause --gently", "--drain"),
        ("mark LR --from low", "0.1"),
        ("mark", "AXIS"),
        ("move p1 --before", "move"),
        ("propose --set LR", "NAME=VALUE"),
        ("detach now", "detach"),
    ],
)
def test_a_line_that_is_wrong_says_how_it_is_written(text: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed(text)
    assert remedy in caught.value.remedy


@given(st.text(max_size=60))
def test_no_line_breaks_the_palette(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert typed(text).request("t1").words


def test_commands_are_found_by_their_letters_best_first() -> None:
    names = [command.name for command in COMMANDS]
    assert matching("re", names)[0].startswith("re")
    assert "checkout" in matching("cko", names)
    assert matching("zzz", names) == []


# -- keys ----------------------------------------------------------------------------------------------------


def test_keys_mean_one_thing_in_each_place() -> None:
    for scope in Scope:
        keys = [key for action in ACTIONS if action.scope is scope for key in action.keys]
        assert len(keys) == len(set(keys)), scope


def test_the_key_line_fits() -> None:
    scopes = [Scope.LIST, Scope.CONTROL, Scope.EVERYWHERE]
    for width in (20, 80, 200):
        assert sum(len(action.label) for action in key_line(width, scopes)) <= width
    assert {"app.help", "app.kill", "app.palette"} <= {action.name for action in key_line(80, scopes)}


# -- plans ---------------------------------------------------------------------------------------------------

SLOT = st.builds(
    Slot, st.just("?"), weight=st.integers(1, 5), least=st.integers(1, 8), fits=st.booleans(),
    most=st.sampled_from((0.3, 0.5, 1.0)),
)  # fmt: skip
NODE = st.recursive(
    SLOT,
    lambda inner: st.builds(
        Split, st.lists(inner, min_size=1, max_size=4).map(tuple), st.booleans(), st.integers(1, 5),
        st.integers(1, 8),
    ),
    max_leaves=8,
)  # fmt: skip


def renamed(node: Node, names: list[str]) -> Node:
    """Give each slot a name of its own."""
    if isinstance(node, Slot):
        names.append(f"pane{len(names)}")
        return replace(node, pane=names[-1])
    return replace(node, parts=tuple(renamed(part, names) for part in node.parts))


@given(NODE, st.integers(0, 400), st.integers(0, 120), st.lists(st.integers(0, 500), min_size=8, max_size=8))
def test_boxes_never_overlap_and_never_leave_the_page(
    node: Node, width: int, height: int, needs: list[int]
) -> None:
    names: list[str] = []
    plan = renamed(node, names)
    boxes = arrange(plan, Box(0, 1, width, height), dict(zip(names, needs, strict=False)), 2)
    cells = [
        (box.x, box.y, box.x + box.width, box.y + box.height)
        for box in boxes.values()
        if box.width and box.height
    ]
    for left, top, right, bottom in cells:
        assert 0 <= left < right <= width
        assert 1 <= top < bottom <= height + 1
    for at, (left, top, right, bottom) in enumerate(cells):
        for x0, y0, x1, y1 in cells[:at]:
            assert right <= x0 or x1 <= left or bottom <= y0 or y1 <= top
    if isinstance(plan, Split):
        assert sum(box.width * box.height for box in boxes.values()) == width * height, "no room is left over"


def test_what_fits_takes_its_rows_and_others_share_the_rest() -> None:
    plan = rows(Slot("a", fits=True), columns(Slot("b", 1), Slot("c", 3)), Slot("d", 1))
    boxes = arrange(plan, Box(0, 0, 80, 40), {"a": 6}, 2)
    assert boxes["a"] == Box(0, 0, 80, 8)
    assert boxes["b"] == Box(0, 8, 20, 16)
    assert boxes["c"] == Box(20, 8, 60, 16)
    assert boxes["d"] == Box(0, 24, 80, 16)
