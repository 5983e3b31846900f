"""The ways of working that are compared, and what is measured of each: every arm has the same researcher."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from arctl.daemon.rows import Experiment, Verdict
from tests.benchmarks.lab import RUN, Lab, Pace
from tests.benchmarks.landscapes import Landscape, make
from tests.benchmarks.researcher import Researcher
from tests.benchmarks.waste import FAILED, Waste, waste

SLOTS = 4
#: Share of the way to the optimum that counts as the target.
TARGET = 0.7
#: A gain that should not be missed, in standard deviations of one run.
WORTH = 1.0
MECHANISMS = ("critique", "dead_ends", "near", "directions", "regroup", "effects")
ALL_OFF = ", ".join(f'"{name}"' for name in MECHANISMS)
#: Nobody is cut short in thought: a turn that is asked for many ideas takes long.
PATIENT = '[brain]\ntimeout = "24h"\n'
#: A brain that is no rule: where it has ideas, the company has people who write them down.
WRITERS = PATIENT + 'kind = "anthropic"\nmodel = "any"\nrepairs = 0\nreflect = false\n'


@dataclass(frozen=True)
class Arm:
    """One way of working on the slots: its company, its gate, its researcher; `loops` that share nothing."""

    name: str
    teams: str = ""
    extra: str = PATIENT
    loops: int = 1
    researcher: Researcher = field(default_factory=Researcher)

    def spec(self, land: Landscape) -> str:
        """Return its arctl.toml."""
        tables = "".join(
            f'[params.{name}]\nfile = "train.py"\ntype = "float"\nlow = 0.0\nhigh = 1.0\n'
            for name in land.axes
        )
        return (
            '[run]\ncommand = "true"\n[metric]\nname = "loss"\n[seed]\nenv = "SEED"\n'
            f'[files]\neditable = ["train.py"]\n{tables}[teams]\n{self.teams}\n{self.extra}'
        )


GREEDY = PATIENT + '[policy]\nmode = "greedy"\n'
MAIN = (
    Arm("random", f"analysts = 0\noff = [{ALL_OFF}]", researcher=Researcher(forgetful=True)),
    Arm("greedy", "analysts = 0", GREEDY),
    Arm("single", "analysts = 0"),
    Arm("independent", "analysts = 0", loops=SLOTS),
    Arm("teams"),
    Arm("teams-4", f"analysts = {SLOTS}"),
    Arm("company", extra=WRITERS, researcher=Researcher(ideas=True)),
)
WITHOUT = tuple(
    Arm(f"company -{name}", f'off = ["{name}"]', WRITERS, researcher=Researcher(ideas=True))
    for name in MECHANISMS
)
#: One round of discussion in place of two.
BRIEF = Arm("company 1 round", "rounds = 1", WRITERS, researcher=Researcher(ideas=True))
ARMS = {arm.name: arm for arm in (*MAIN, *WITHOUT, BRIEF)}


@dataclass(frozen=True)
class Regime:
    """What is equal for all arms: so many runs, or so many hours with brains of this pace."""

    name: str
    pace: Pace = field(default_factory=Pace)
    runs: int | None = None
    #: Lengths of a run that the wall clock allows.
    horizon: float = math.inf
    strong: bool = False


#: As good as nothing, but not nothing: a loop of questions that never ends would stop the clock.
INSTANT = Pace(turn=0.01)

REGIMES = {
    "evaluations": Regime("evaluations", INSTANT, runs=160),
    "wallclock": Regime("wallclock", Pace(turn=1.0), horizon=120.0),
    "wallclock-slow": Regime("wallclock-slow", Pace(turn=2.0), horizon=120.0),
    "wallclock-slowest": Regime("wallclock-slowest", Pace(turn=4.0), horizon=240.0),
    "strong": Regime("strong", INSTANT, runs=160, strong=True),
}


@dataclass(frozen=True)
class Result:
    """What came of one campaign (or of loops that share nothing), gains in standard deviations of one run."""

    #: Lengths of a run until the truth was so far; the horizon where it never was.
    reached: bool
    time: float
    #: Runs until then.
    evaluations: float
    #: Share of the way to the optimum, by the truth: at the end, and on average over the time.
    way: float
    average: float
    #: What was promoted and truly better, or not.
    improved: int
    false: int
    #: Candidates that were truly better by `WORTH`, and those of them that were turned down.
    worthy: int
    missed: int
    overclaim: float
    runs: int
    waste: Waste
    idle: float
    turns: int
    thought: float
    length: float


def work(arm: Arm, regime: Regime, kind: str, seed: int) -> Result:
    """Let an arm work on one landscape, and measure."""
    land = make(kind, seed, strong=regime.strong)
    slots = SLOTS // arm.loops
    labs = []
    for loop in range(arm.loops):
        lab = Lab(
            loss=lambda params, rng: math.nan,
            slots=slots,
            spec=arm.spec(land),
            land=land,
            researcher=arm.researcher,
            pace=regime.pace,
            noise=f"{kind}/{seed}/{loop}",
        )
        lab.begin()
        lab.go(until=regime.horizon * RUN, runs=None if regime.runs is None else regime.runs // arm.loops)
        labs.append(lab)
    return measure(labs, land, regime)


def measure(labs: list[Lab], land: Landscape, regime: Regime) -> Result:
    """Look at what was done with the eyes of somebody who knows the truth."""
    length = regime.horizon * RUN if math.isfinite(regime.horizon) else max(lab.now for lab in labs)
    aim = land.loss(land.start) - TARGET * land.gap
    times, counts = [], []
    for lab in labs:
        for row in lab.state.champions_of("toy"):
            if land.loss(row.params) <= aim and row.closed is not None:
                times.append(row.closed / RUN)
                counts.append(len(labs) * sum(end <= row.closed for end in lab.ends))
                break
    worst = regime.horizon if math.isfinite(regime.horizon) else length / RUN
    total = sum(len(lab.ends) for lab in labs)
    # Of several loops the one whose own record is best is taken: nobody knows the truth.
    best = min(labs, key=_record)
    champion = _champion(best)
    baseline = best.state.baseline_of("toy")
    true_gain = land.loss(land.start) - land.loss(champion.params)
    recorded = (baseline.mean or 0.0) - (champion.mean or 0.0)
    false, improved, worthy, missed = _judged(labs, land)
    busy = sum(
        min(run.ended or length, length) - run.started
        for lab in labs
        for run in lab.state.runs.values()
        if run.started is not None
    )
    return Result(
        reached=bool(times),
        time=min(times, default=worst),
        evaluations=min(counts, default=regime.runs or total),
        way=true_gain / land.gap,
        average=_average(labs, land, length),
        improved=improved,
        false=false,
        worthy=worthy,
        missed=missed,
        overclaim=recorded - true_gain,
        runs=total,
        waste=Waste.of(waste(lab, labs) for lab in labs),
        idle=1 - busy / (SLOTS * length),
        turns=sum(sum(lab.turns_of.values()) for lab in labs),
        thought=sum(sum(lab.thought.values()) for lab in labs) / RUN,
        length=length / RUN,
    )


def _champion(lab: Lab) -> Experiment:
    return lab.state.experiments[lab.state.campaigns["toy"].champion]


def _average(labs: list[Lab], land: Landscape, length: float) -> float:
    """Return the share of the way gone by the best loop, on average over the time."""
    points = [(0.0, 0.0)]
    for lab in labs:
        for row in lab.state.champions_of("toy"):
            gone = (land.loss(land.start) - land.loss(row.params)) / land.gap
            points.append((row.closed or 0.0, gone))
    points.sort()
    total = best = 0.0
    ends = [*(when for when, _ in points[1:]), length]
    for (when, gone), end in zip(points, ends, strict=True):
        best = max(best, gone) if len(labs) > 1 else gone
        total += best * (end - when)
    return total / length


def _record(lab: Lab) -> float:
    """Return the mean that a loop's champion has by its own fresh runs."""
    mean = _champion(lab).mean
    return math.inf if mean is None else mean


def _judged(labs: list[Lab], land: Landscape) -> tuple[int, int, int, int]:
    """Count promotions that were none and that were, and what was worth one and was turned down."""
    false = improved = worthy = missed = 0
    for lab in labs:
        for row in lab.state.experiments_of("toy"):
            if not row.base or not row.params:
                continue
            effect = land.loss(lab.state.experiments[row.base].params) - land.loss(row.params)
            if row.verdict == Verdict.ACCEPTED:
                false += effect <= 0
                improved += effect > 0
            if effect >= WORTH and row.verdict in FAILED | {Verdict.ACCEPTED}:
                worthy += 1
                missed += row.verdict in (Verdict.REJECTED, Verdict.INCONCLUSIVE)
    return false, improved, worthy, missed
