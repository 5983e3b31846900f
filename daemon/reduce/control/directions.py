"""A person's directions: a hypothesis of their own, or a fork of any experiment, kept or not."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.binding import axis_is_dead
from arctl.daemon.life.talking import new_post, posted
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.targets import need_campaign, need_experiment
from arctl.daemon.rows import Direction, DirectionState, Event, Experiment, PostKind
from arctl.errors import RefusedError, UsageError
from arctl.text import clean

#: The longest title of a direction, and the most axes.
MAX_TITLE = 100
MAX_AXES = 12


def direction(request: Request) -> Done:
    """Write down a direction that the next free team takes up."""
    campaign = need_campaign(request)
    axes = request.words("axes")
    if not axes:
        raise UsageError("a direction needs an axis", "name what it moves: --axis optimizer.lr")
    return _standing(request, campaign.id, axes, base=None)


def fork(request: Request) -> Done:
    """Make an experiment, kept or not, the base of a direction."""
    row = need_experiment(request)
    if not row.commit:
        msg = f"{row.id} has no commit to build on"
        raise RefusedError(msg, f"`arctl show {row.id}` says why; fork one that was built")
    axes = request.words("axes") or ((row.axis,) if row.axis else ())
    return _standing(request, row.campaign, axes, base=row)


def _standing(request: Request, campaign: str, axes: tuple[str, ...], *, base: Experiment | None) -> Done:
    words = request.text()
    if len(axes) > MAX_AXES:
        msg = f"a direction has at most {MAX_AXES} axes, not {len(axes)}"
        raise UsageError(msg, "name those that it is about; a name covers what lies below it, as optimizer")
    ident, _ = request.ids.new("h")
    title = request.word("title") or clean(words.splitlines()[0])
    row = Direction(
        id=ident,
        campaign=campaign,
        created=request.now,
        author=request.actor,
        title=clean(title, MAX_TITLE),
        hypothesis=words,
        axes=axes,
        prediction=request.word("prediction"),
        falsifier=request.word("falsifier"),
        first=request.words("first"),
        state=DirectionState.STANDING,
        base=base.id if base else "",
        reason=request.reason,
        by_hand=True,
    )
    on = f" on {', '.join(row.axes)}" if row.axes else ""
    start = f", from {base.id} ({base.verdict or base.state})" if base else ""
    text = f"direction {ident} {row.title}{on}{start}; the next free team takes it up"
    text += _held(request, row) + _closed(request, row)
    post = new_post(
        request.state, request.ids, campaign, author=request.actor, kind=PostKind.DIRECTION, text=words,
        now=request.now, links=(ident, *((base.id,) if base else ())),
    )  # fmt: skip
    data = {"axes": list(row.axes), "base": row.base, "thread": post.id}
    event = Event("direction.standing", campaign, ident, text, request.actor, data)
    step = Step(rows=[row, post], events=[event, posted(post)])
    undo = inverse("withdraw", ident)
    return Done(step, ident, campaign, undo, {"direction": ident, "thread": post.id})


def _held(request: Request, row: Direction) -> str:
    """Say which team works on one of its axes already."""
    for team in request.state.company.teams_of(row.campaign):
        held = request.state.company.directions.get(team.direction)
        shared = [axis for axis in row.axes if held is not None and axis in held.axes]
        if shared:
            return f" (team {team.id} is at {', '.join(shared)} now)"
    return ""


def _closed(request: Request, row: Direction) -> str:
    """Say which of its axes are dead ends: they bind a person's direction, too."""
    ends = request.state.dead_ends_of(row.campaign)
    closed = {end.id: axis for axis in row.axes for end in ends if end.axis and axis_is_dead([end], axis)}
    said = (f"{axis} is a dead end, `arctl revive {ident}` opens it" for ident, axis in closed.items())
    return "".join(f"; {words}" for words in said)
