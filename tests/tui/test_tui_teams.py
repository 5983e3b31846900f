"""The screen of teams and the pages behind it: what their lines say, how wide they are, what keys act on."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from rich.cells import cell_len

from arctl.tui.look.glyphs import ASCII, BRAILLE, Glyphs
from arctl.tui.look.lines import Row, plain
from arctl.tui.look.scene import Scene
from arctl.tui.panes.about_agent import AgentPane, FatesPane, PostsPane, TurnsPane
from arctl.tui.panes.about_direction import AxesPane, DirectionPane, OpinionsPane
from arctl.tui.panes.about_proposal import ChangePane, NearPane, ProposalPane
from arctl.tui.panes.closed import ClosedPane
from arctl.tui.panes.directions import DirectionsPane
from arctl.tui.panes.directives import DirectivesPane, TheseDirectivesPane
from arctl.tui.panes.history import HistoryPane
from arctl.tui.panes.members import AgentsNowPane, AgentsPane
from arctl.tui.panes.mentions import MentionsPane
from arctl.tui.panes.queue import ProposalsPane, TeamWorkPane, WorkPane
from arctl.tui.panes.roster import RosterPane
from arctl.tui.screens.agent import AgentPage
from arctl.tui.screens.direction import DirectionPage
from arctl.tui.screens.proposal import ProposalPage
from arctl.tui.screens.team import TeamPage
from arctl.tui.screens.teams import Teams
from arctl.tui.widgets.page import Page
from arctl.tui.widgets.pane import Pane
from tests.tui import company_replies as made
from tests.tui.conftest import Open
from tests.tui.tui_stage import Stage

HOSTILE = "\x1b[2J\x1b]0;x\x07[red]‮​\x00é́ 漢字 \U000e0041\r\n\t[/] " + "w" * 800
#: Every pane, with what must be open for it.
PANES: list[tuple[type[Pane], str]] = [
    (RosterPane, ""), (ProposalsPane, ""), (DirectionsPane, ""), (AgentsPane, ""), (DirectivesPane, ""),
    (TeamWorkPane, "t1"), (ClosedPane, "t1"), (HistoryPane, "t1"), (MentionsPane, "t1"),
    (AgentsNowPane, "t1"), (TheseDirectivesPane, "t1"), (DirectionPane, "h1"), (AxesPane, "h1"),
    (WorkPane, "h1"), (OpinionsPane, "h1"),
    (HistoryPane, "h1"), (ClosedPane, "h1"), (AgentPane, "a1"), (FatesPane, "a1"), (TurnsPane, "a1"),
    (PostsPane, "a1"), (ProposalPane, "p7"), (ChangePane, "p7"), (OpinionsPane, "p7"), (NearPane, "p7"),
]  # fmt: skip
PAGES: list[tuple[type[Page], str]] = [
    (Teams, ""), (TeamPage, "t1"), (DirectionPage, "h1"), (AgentPage, "a1"), (ProposalPage, "p7"),
]  # fmt: skip
CHANGES: list[dict[str, Any]] = [
    {"kind": "params", "values": {"LR": 0.3, HOSTILE: HOSTILE}},
    {"kind": "patch", "patch": HOSTILE + "\n" + made.PATCH},
    {"kind": "edits", "edits": [{"path": HOSTILE, "old": HOSTILE, "new": HOSTILE}]},
    {"kind": "merge", "commit": HOSTILE, "of": HOSTILE},
]


def shown(pane: Pane, scene: Scene, width: int) -> list[Row]:
    pane.scene = scene
    rows: Sequence[Row] = pane.rows(scene, width)
    return [rows[at] for at in range(len(rows))]


def text_of(pane: Pane, scene: Scene, width: int = 118) -> str:
    return "\n".join(plain(row.line) for row in shown(pane, scene, width))


def assert_harmless(text: str) -> None:
    raw = [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cs")]
    assert not raw, f"raw characters: {raw[:8]!r}"


@functools.cache
def hostile(ident: str, glyphs: Glyphs) -> Scene:
    return made.scene(HOSTILE, ident, glyphs)


@pytest.mark.parametrize(("width", "glyphs"), [(36, BRAILLE), (78, ASCII), (118, BRAILLE), (198, BRAILLE)])
@pytest.mark.parametrize(("kind", "ident"), PANES, ids=lambda value: getattr(value, "__name__", value))
def test_lines_are_as_wide_as_the_pane_and_hostile_text_is_harmless(
    kind: type[Pane], ident: str, width: int, glyphs: Glyphs
) -> None:
    scene, pane = hostile(ident, glyphs), kind("it")
    rows = shown(pane, scene, width)
    assert rows
    lines = [row.line for row in rows] + ([pane.head(scene, width)] if pane.HEAD else [])
    # Compared as numbers: to explain how two long texts differ would take minutes.
    assert {cell_len(plain(line)) for line in lines} == {width}
    for line in lines[:300]:
        assert_harmless(plain(line))
    assert_harmless(pane.heading(scene) + pane.hints(scene) + pane.empty(scene))


@pytest.mark.parametrize("width", [36, 118])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change["kind"])
def test_every_kind_of_change_is_shown_without_its_raw_characters(change: dict[str, Any], width: int) -> None:
    pane = ChangePane("it")
    rows = shown(pane, made.scene("x", "p7", change=change), width)
    assert {cell_len(plain(row.line)) for row in rows} == {width}
    for row in rows[:300]:
        assert_harmless(plain(row.line))


@pytest.mark.parametrize(("kind", "ident"), PAGES, ids=lambda value: getattr(value, "__name__", value))
def test_crumbs_and_headlines_are_harmless(kind: type[Page], ident: str) -> None:
    scene, page = made.scene(HOSTILE, ident), kind()
    assert_harmless(plain(page.headline(scene, 120)))
    assert_harmless("".join(text for text, _ in page.crumbs(scene)))
    assert bool(page.crumbs(scene)) == bool(ident)


@pytest.mark.parametrize(("kind", "ident"), PANES, ids=lambda value: getattr(value, "__name__", value))
def test_nothing_known_yet_is_no_error(kind: type[Pane], ident: str) -> None:
    scene = Scene(route=made.scene("x", ident).route)
    pane = kind("it")
    assert shown(pane, scene, 80) == []
    assert pane.heading(scene)
    assert pane.empty(scene)


def test_the_roster_tells_runs_queue_dead_ends_kept_best_and_last() -> None:
    pane = RosterPane("it")
    line = text_of(pane, made.scene("alpha")).splitlines()[0]
    assert line.split()[:7] == ["alpha", "alpha", "working", "1", "1", "1", "3"]
    assert "1.2500" in line
    assert "30s rejected" in line
    assert "alpha alpha alpha now" in line


def test_a_paused_and_a_blocked_team_say_so() -> None:
    scene = made.scene("alpha")
    reply = scene.view.answers[RosterPane("it").wants(scene)[0]].reply
    reply["teams"][0]["held"] = True
    assert "PAUSED" in text_of(RosterPane("it"), scene)
    reply["teams"][0]["held"] = False
    reply["teams"][0]["members"][0] |= {"trouble": "no key", "asked": None}
    assert "BLOCKED" in text_of(RosterPane("it"), scene)
    assert "alpha no key" in text_of(RosterPane("it"), scene)


def test_the_queue_is_in_the_order_in_which_it_runs_and_says_why_each_waits() -> None:
    scene = made.scene("x")
    reply = scene.view.answers[ProposalsPane("it").wants(scene)[0]].reply
    states = {"p1": ("parked", None, "set aside for i1"), "p2": ("ready", 2, ""), "p3": ("ready", 1, ""),
              "p4": ("objected", None, "too close to e3"), "p5": ("pending", None, ""),
              "p6": ("stashed", None, ""), "p8": ("claimed", None, "")}  # fmt: skip
    queue = [
        made.proposal("x", ident, state=state, rank=rank, reason=reason, urgent=False, uncritiqued=False)
        for ident, (state, rank, reason) in states.items()
    ]
    reply["teams"][0]["queue"], reply["others"] = queue, []
    pane = ProposalsPane("it")
    assert [row.key for row in shown(pane, scene, 118)] == ["p3", "p2", "p1", "p4", "p5", "p6", "p8"]
    said = text_of(pane, scene, 198)
    for words in ("runs next", "in its turn", "an objection stands: too close to e3", "waits for a critique",
                  "set aside by you: S takes it back", "x writes its change"):  # fmt: skip
        assert words in said
    assert "set aside: set aside" not in said
    assert pane.heading(scene) == "Queue (7)  2 ready, 5 waiting"


def test_where_a_persons_word_is_needed_the_queue_names_the_key() -> None:
    scene = made.scene("x")
    scene.view.answers[ProposalsPane("it").wants(scene)[0]].reply["approve"] = True
    pane = ProposalsPane("it")
    assert "waits for your word: A approves" in text_of(pane, scene, 198)
    assert "A approve" in pane.hints(scene)


def test_the_work_of_a_team_shows_what_runs_above_what_waits() -> None:
    pane, scene = TeamWorkPane("it"), made.scene("x", "t1")
    assert [row.key for row in shown(pane, scene, 118)] == ["e40", "p7"]
    assert "running" in text_of(pane, scene).splitlines()[0]
    assert pane.heading(scene) == "Queue (1)  1 running"
    assert pane.axis("e40") == "LR"


def test_only_dead_ends_of_the_teams_direction_are_beside_its_queue() -> None:
    pane, scene = ClosedPane("it"), made.scene("x", "t1")
    assert [row.key for row in shown(pane, scene, 118)] == ["d1"]
    line = text_of(pane, scene, 78)
    assert "LR from 0.1" in line
    assert "+0.01" in line


def test_a_directive_shows_who_took_it_up_the_plan_and_the_progress() -> None:
    scene = made.scene("look at the data")
    said = text_of(DirectivesPane("it"), scene)
    assert "i1 acknowledged to t1" in said
    assert "5m ago" in said
    assert "2 proposals queued under it; set aside p8" in said
    rows = shown(DirectivesPane("it"), scene, 118)
    assert [row.key for row in rows if row.key] == ["i1"]


def test_history_of_any_length_lays_out_what_is_fetched_and_leaves_the_rest_blank() -> None:
    pane, scene = HistoryPane("it"), made.scene("x", "t1")
    rows = pane.rows(scene, 118)
    assert len(rows) == 250
    assert rows.keys[0] == "e400"
    assert rows.keys[99] == "e301"
    assert rows.keys[100] == ""
    assert "rejected" in plain(rows[0].line)
    assert plain(rows[200].line).strip() == BRAILLE.discarded
    assert pane.heading(scene) == "History (250)"


def test_a_filter_of_the_history_is_asked_of_the_daemon() -> None:
    pane, scene = HistoryPane("it"), made.scene("x", "t1")
    pane.filter = "!warm"
    asking = pane.window(scene, 0)
    assert asking is not None
    assert asking.given["text"] == "warm"
    assert asking.given["not"] is True
    assert asking.given["team"] == "t1"


def test_a_direction_shows_how_far_it_is_from_being_given_up() -> None:
    said = text_of(DirectionPane("it"), made.scene("x", "h1"), 78)
    assert "9 of 10 in vain since" in said
    assert "2 of 3 rejected, none accepted" in said
    assert "2 endorse, 1 object" in said


def test_axes_tell_what_was_tried_on_each() -> None:
    rows = shown(AxesPane("it"), made.scene("x", "h1"), 78)
    assert [row.key for row in rows] == ["axis:LR", "axis:x"]
    assert plain(rows[0].line).split()[:4] == ["LR", "1", "0", "-0.01"]
    assert plain(rows[1].line).split()[:3] == ["x", "1", "1"]


def test_lifted_objections_say_what_lifted_them_and_do_not_count_as_standing() -> None:
    pane, scene = OpinionsPane("it"), made.scene("too dear", "p7")
    assert "lifted: too dear" in text_of(pane, scene)
    assert pane.heading(scene) == "Critique (3)"


def test_an_agents_trouble_comes_with_what_to_do() -> None:
    said = text_of(AgentPane("it"), made.scene("no key", "a1"), 78)
    assert "arctl resume no key" in said
    assert "18.2k tokens, $1.50" in said


def test_values_stand_beside_the_champions_with_their_range() -> None:
    change = {"kind": "params", "values": {"LR": 0.3}}
    said = text_of(ChangePane("it"), made.scene("x", "p7", change=change), 78)
    assert said.split() == ["LR", "0.02", BRAILLE.arrow, "0.3", "[0", "..", "1]"]


def test_a_patch_has_its_colours_and_its_hunks_are_sections() -> None:
    pane = ChangePane("it")
    rows = shown(pane, made.scene("x", "p7"), 78)
    tones = {plain(row.line).strip(): row.line[0][1] for row in rows}
    assert tones["-LR = 0.02"] == "removed"
    assert tones["+LR = 0.3"] == "added"
    assert [row.key.rstrip("0123456789") for row in rows if row.key] == ["section:file", "section:hunk"]
    assert pane.heading(made.scene("x", "p7")) == "Change  patch +2 -1"


def test_a_proposal_says_where_it_stands_and_what_it_belongs_to() -> None:
    rows = shown(ProposalPane("it"), made.scene("x", "p7"), 78)
    assert {"t1", "h1", "i1", "e1", "p1"} <= {row.key for row in rows}
    assert any("set aside: x" in plain(row.line) for row in rows)


@pytest.mark.parametrize("kind", [AxesPane, OpinionsPane, DirectionPane])
def test_keys_on_rows_that_are_no_things_act_on_what_is_open(kind: type[Pane]) -> None:
    pane = kind("it")
    pane._rows = [row for row in shown(pane, made.scene("x", "h1"), 78) if ":" in row.key][:1]
    if pane._rows:
        assert pane.key
    assert pane.acts_on == "h1"


@pytest.mark.parametrize(("kind", "ident"), PAGES, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.parametrize("size", [(100, 28), (120, 33), (200, 57), (320, 90)])
def test_plans_name_only_panes_that_the_page_has(kind: type[Page], ident: str, size: tuple[int, int]) -> None:
    from arctl.tui.look.plan import Box, arrange

    del ident
    page = kind()
    names = {pane.id for pane in page.panes()}
    boxes = arrange(page.plan(*size), Box(0, 0, *size), dict.fromkeys(map(str, names), 5), 2)
    assert set(boxes) == names
    assert all(box.height >= 3 and box.width >= 30 for box in boxes.values())


@pytest.mark.anyio
async def test_tab_goes_through_every_pane_of_a_small_terminal_and_shows_it(
    done: Stage, attach: Open
) -> None:
    async with attach(done, (80, 24)) as screen:
        await screen.press("2")
        await screen.see("[Teams of bowl")
        for title in ("Queue", "Directions", "Agents", "Directives", "Teams of bowl"):
            await screen.press("tab")
            await screen.see(f"[{title}")
            await screen.until(lambda pane=screen.app.pane: pane.has_focus and pane.region.height > 10)


@pytest.mark.anyio
async def test_an_ended_direction_is_open_with_enter_and_its_breadcrumbs_lead_back(
    done: Stage, attach: Open
) -> None:
    async with attach(done) as screen:
        await screen.press("2")
        await screen.see("Teams of bowl", "Directions")
        await screen.until(lambda: "directions" in screen.app.page.boxes(120, 30))
        screen.app.page.select("directions")
        await screen.until(lambda: screen.app.pane.key.startswith("h"))
        ident = screen.app.pane.key
        await screen.press("enter")
        await screen.see("Teams > ", f"Direction {ident}", "Hypothesis", "Record", "History (")
        await screen.press("escape")
        await screen.see("Teams of bowl", "Queue (")
