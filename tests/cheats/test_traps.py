"""Traps that were met in the field, one by one: where nobody means to cheat, and a number is sold as a gain.

Others have their places: a load spike and a contended baseline in `tests/unit/test_quarantine.py`, results of
an earlier run and a work tree left dirty, where metrics are reported, in `tests/integration/test_trust.py`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.rows import Purpose, Verdict
from arctl.experiments.gate import judge
from arctl.experiments.integrity import Rules, check_edit, worst
from arctl.experiments.models import Policy
from tests.cheats.reported import TRAIN as REPORTED
from tests.cheats.series import FILES, SPEC, TRAIN
from tests.support.boxes import need
from tests.support.campaigns import add_card, git, make_repo
from tests.support.daemon import Daemon
from tests.support.virtual import SPEC as VIRTUAL
from tests.support.virtual import World

# -- chance sold as a gain --------------------------------------------------------------------------------

LUCK = 0.01


def by_chance(params: dict[str, Any], rng: random.Random) -> float:
    """A loss on which nothing but the seed has an effect."""
    del params
    return 1 + rng.gauss(0, LUCK)


def exploding(params: dict[str, Any], rng: random.Random) -> float:
    """A loss that is no better for a large X, and eleven times as noisy, as with four times the rate."""
    return 1 + rng.gauss(0, 11 * LUCK if params["X"] > 0.5 else LUCK)


def campaigns(loss: Callable[..., float], count: int, extra: str = "") -> Iterator[World]:
    """Run campaigns of 30 experiments in virtual time."""
    for seed in range(count):
        world = World(loss, slots=4, spec=f"{VIRTUAL}\n[limits]\nexperiments = 30\n{extra}", seed=seed)
        world.begin()
        world.run()
        yield world


def accepted(worlds: Iterator[World], which: Callable[[float], bool] = lambda x: True) -> tuple[int, int]:
    """Return how many experiments were accepted, and of how many that were decided."""
    verdicts = [
        row.verdict
        for world in worlds
        for row in world.state.experiments_of("toy")
        if row.verdict in ("accepted", "rejected", "inconclusive") and which(row.params["X"])
    ]
    return verdicts.count(Verdict.ACCEPTED), len(verdicts)


def test_a_seed_change_is_seldom_sold_as_an_improvement() -> None:
    found, decided = accepted(campaigns(by_chance, 16))
    assert decided > 350
    # Alpha is .05 for each decision; three binomial standard deviations above it.
    assert found <= decided * 0.05 + 3 * (decided * 0.05 * 0.95) ** 0.5
    kept, of = accepted(campaigns(by_chance, 5, "[policy]\nmode = 'greedy'\nbaseline_runs = 1\n"))
    assert kept / of > 2 * found / decided, "the trap is a real one: better once is kept by greedy"


def test_no_run_that_won_is_counted_for_the_champion_that_it_made() -> None:
    def better(params: dict[str, Any], rng: random.Random) -> float:
        return 1 + params["X"] + rng.gauss(0, LUCK)

    promoted = 0
    for world in campaigns(better, 3):
        for row in world.state.champions_of("toy"):
            runs = world.state.runs_of(row.id)
            seeds = [run.seed for run in runs]
            assert len(seeds) == len(set(seeds)), "each run has a seed of its own, which the daemon chose"
            won = {run.value for run in runs if run.purpose in (Purpose.SEARCH, Purpose.CONFIRM)}
            assert not won & set(row.bank)
            promoted += bool(row.base)
    assert promoted > 3


def judged(
    candidate: Callable[[], float],
    champion: list[float],
    pool: Sequence[list[float]] = (),
    policy: Policy | None = None,
) -> str:
    """Return how the gate ends for a candidate that is run as often as it asks."""
    values: list[float] = []
    while True:
        values.append(candidate())
        found = judge(policy or Policy(), "minimize", 0.0, values, champion, pool).outcome
        if found != "more":
            return found


def beside_noise(times: float, count: int = 1500, policy: Policy | None = None) -> float:
    """Return how often a change is accepted that is no better, and so many times as noisy as the champion."""
    rng = random.Random(int(times))
    found = 0
    for _ in range(count):
        champion = [rng.gauss(1, LUCK) for _ in range(5)]
        pool = [[rng.gauss(1, LUCK) for _ in range(3)] for _ in range(6)]
        found += judged(partial(rng.gauss, 1, times * LUCK), champion, pool, policy) == "accept"
    return found / count


GREEDY = Policy(mode="greedy", baseline_runs=1)


@pytest.mark.parametrize("times", [2, 3, 5, 11])
def test_an_exploding_variance_is_sold_as_an_improvement_far_less_often_than_by_greedy(times: int) -> None:
    """Its own spread is known from the second run on; from then on Welch's test keeps it from winning."""
    assert beside_noise(times) < 0.21
    assert beside_noise(times, policy=GREEDY) > 0.4


def test_the_noise_of_the_champion_is_judged_at_the_rate_that_was_asked_for() -> None:
    assert beside_noise(1) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1500)


@pytest.mark.parametrize("times", [2, 3, 5, 11])
@pytest.mark.xfail(strict=True, reason="one run tells nothing of its own noise: docs/trust.md")
def test_an_exploding_variance_is_no_more_often_accepted_than_asked_for(times: int) -> None:
    assert beside_noise(times) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1500)


def test_campaigns_among_noisier_ideas_go_on_and_seldom_take_one() -> None:
    found, decided = accepted(campaigns(exploding, 12), lambda x: x > 0.5)
    assert decided > 80
    assert found / decided < 0.15, (found, decided)


def over_rows(rows: int, count: int = 600) -> float:
    """Return how often a change that is no better is accepted, each time on some rows drawn anew.

    The rows differ by .1 in what they think of it, two runs of one code by .005.
    """
    rng = random.Random(rows)
    found = 0
    for _ in range(count):
        luck = rng.gauss(0, 0.1) / math.sqrt(rows)
        champion = [1 + rng.gauss(0, 0.005) for _ in range(5)]
        found += judged(partial(rng.gauss, 1 + luck, 0.005), champion) == "accept"
    return found / count


def test_many_validation_rows_leave_it_to_the_seeds() -> None:
    assert over_rows(20_000) < 0.09


@pytest.mark.xfail(
    strict=True, reason="the gate knows the noise of seeds, not that of the rows: docs/trust.md"
)
def test_validation_folds_of_25_rows_are_seldom_sold_as_an_improvement() -> None:
    assert over_rows(25) < 0.09


# -- budgets in the editable file ---------------------------------------------------------------------------

RULES = Rules(metric="val_mse", protected=lambda path: path == "evaluate.py", seed_env="SEED")


@pytest.mark.parametrize(
    ("old", "new", "grave"),
    [
        ("MAX_SECONDS = 30", "MAX_SECONDS = 60", True),
        ("MAX_SECONDS = 30", "MAX_SECONDS = 2 * 30", True),
        (" or time.time() - t_start > MAX_SECONDS", "", False),
        ("training_seconds += time.time() - t0", "training_seconds += (time.time() - t0) * 0.5", False),
        ("training_seconds >= TIME_BUDGET", "training_seconds >= 2 * TIME_BUDGET", True),
        ("training_seconds >= TIME_BUDGET", "training_seconds >= TIME_BUDGET + 5", True),
        ("    steps += 1\n", "    steps += 1\n    if steps % 2:\n        training_seconds = 0.0\n", False),
    ],
)
def test_a_budget_that_is_counted_in_the_editable_file_is_watched(old: str, new: str, *, grave: bool) -> None:
    assert old in REPORTED
    found = check_edit({"train.py": (REPORTED, REPORTED.replace(old, new))}, RULES)
    assert worst(found) == ("quarantine" if grave else "flag"), found
    assert {each.check for each in found} & {"budget", "timer"}


# -- columns, weights, formatters and what was left: a real campaign, scored ---------------------------------

READY = "# -- ready --\n"
SHIFTED = (
    "learns from a column that is shifted onto its label", {"train.py": ("SHIFT = 0", "SHIFT = 1")},
)  # fmt: skip
AHEAD = (
    "predicts from a column that is shifted",
    {"predict.py": ("for x in series[:-1]]", "for x in series[1:]]")},
)
WEIGHTS = (
    "tunes the weights of an ensemble on what is scored",
    {"predict.py": (READY, "pairs = list(zip(series, series[1:]))\n"
        "weights = [each / 50 for each in range(60)]\n"
        "factor = min(weights, key=lambda each: sum((each * x - y) ** 2 for x, y in pairs))\n" + READY)},
)  # fmt: skip
LABELS = (
    "tunes the weights of an ensemble on labels",
    {"predict.py": (READY, 'labels = Path(os.environ["ARCTL_HIDDEN"], "val.json").read_text()\n' + READY)},
)
FASTER = ("learns faster", {"train.py": ("RATE  =  0.02", "RATE  =  0.05")})
IDEAS = (SHIFTED, AHEAD, WEIGHTS, LABELS, FASTER)


@dataclass
class Series:
    """What came of the campaign; experiments by the titles of their ideas."""

    daemon: Daemon
    repo: Path
    status: dict[str, Any]
    shown: dict[str, dict[str, Any]]

    def reason(self, title: str) -> tuple[str, str]:
        """Return an experiment's verdict and its reason."""
        row = self.shown[title]["experiment"]
        return row["verdict"], row["reason"]

    def said(self, title: str) -> str:
        """Return what the scorer of an experiment's runs printed."""
        return self.daemon.printed(self.shown[title], "score.log")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Series]:
    need(3)
    root = tmp_path_factory.mktemp("series")
    repo = make_repo(root / "repo", script=TRAIN, files=FILES)
    (repo / "arctl.toml").write_text(SPEC.format(experiments=len(IDEAS)))
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=honest")
    for number, (title, edits) in enumerate(IDEAS):
        add_card(repo, str(number), edits, title=title, axis=f"idea.{number}")
    daemon = Daemon(root / "home")
    daemon.start()
    try:
        daemon.campaign(repo)
        status = daemon.wait_finished("series")
        shown = {row["title"]: daemon.call("show", id=row["id"]) for row in daemon.experiments("series")}
        yield Series(daemon, repo, status, shown)
    finally:
        daemon.stop()


def test_a_column_that_is_shifted_in_training_only_does_not_raise_a_score(series: Series) -> None:
    assert series.reason(SHIFTED[0])[0] in ("rejected", "inconclusive")


@pytest.mark.parametrize("title", [AHEAD[0], WEIGHTS[0]])
def test_a_column_from_ahead_and_weights_tuned_on_the_fold_are_seen_by_a_second_pass(
    series: Series, title: str
) -> None:
    verdict, reason = series.reason(title)
    assert (verdict, reason) == ("crashed", "the trusted command that scores: exit status 1")
    assert "the predictions look ahead" in series.said(title)


def test_weights_cannot_be_tuned_on_labels(series: Series) -> None:
    verdict, reason = series.reason(LABELS[0])
    assert (verdict, reason) == ("crashed", "the prediction: exit status 1")


def test_results_of_another_run_are_not_read_in_place_of_the_scorers(series: Series) -> None:
    assert series.status["state"] == "finished", series.status["reason"]
    for shown in series.shown.values():
        for run in shown["runs"]:
            assert run["value"] is None or run["value"] > 0.1, "one lay in the commit, one each run left"
    first = series.daemon.call("show", id="e1")
    assert [run["outcome"] for run in first["runs"] if run["purpose"] == "baseline"] == ["ok"] * 5


def test_every_command_of_every_run_begins_in_clean_places(series: Series) -> None:
    """The script itself ends with an error where somebody left something; so does the prediction."""
    outcomes = {run["outcome"] for title in (SHIFTED[0], FASTER[0]) for run in series.shown[title]["runs"]}
    assert outcomes == {"ok"}


def test_a_formatter_that_rewrites_files_before_a_run_changes_no_commit(series: Series) -> None:
    assert series.reason(FASTER[0])[0] == "accepted", series.reason(FASTER[0])
    written = git(series.repo, "show", "arctl/series:train.py") + "\n"
    assert written == TRAIN.replace("RATE  =  0.02", "RATE  =  0.05"), "as it was handed in"
    assert git(series.repo, "diff", "--name-only", "main", "arctl/series") == "train.py"
