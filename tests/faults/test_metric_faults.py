"""What a run may say of its metric: nothing, no number, two numbers, one that cannot be."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.support.campaigns import add_card, git, make_repo
from tests.support.daemon import Daemon, wait_for

SCRIPT = """\
import os, random

LR = 0.01
WIDTH = 32
rng = random.Random(int(os.environ["SEED"]))
value = 1 + rng.gauss(0, 0.01)
print("step 1 | loss: 1.0", flush=True)
for place in range(1):
    print("---")
    print(f"val_loss: {value * (1 + place):.6f}")
"""
SUM = "value = 1 + rng.gauss(0, 0.01)"
EXTRA = '\n[brain]\nkind = "deck"\ndeck = "deck"\n'
#: Each idea with its edit, and its verdict; "" is quarantine.
CARDS = {
    "nan": (SUM, 'value = float("nan")', "not_finite"),
    "minus infinity": (SUM, 'value = float("-inf")', "not_finite"),
    "beyond all numbers": (SUM, "value = -1e308 * 10", "not_finite"),
    "nothing": ("for place in range(1)", "for place in range(0)", "no_metric"),
    "another name": ('print(f"val_loss', 'print(f"valid_loss', "no_metric"),
    "two values": ("for place in range(1)", "for place in range(2)", ""),
    "absurd": (SUM, "value = 1e-9 * rng.random()", ""),
}


@pytest.mark.fault(30, "NaN, inf, none, another, two, an absurd metric", "failed, or in quarantine; never 0")
def test_30_what_is_no_metric_fails_and_what_cannot_be_is_in_quarantine(
    daemon: Daemon, tmp_path: Path
) -> None:
    repo = make_repo(tmp_path / "repo", script=SCRIPT, extra=EXTRA, experiments=len(CARDS))
    for name, (old, new, _) in CARDS.items():
        add_card(repo, name, {"train.py": (old, new)})
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=deck")
    daemon.campaign(repo)
    wait_for("all but the doubtful to be judged", lambda: daemon.status()["stuck"])
    rows = {row["title"]: row for row in daemon.experiments()}
    assert {name: rows[name]["verdict"] for name in CARDS} == {
        name: verdict for name, (*_, verdict) in CARDS.items()
    }
    for name, (*_, verdict) in CARDS.items():
        row = rows[name]
        if verdict:
            assert row["mean"] is None, "no number was made of none"
        else:
            assert row["quarantined"], name
    assert "different values" in rows["two values"]["reason"]
    assert "nan" in rows["nan"]["reason"]
    assert "found valid_loss" in rows["another name"]["reason"]
    assert daemon.status()["champion"] == "e1"
    champion = daemon.call("show", id="e1")["experiment"]
    assert all(math.isfinite(value) and 0.9 < value < 1.1 for value in champion["bank"])


@pytest.mark.fault(30, "the baseline itself prints NaN", "held, with that reason")
def test_30_a_baseline_without_a_number_holds_the_campaign(daemon: Daemon, tmp_path: Path) -> None:
    script = SCRIPT.replace(SUM, 'value = float("nan")')
    daemon.campaign(make_repo(tmp_path / "repo", script=script, experiments=1))
    found = daemon.wait_finished()
    assert found["state"] == "held"
    assert "the run ended with val_loss = nan" in found["reason"]
