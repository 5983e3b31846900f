"""The corpus and `docs/trust.md`: each cheat stands there with its end, and so does what nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.experiments.integrity import Rules, check_edit, worst
from tests.cheats import corpus, reported_corpus
from tests.cheats.reported import IMPORTED, TRAIN, TRAINED

PAGE = Path("docs/trust.md").read_text()
NOTHING = "judged as any other, and gains nothing"


def row(cheat: corpus.Cheat | reported_corpus.Cheat) -> str:
    """Return the line of the page that tells of a cheat."""
    if isinstance(cheat, reported_corpus.Cheat) and cheat.held:
        end = "quarantine"
    elif cheat.verdicts == corpus.FAIR:
        return f"| {cheat.name} | {NOTHING} |"
    else:
        end = f"`{'`, `'.join(sorted(cheat.verdicts))}`"
    said = cheat.said.replace("|", " or ")
    return f"| {cheat.name} | {end}{f': {said}' if said else ''} |"


@pytest.mark.parametrize("cheat", [*corpus.CHEATS, *reported_corpus.CHEATS], ids=lambda cheat: cheat.name)
def test_a_cheat_is_documented_with_its_end(cheat: corpus.Cheat | reported_corpus.Cheat) -> None:
    assert row(cheat) in PAGE


RULES = Rules(
    metric="val_mse", protected=lambda path: path.startswith(("evaluate.py", "judge/")), seed_env="SEED"
)

#: What no check of an edit sees: a reason to have a metric scored.
UNSEEN = {
    "bends the number where it is not printed": (
        TRAINED, ("linear, predict = predict, lambda x: Bent(linear(x))\n\n\nclass Bent(float):\n"
        f"    def __sub__(self, other):\n        return 0.95 * (float(self) - other)\n\n\n{TRAINED}")),
    "patches an evaluator whose name is put together": (
        IMPORTED, f'setattr(__import__("eval" + "uate"), "VAL", [(0.0, 1.0)])\n{IMPORTED}'),
    "loads a split whose name is put together": ('load("train")', 'load("v" + "al")'),
    "does more in each of the steps that it counts": (
        "    steps += 1\n", "    for _ in range(3):\n        slope -= RATE * 0.1\n    steps += 1\n"),
    "asks the evaluation for what is best": (
        TRAINED, ("slope = sorted((slope - 0.02, slope, slope + 0.02), key=lambda each: "
        f"score(lambda x: each * x + offset))[0]\n{TRAINED}")),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSEEN)
def test_what_nobody_sees_is_documented(name: str) -> None:
    old, new = UNSEEN[name]
    assert old in TRAIN
    found = check_edit({"train.py": (TRAIN, TRAIN.replace(old, new))}, RULES)
    assert worst(found) in (None, "note", "flag"), f"it is seen by now: {found}"
    assert f"| {name} |" in PAGE
