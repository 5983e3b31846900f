"""A candidate's runs beside its champion's: clocks, tokens, train loss, values that repeat or disagree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from arctl.experiments.integrity.contention import by_time, own_time
from arctl.experiments.integrity.finding import Finding, Severity, sorted_out

#: Share of the script's own time by which the wall clock may exceed it beyond what the champion needs.
SLACK = 0.25
FAR = 0.75
#: Seconds that starting and compiling may take more on any machine.
STARTUP = 10.0
#: Times the champion's own training time that no run under a time budget takes, apart from its last step.
LONGER = 1.1
#: What tells how long a run trained, best first.
WORK = ("tokens", "samples", "steps")
#: How far the ratio of metric and train loss may move, as a factor, where the champion's hardly does.
RATIO = 1.25
#: Significant digits from which on equal values are no accident.
DIGITS = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """One finished run: its value, the daemon's wall seconds, and what it said of itself.

    The machine slept for `asleep` of the wall seconds: some clocks of a script go on then, others do not.
    """

    run: str
    experiment: str
    seed: int
    value: float
    wall: float
    counters: Mapping[str, Any] = field(default_factory=dict)
    asleep: float = 0.0

    def number(self, name: str) -> float | None:
        """Return one counter; None where the run did not say it."""
        value = self.counters.get(name)
        return float(value) if isinstance(value, int | float) else None

    @property
    def seconds(self) -> Mapping[str, float]:
        """The script's own times, by name."""
        found = self.counters.get("seconds")
        return found if isinstance(found, dict) else {}


def compare(
    candidate: Sequence[Reading],
    champion: Sequence[Reading],
    others: Sequence[Reading] = (),
    *,
    better: int = 0,
) -> tuple[Finding, ...]:
    """Return what is doubtful about a candidate's runs beside those of its champion.

    ``others`` are runs of further experiments, for values that repeat; ``better`` is 1 where a higher value
    is better and -1 where a lower one is.
    """
    found: list[Finding] = []
    found += _one_value(candidate, champion, better)
    for each in candidate:
        found += _times(each, champion)
        found += _longer(each, champion)
        found += _tokens(each, champion)
        found += _printed(each, champion)
        found += _loss(each, champion, better)
        found += _same(each, [*champion, *others])
        if odd := each.counters.get("not_finite"):
            found.append(Finding("finite", "note", f"not finite: {', '.join(odd)}", each.run))
    return sorted_out(found)


def _times(run: Reading, champion: Sequence[Reading]) -> Iterator[Finding]:
    """Yield where the script's clock and the daemon's disagree more than the champion's do."""
    for name, own in run.seconds.items():
        theirs = [(each.wall, each.seconds[name]) for each in champion if name in each.seconds]
        if any(said > 1.05 * wall + 1 for wall, said in theirs):
            continue  # no seconds, or not of the whole run
        if own > 1.1 * run.wall + 2:
            text = f"it says {name} {own:.4g}, but ran for {run.wall:.4g} s"
            yield Finding("clock", "quarantine", text, run.run)
            continue
        if not theirs:
            continue
        usual = max(wall - said for wall, said in theirs)
        more = run.wall - run.asleep - own - max(0.0, usual)
        if more > STARTUP + SLACK * own:
            grave: Severity = "quarantine" if more > STARTUP + FAR * own else "flag"
            text = (
                f"{name} is {own:.4g}, but it ran for {run.wall:.4g} s: {more:.3g} s more than its champion's"
            )
            yield Finding("clock", grave, f"{text} overhead", run.run)


def _longer(run: Reading, champion: Sequence[Reading]) -> Iterator[Finding]:
    """Yield where a run trained for longer than all of the champion's, which are equally long."""
    timed = by_time([each.counters for each in champion])
    ours, theirs = own_time(run.counters), [own_time(each.counters) for each in champion]
    if timed and ours > LONGER * max(theirs) + 1:
        text = f"it trained for {ours:.4g} s by its own clock, its champion for {max(theirs):.4g} s each time"
        yield Finding("budget", "quarantine", f"{text}: beyond the budget", run.run)
    if timed or len(champion) < 2:
        return
    for name in WORK:
        did, usual = _work(run, name), {_work(each, name) for each in champion}
        if did is None or None in usual:
            continue
        same = max(each for each in usual if each is not None)
        if len(usual) == 1 and did > 1.01 * same:
            yield Finding(
                "budget", "flag", f"it did {did:.6g} {name}, its champion {same:.6g} each time", run.run
            )
        return


def _work(run: Reading, name: str) -> float | None:
    """Return how much a run did; fewer and larger batches are as much as more and smaller ones."""
    if name != "samples":
        return run.number(name)
    steps, batch = run.number("steps"), run.number("batch")
    return steps * batch if steps and batch else None


def _one_value(candidate: Sequence[Reading], champion: Sequence[Reading], better: int) -> Iterator[Finding]:
    """Yield where the seed has no effect any more: a lucky one may have been written into the code."""
    if len({each.seed for each in candidate}) < 2 or not champion:
        return
    value = candidate[0].value
    alike = all(each.value == value for each in candidate) and digits(value) >= DIGITS
    varied = len({each.seed for each in champion}) > 1 and len({each.value for each in champion}) > 1
    if alike and varied and better * (value - fmean([each.value for each in champion])) > 0:
        text = f"the same value {value:.10g} with every seed, while its champion's runs differ"
        yield Finding("seed", "quarantine", f"{text}: it does not go by its seed", candidate[0].run)


def _tokens(run: Reading, champion: Sequence[Reading]) -> Iterator[Finding]:
    """Yield where steps, batch and tokens do not multiply as the champion's do."""
    ours = _ratio(run)
    theirs = [ratio for each in champion if (ratio := _ratio(each)) is not None]
    if ours is None or not theirs:
        return
    usual = median(theirs)
    if max(theirs) < 1.01 * min(theirs) and abs(ours - usual) > 0.02 * usual:
        text = f"tokens are {ours:.4g} times steps x batch, {usual:.4g} times in its champion's runs"
        yield Finding("tokens", "flag", text, run.run)


def _ratio(run: Reading) -> float | None:
    steps, batch, tokens = (run.number(name) for name in ("steps", "batch", "tokens"))
    return tokens / (steps * batch) if steps and batch and tokens else None


def _printed(run: Reading, champion: Sequence[Reading]) -> Iterator[Finding]:
    """Yield where the metric is printed more often than by the champion, with other values."""
    values = run.counters.get("values")
    times = run.number("printed") or 0
    usual = max((each.number("printed") or 0 for each in champion), default=0)
    if not isinstance(values, list) or not champion or times <= usual:
        return
    shown = ", ".join(f"{value:.6g}" for value in values[-4:])
    if usual <= 1:
        text = f"it prints the metric {times:.0f} times with different values: {shown}"
        yield Finding("output", "quarantine", text, run.run)
    else:
        # Evaluations on the way are more of them in a longer run.
        yield Finding("output", "note", f"it prints the metric {times:.0f} times, not {usual:.0f}", run.run)


def _loss(run: Reading, champion: Sequence[Reading], better: int) -> Iterator[Finding]:
    """Yield where the metric became better and the train loss did not come along."""
    shift = loss_shift(run, champion)
    if shift is None:
        return
    theirs = fmean([each.value for each in champion])
    gains = better * (run.value - theirs) > 0
    moved = abs(math.log(shift.now / shift.usual))
    if gains and moved > max(math.log(RATIO), 4 * shift.spread):
        text = (
            f"the metric is {shift.now:.3g} of the last train loss, {shift.usual:.3g} in its champion's runs"
        )
        yield Finding("train loss", "flag", text, run.run)


@dataclass(frozen=True, slots=True)
class Shift:
    """The ratio of metric and train loss: now, usually, and how much its logarithm varies."""

    now: float
    usual: float
    spread: float
    #: The candidate's train loss as a share of the champion's.
    loss: float


def loss_shift(run: Reading, champion: Sequence[Reading]) -> Shift | None:
    """Return how metric and train loss stand to each other; None where that is not known."""
    known = [(each.value, each.number("train_loss")) for each in champion]
    pairs = [(value, loss) for value, loss in known if loss is not None and loss > 0 and value > 0]
    loss = run.number("train_loss")
    if not pairs or loss is None or loss <= 0 or run.value <= 0:
        return None
    ratios = [math.log(value / theirs) for value, theirs in pairs]
    middle = fmean(ratios)
    spread = max(ratios) - min(ratios)
    usual = fmean([theirs for _, theirs in pairs])
    return Shift(run.value / loss, math.exp(middle), spread, loss / usual)


def _same(run: Reading, others: Sequence[Reading]) -> Iterator[Finding]:
    """Yield an experiment that has this very value with this seed: no effect, or not executed."""
    if digits(run.value) < DIGITS:
        return
    for each in others:
        if each.experiment != run.experiment and each.seed == run.seed and each.value == run.value:
            text = f"the same value as {each.run} of {each.experiment} to the last digit, with the same seed"
            yield Finding("same value", "flag", f"{text}: no effect, or not executed", run.run)
            return


def digits(value: float) -> int:
    """Count the significant digits of a number as it was printed."""
    mantissa = repr(abs(value)).split("e")[0].replace(".", "").lstrip("0")
    return len(mantissa.rstrip("0"))
