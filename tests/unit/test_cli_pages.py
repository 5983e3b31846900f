"""What commands print, from answers made up here: no daemon."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from arctl.cli import champion, demo, look, show, status, story, tree
from arctl.cli.common import the_campaign
from arctl.cli.logs import LONGEST, Lines
from arctl.errors import ArctlError, RefusedError

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits"

EVIDENCE: dict[str, Any] = {
    "policy": "sequential", "n": 3, "m": 5, "mean_candidate": 0.9, "mean_champion": 1.0, "effect": 0.1,
    "effect_low": 0.04, "effect_high": 0.16, "sigma": 0.02, "nu": 6, "z": 4.2, "threshold": 2.3,
    "futility": None, "method": "pooled", "minimum_detectable_effect": 0.05, "guardrails": (),
    "note": "a note", "against": "e1",
}  # fmt: skip


def _plain(lines: list[str]) -> str:
    return click.unstyle("\n".join(lines))


def test_lines_end_at_carriage_returns_and_survive_any_cut() -> None:
    text = "one\r\ntwo\rthree\n\x1b[31mred\x1b[0m\nlast"
    for cut in range(len(text)):
        lines = Lines()
        found = [*lines.feed(text[:cut]), *lines.feed(text[cut:]), *lines.end()]
        assert found == ["one", "two", "three", "red", "last"], cut


def test_a_line_without_an_end_does_not_grow_for_ever() -> None:
    lines = Lines()
    assert lines.feed("x" * (LONGEST + 1)) == ["x" * (LONGEST + 1)]
    assert lines.end() == []


def test_evidence_says_everything_that_a_judgement_rests_on() -> None:
    text = _plain(show.evidence_lines(EVIDENCE))
    for part in (
        "0.9 over 3 runs",
        "1 over 5 runs (e1)",
        "+0.1, interval [+0.04, +0.16]",
        "sigma 0.02 from 6",
    ):
        assert part in text
    assert "Z          4.2, accepted from 2.3" in text
    assert "would find a true gain of 0.05" in text
    assert "a note" in text


def test_evidence_of_a_greedy_policy_has_no_z() -> None:
    greedy = {
        **EVIDENCE,
        "sigma": None,
        "z": None,
        "minimum_detectable_effect": None,
        "effect_low": None,
        "note": "",
    }
    text = _plain(show.evidence_lines(greedy))
    assert "interval -" in text
    assert "Z " not in text


def _row(ident: str, base: str, bank: tuple[float, ...], **more: Any) -> dict[str, Any]:
    row = {
        "id": ident,
        "base": base,
        "bank": bank,
        "values": (),
        "title": f"title of {ident}",
        "evidence": {},
    }
    return {**row, **more}


def _champion(goal: str = "minimize", best: float = 0.9) -> dict[str, Any]:
    first = _row("e1", "", (1.0, 1.0))
    last = _row("e4", "e1", (best, best), evidence=EVIDENCE)
    return {
        "campaign": "toy", "state": "running", "reason": "", "behind": "", "metric": "loss", "goal": goal,
        "trust": "reported", "sandbox": 3,
        "policy": "sequential",
        "alpha": 0.05, "branch": "arctl/toy", "root": "/r", "champion": last, "lineage": [first, last],
        "experiments": 7, "accepted": 1, "device_seconds": 90.0, "runs": 12, "base_commit": "abc",
    }  # fmt: skip


def test_the_champion_card_says_what_how_and_how_dear() -> None:
    text = _plain(champion.card(_champion()))
    assert "e4 title of e4" in text
    assert "better by 0.1 (+10.0 %)" in text
    assert "3 vs 5" in text
    assert "12 runs, 1m30s on devices" in text
    assert "git merge arctl/toy" in text


def test_a_champion_whose_fresh_runs_disappoint_is_not_called_better() -> None:
    assert "not better" in champion.against(_champion(best=1.01))
    assert "better by" in champion.against(_champion("maximize", best=1.01))


def test_a_champion_that_is_the_baseline_says_so() -> None:
    found = _champion()
    found.update(champion=found["lineage"][0], lineage=found["lineage"][:1])
    text = _plain(champion.card(found))
    assert "it is the baseline: nothing was accepted so far" in text
    assert "git merge" not in text


def _campaign(state: str, reason: str = "") -> dict[str, Any]:
    return {
        "campaign": "toy", "state": state, "reason": reason, "behind": "", "root": "/r", "metric": "loss",
        "goal": "minimize", "trust": "scored",
        "sandbox": 3, "drain": False, "needs": [], "waits": [], "stuck": False,
        "company": {"agents": 1, "asked": 0, "teams": [], "standing": 0, "proposals": {}, "discussion": None},
        "experiments": 3, "open": 1, "verdicts": {"baseline": 1, "timed_out": 2}, "running": 1, "queued": 0,
        "champion": "e1", "champion_title": "baseline", "champion_mean": None, "champion_runs": 0,
    }  # fmt: skip


def test_a_held_campaign_says_why_and_what_to_type() -> None:
    text = _plain(status.campaign_block(_campaign("held", "the disk\x1b[2J is full")))
    assert "why       the disk is full" in text
    assert "mend it and commit what you change, then `arctl start /r`" in text
    measured = {**_campaign("held", "no"), "champion_runs": 3}
    assert "mend it, then `arctl resume toy`" in _plain(status.campaign_block(measured))
    assert "not measured yet" in text
    assert "2 timed out" in text


def test_which_campaign_is_meant() -> None:
    one, two = _campaign("running"), {**_campaign("finished"), "campaign": "other"}
    assert the_campaign({"campaigns": [two]}, None) is two
    assert the_campaign({"campaigns": [one, two]}, None) is one, "the one that runs"
    assert the_campaign({"campaigns": [one, two]}, "other") is two
    for rows, name in (([], None), ([two, {**two, "campaign": "x"}], None), ([one], "unknown")):
        with pytest.raises(RefusedError) as caught:
            the_campaign({"campaigns": rows}, name)
        assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        'name = "x"\n\n[limits]\nexperiments = 24\n\n[brain]\nkind = "search"\n',
        "[limits]\n# hours\nhours = 3\nexperiments=24\n",
        "[limits]\nhours = 3\n",
        'name = "x"\n',
        "[limits]\n\n[params.A]\nexperiments = 5\n",
    ],
)
def test_the_demo_changes_the_number_of_experiments_and_nothing_else(text: str) -> None:
    import tomllib

    before, after = tomllib.loads(text), tomllib.loads(demo.limited(text, 7))
    assert after.pop("limits") == {**before.pop("limits", {}), "experiments": 7}
    assert after == before


def test_the_demo_finds_its_examples_and_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(demo.NEEDS, "digits", ((), "", ""))
    assert (demo.find_example("digits") / "arctl.toml").is_file()
    with pytest.raises(RefusedError, match="no example") as unknown:
        demo.find_example("../examples/digits")
    assert "digits" in unknown.value.remedy
    monkeypatch.setitem(demo.NEEDS, "digits", (("no_such_module",), "scikit-learn", "demo"))
    with pytest.raises(ArctlError, match="needs scikit-learn") as missing:
        demo.find_example("digits")
    assert missing.value.remedy == "pip install 'arctl[demo]'"


def test_the_demo_never_writes_into_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    with pytest.raises(RefusedError, match="exists already"):
        demo.set_up(EXAMPLE, tmp_path, None, None)


def _event(kind: str, data: dict[str, Any], subject: str = "p4", text: str = "te\x1b[1mxt") -> dict[str, Any]:
    return {"kind": kind, "data": data, "text": text, "subject": subject, "actor": "ada"}


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("experiment.closed", {"verdict": "rejected", "values": [1.0, 2.0]}, r"closed +text \(1\.5\)"),
        ("experiment.closed", {"verdict": "accepted"}, ""),
        ("champion.new", {}, "champion +text"),
        ("baseline.ready", {}, "baseline +text"),
        ("dead_end.closed", {}, "dead end +text"),
        ("campaign.held", {}, "held +text"),
        ("discussion.opened", {}, "discussion +the agents talk about where to look: text"),
        ("direction.proposed", {}, "direction +ada suggests text"),
        ("team.formed", {}, "team +text"),
        ("direction.split", {}, "regroup +text"),
        ("proposal.objected", {}, "objection +ada objects to text"),
        ("proposal.made", {"state": "objected"}, "objection +text"),
        ("proposal.made", {"state": "pending"}, ""),
        ("critique.made", {"stance": "endorse"}, ""),
        ("forum.posted", {"kind": "question"}, "question +text"),
        ("forum.posted", {"kind": "note"}, ""),
        ("turn.asked", {}, ""),
        ("run.ended", {}, ""),
    ],
)
def test_the_story_tells_what_is_of_interest(kind: str, data: dict[str, Any], said: str) -> None:
    assert re.fullmatch(said, click.unstyle(story.told(_event(kind, data))))


def test_the_same_objection_is_told_once_whatever_the_proposal_is_called() -> None:
    teller = story.Teller()
    told = [
        teller.line(_event("proposal.objected", {}, ident, f"{ident} WIDTH 64 is objected: tried"))
        for ident in ("p4", "p5", "p6")
    ]
    assert click.unstyle(told[0]) == "objection  ada objects to p4 WIDTH 64: tried"
    assert told[1:] == ["", ""]
    assert teller.line(_event("proposal.objected", {}, "p7", "p7 WIDTH 64 is objected: dear"))


def test_a_story_is_short_whatever_agents_write() -> None:
    line = click.unstyle(story.told(_event("direction.proposed", {}, "h1", "h1 " + "long " * 1000)))
    assert len(line) <= story.LABEL + story.LONGEST
    assert "\n" not in story.told(_event("champion.new", {}, "e1", "two\nlines\x07"))


def _lineage(rows: list[tuple[str, str, str]], path: list[str], **more: Any) -> tree.Lineage:
    nodes = [
        {
            "id": ident, "base": base, "title": f"title of {ident} → \x1b[2J", "state": "closed",
            "verdict": verdict, "effect": -0.1 * number, "mean": 1.0, "team": "t1", "direction": "h1",
            "rebase_of": "", "same_as": "", "forked": False, "by_hand": False, "running": False,
        }
        for number, (ident, base, verdict) in enumerate(rows)
    ]  # fmt: skip
    found = {
        "campaign": "toy", "metric": "loss", "goal": "minimize",
        "trust": "scored", "champion": path[-1], "root": "",
        "total": len(nodes), "nodes": nodes, "next": None, "path": path,
        "teams": {"t1": "alpha"}, "forks": [],
    }  # fmt: skip
    return tree.Lineage.of({**found, **more})


def test_hundreds_of_siblings_are_folded_unless_all_are_asked_for() -> None:
    rows = [("e1", "", "baseline"), *((f"e{n}", "e1", "rejected") for n in range(2, 402))]
    lineage = _lineage([*rows, ("e402", "e1", "accepted")], ["e1", "e402"])
    lines = [click.unstyle(line) for line in tree.drawn(lineage, tree.Glyphs(), 80)]
    assert len(lines) < 16
    assert "├─… 394 rejected" in lines
    assert any(line.startswith("├─✗ e2 ") for line in lines), "the best of them are drawn"
    assert max(map(len, lines)) <= 80
    whole = list(tree.drawn(lineage, tree.Glyphs(), 80, everything=True))
    assert len(whole) > 400


def test_a_long_way_to_the_champion_takes_no_room() -> None:
    rows = [("e1", "", "baseline"), *((f"e{n}", f"e{n - 1}", "accepted") for n in range(2, 3000))]
    lineage = _lineage(rows, [ident for ident, _, _ in rows])
    lines = list(tree.drawn(lineage, tree.Glyphs(), 80))
    assert len(lines) == 2999 + 3
    assert max(len(click.unstyle(line)) for line in lines) <= 80


def test_a_deep_branch_is_cut_with_the_command_that_goes_on() -> None:
    rows = [("e1", "", "baseline"), *((f"e{n}", f"e{n - 1}", "rejected") for n in range(2, 3000))]
    lines = [click.unstyle(line) for line in tree.drawn(_lineage(rows, ["e1"]), tree.Glyphs(), 80, depth=40)]
    assert len(lines) < 40
    cut = next(line for line in lines if "arctl tree" in line)
    ident = cut.rpartition(" ")[2]
    below = tree.drawn(_lineage(rows, ["e1"], root=ident), tree.Glyphs(), 80)
    assert click.unstyle(next(iter(below))).startswith(f"✗ {ident} ")
    assert max(map(len, lines)) <= 80


def test_a_tree_in_ascii_is_ascii_to_the_last_title() -> None:
    rows = [("e1", "", "baseline"), ("e2", "e1", "rejected"), ("e3", "e2", "crashed")]
    text = "\n".join(tree.drawn(_lineage(rows, ["e1"]), tree.ASCII, 80))
    assert click.unstyle(text).isascii()
    assert "title of e2 ->" in text


def _dead_end(**more: Any) -> str:
    row = {
        "id": "d1", "campaign": "toy", "axis": "LR", "reason": "tried", "reopen": "a person",
        "closed_by": "ada", "evidence": {"effects": {"e2": -0.1}}, "direction": "", "title": "", "low": None,
        "high": None, "revived": "",
    }  # fmt: skip
    return _plain(look.dead_end({**row, **more}, 80))


def test_a_dead_end_says_what_is_closed_and_whether_it_is_open_again() -> None:
    assert "d1 LR of toy" in _dead_end()
    assert "d1 LR from 0.1 on of toy" in _dead_end(low=0.1)
    assert "d1 LR from 0.1 to 0.2 of toy" in _dead_end(low=0.1, high=0.2)
    assert "d1 direction h3 Warm-up of toy" in _dead_end(axis="", direction="h3", title="Warm-up")
    assert "open    again: e9 became champion" in _dead_end(revived="e9 became champion")
    assert "reopen" not in _dead_end(revived="e9 became champion")


def test_what_needs_a_person_is_said_with_what_to_do() -> None:
    need = {
        "kind": "agent",
        "subjects": ["ada"],
        "text": "ada waits for you: no key",
        "remedy": "`arctl resume ada`",
    }
    text = _plain(status.campaign_block({**_campaign("running"), "needs": [need]}))
    assert "needs you ada waits for you: no key\n            `arctl resume ada`" in text


def test_what_passes_by_itself_is_no_need() -> None:
    wait = {"kind": "rest", "text": "ada rests: slow down", "remedy": "nothing to do", "left": 185.0}
    text = _plain(status.campaign_block({**_campaign("running"), "waits": [wait]}))
    assert "waits     ada rests: slow down; asked again in 3m05s" in text
    assert "needs you" not in text


def test_a_piece_of_a_log_never_cuts_a_character_in_two(tmp_path: Path) -> None:
    from arctl.daemon.store.logs import PIECE, forward

    file = tmp_path / "out.log"
    text = "x" + "█" * (PIECE // 2)
    file.write_text(text, encoding="utf-8")
    found, offset = "", 0
    while offset < file.stat().st_size:
        piece = forward(file, offset)
        found, offset = found + piece.data.decode(), piece.offset
    assert found == text
