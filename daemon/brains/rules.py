"""Talk by rule, for brains that have no language: directions from the axes, critiques from the ledger."""

from __future__ import annotations

from arctl.daemon.life.binding import axis_is_dead
from arctl.daemon.rows import Direction, Stance
from arctl.daemon.specs import spec_of
from arctl.daemon.turns import Acknowledgement, DirectionDraft, Opinion, Question, Reply
from arctl.experiments import surface
from arctl.experiments.effects import covers, parts

#: Axes that one direction has at most.
AXES = 4
#: Trials without one that was kept, after which a critic objects to a further one.
TRIED = 8
#: Words of a directive that turn the axes named behind them into ones to leave alone.
AVOIDING = frozenset({"avoid", "no", "not", "without", "stop", "never", "except", "leave", "drop"})


def discuss(question: Question) -> Reply:
    """Propose directions over the axes of one's own seat, and judge those of others from the second round."""
    opinions = tuple(_opinion(question, row) for row in question.directions if _others(question, row))
    if question.round > 1:
        return Reply(opinions=opinions)
    axes = free_axes(question)
    return Reply(directions=tuple(directions(question, axes)), opinions=opinions)


def free_axes(question: Question) -> list[str]:
    """Return the parameters that are worth a direction, none that is closed or held.

    Cold ones first; then what paid, and what was least looked at.
    """
    params = spec_of(question.campaign).params
    champion = {name: value for name, value in question.params.items() if name in params}
    tried = {effect.axis: effect for effect in question.effects}
    axes = [
        name
        for name in surface.active(params, champion)
        if name in champion
        and not axis_is_dead(list(question.dead_ends), name)
        and name not in question.taken
    ]
    cold = sorted(name for name in axes if name not in tried)
    warm = sorted(
        (name for name in axes if name in tried), key=lambda name: (-tried[name].kept, tried[name].n, name)
    )
    return cold + warm


def directions(question: Question, axes: list[str], noun: str = "") -> list[DirectionDraft]:
    """Make the axes of this agent's seat directions of a few axes each."""
    seat, seats = question.seat
    mine = axes[seat::seats]
    metric = spec_of(question.campaign).metric.name
    falsify = spec_of(question.campaign).teams.falsify_after
    found = []
    for start in range(0, len(mine), AXES):
        group = tuple(mine[start : start + AXES])
        names = ", ".join(group)
        found.append(
            DirectionDraft(
                title=f"{noun}{names}",
                hypothesis=f"The champion is not at its best in {names}.",
                axes=group,
                prediction=f"a change of {names} improves {metric} by more than the noise",
                falsifier=f"{falsify} are rejected and none is accepted",
                first=tuple(f"move {name} both ways" for name in group),
            )
        )
    return found


def _others(question: Question, row: Direction) -> bool:
    return not row.made_by(question.agent.name) and row.state == "proposed"


def _opinion(question: Question, row: Direction) -> Opinion:
    dead = [axis for axis in row.axes if axis_is_dead(list(question.dead_ends), axis)]
    if row.axes and len(dead) == len(row.axes):
        return Opinion(row.id, Stance.OBJECT, f"all of its axes are dead ends: {', '.join(dead)}")
    known = {effect.axis: effect for effect in question.effects}
    cold = [axis for axis in row.axes if axis not in known]
    if cold:
        return Opinion(row.id, Stance.ENDORSE, f"never tried: {', '.join(cold)}")
    kept = [axis for axis in row.axes if axis in known and known[axis].kept]
    if kept:
        return Opinion(row.id, Stance.ENDORSE, f"paid before: {', '.join(kept)}")
    return Opinion(row.id, Stance.ENDORSE, f"still open: {', '.join(row.axes) or row.title}")


def critique(question: Question) -> Reply:
    """Endorse what differs from all that was tried; object to what repeats it, or a line that never paid."""
    row = question.proposal
    if row is None:
        return Reply()
    if row.near and not row.difference:
        reason = f"near {', '.join(row.near)}, and does not say in what it differs"
        return Reply(opinions=(Opinion(row.id, Stance.OBJECT, reason, row.near),))
    known = next((effect for effect in question.effects if effect.axis == row.axis), None)
    if known is None:
        return Reply(opinions=(Opinion(row.id, Stance.ENDORSE, f"{row.axis or 'this'} was never tried"),))
    said = f"{row.axis} was tried {known.n} times, {known.kept} kept, mean gain {known.mean:.3g}"
    if known.n >= TRIED and not known.kept and known.mean <= 0 and not row.difference:
        return Reply(opinions=(Opinion(row.id, Stance.OBJECT, said),))
    return Reply(opinions=(Opinion(row.id, Stance.ENDORSE, said),))


def allowed(question: Question, axes: list[str]) -> list[str]:
    """Return the axes that the direction and the directives leave: the named, or all but the avoided."""
    if question.direction is not None and question.direction.axes:
        held = question.direction.axes
        axes = [axis for axis in axes if any(covers(outer, axis) for outer in held)]
    for directive in question.directives:
        wanted, avoided = _named(directive.text, axes)
        axes = [axis for axis in axes if axis not in avoided]
        axes = [axis for axis in axes if axis in wanted] if wanted else axes
    return axes


def _named(text: str, axes: list[str]) -> tuple[set[str], set[str]]:
    """Return which axes a sentence names, and which of them it says to leave alone."""
    wanted: set[str] = set()
    avoided: set[str] = set()
    shunning = False
    for word in text.replace(",", " ").replace(".", " ").replace(";", " ").split():
        shunning = shunning or word.lower() in AVOIDING
        if word.lower() in ("but", "instead", "try", "focus", "only"):
            shunning = False
        for axis in axes:
            if word.strip("`'\"():!?").lower() == axis.lower():
                (avoided if shunning else wanted).add(axis)
    return wanted, avoided


def acknowledge(question: Question) -> tuple[Acknowledgement, ...]:
    """Take up each new directive, and report on an old one once something tried under it was judged."""
    found = []
    for row in question.directives:
        if row.state == "issued":
            axes = allowed(question, list(question.params))
            plan = f"propose on {', '.join(axes)}" if axes else "nothing that I can move is left by it"
            found.append(Acknowledgement(row.id, plan=plan, keep=_kept(question, axes)))
        if row.state != "acknowledged":
            continue
        ended = [
            past
            for past in question.history
            if past.directive == row.id and past.verdict and past.agent == question.agent.name
        ]
        if ended:
            told = "; ".join(f"{past.experiment} {past.title}: {past.verdict}" for past in ended[-3:])
            found.append(Acknowledgement(row.id, report=told, done=True))
    return tuple(found)


def _kept(question: Question, axes: list[str]) -> tuple[str, ...]:
    return tuple(
        row.id for row in question.open if row.state == "parked" and set(parts(row.axis)) <= set(axes)
    )
