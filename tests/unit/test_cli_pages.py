"""What commands print, from answers made up here: no daemon."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from arctl.cli import champion, demo, service, show
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
        "goal": "minimize",
        "experiments": 3, "open": 1, "verdicts": {"baseline": 1, "timed_out": 2}, "running": 1, "queued": 0,
        "champion": "e1", "champion_title": "baseline", "champion_mean": None, "champion_runs": 0,
    }  # fmt: skip


def test_a_held_campaign_says_why_and_what_to_type() -> None:
    text = _plain(service.campaign_block(_campaign("held", "the disk\x1b[2J is full")))
    assert "why       the disk is full" in text
    assert "mend it and commit what you change, then `arctl start /r`" in text
    measured = {**_campaign("held", "no"), "champion_runs": 3}
    assert "mend it, then `arctl resume toy`" in _plain(service.campaign_block(measured))
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


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("experiment.closed", {"verdict": "rejected", "values": [1.0, 2.0]}, r"closed +text \(1\.5\)"),
        ("experiment.closed", {"verdict": "accepted"}, ""),
        ("champion.new", {}, "champion +text"),
        ("baseline.ready", {}, "baseline +text"),
        ("dead_end.closed", {}, "dead end +text"),
        ("campaign.held", {}, "held +text"),
        ("run.ended", {}, ""),
    ],
)
def test_the_demo_tells_what_is_of_interest(kind: str, data: dict[str, Any], said: str) -> None:
    event = {"kind": kind, "data": data, "text": "te\x1b[1mxt"}
    assert re.fullmatch(said, click.unstyle(demo.event_said(event)))


def test_a_piece_of_a_log_never_cuts_a_character_in_two(tmp_path: Path) -> None:
    from arctl.daemon.commands.logs import PIECE, _read

    file = tmp_path / "out.log"
    text = "x" + "█" * (PIECE // 2)
    file.write_text(text, encoding="utf-8")
    found, offset = "", 0
    while offset < file.stat().st_size:
        piece = _read(file, offset)
        found, offset = found + piece["text"], piece["offset"]
    assert found == text
