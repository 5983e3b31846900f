"""How an idea enters the queue: what it repeats, what binds it, and who has to look at it first. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from arctl.daemon.actions import Step
from arctl.daemon.life.binding import closing_dead_end
from arctl.daemon.life.opening import new_proposal
from arctl.daemon.life.weighing import answered
from arctl.daemon.rows import (
    JUDGED,
    UNTRIED,
    Campaign,
    Critique,
    DirectionState,
    Event,
    Experiment,
    ExperimentState,
    Proposal,
    ProposalState,
    Role,
    Stance,
    Team,
    Verdict,
    bump,
)
from arctl.daemon.state import Ids, State
from arctl.daemon.turns import Draft
from arctl.experiments import surface
from arctl.experiments.effects import covers, parts
from arctl.experiments.similarity import near_params, near_words
from arctl.text import clean, clean_block

#: The longest title and the longest of the other texts that are kept.
MAX_TITLE = 200
MAX_TEXT = 4000
#: Tried ones near a new one that are named.
MAX_NEAR = 5


def admit(
    state: State,
    ids: Ids,
    campaign: Campaign,
    draft: Draft,
    *,
    author: str,
    brain: str,
    base: str,
    now: float,
    team: str = "",
    direction: str = "",
    urgent: bool = False,
    directive: str = "",
) -> Step:
    """Write an idea down and say where it stands: refused, objected to, waiting for a critique, or ready."""
    if draft.source and draft.source in state.sources(campaign.id):
        return Step()
    draft = tidy(draft)
    row = new_proposal(ids, campaign.id, base, draft, agent=author, brain=brain, now=now)
    row = dataclasses.replace(
        row, team=team, direction=direction, urgent=urgent, directive=directive, near=near(state, row)
    )
    row, critiques = _placed(state, ids, row, now)
    return _written(row, critiques, author)


def revise(state: State, ids: Ids, row: Proposal, draft: Draft, now: float) -> Step:
    """Write a proposal anew after an objection; what bound the old words binds the new ones as well."""
    draft = tidy(draft)
    kept = {field.name for field in dataclasses.fields(Draft)} - {"source"}
    words = {name: getattr(draft, name) for name in kept}
    new = bump(row, **words, revised=row.revised + 1)
    new = dataclasses.replace(new, near=near(state, new))
    new, critiques = _placed(state, ids, new, now, seen=True)
    step = _written(new, critiques, row.agent)
    step.rows.extend(answered(state, row.id))
    return step


def edited(state: State, row: Proposal, draft: Draft) -> tuple[Proposal, str]:
    """Return a proposal with other words, and why the rules would not let it in so; empty where they do."""
    draft = tidy(draft)
    words = {field.name: getattr(draft, field.name) for field in dataclasses.fields(Draft)}
    new = dataclasses.replace(bump(row), **{**words, "source": row.source})
    new = dataclasses.replace(new, near=near(state, new))
    moved = (new.change, new.axis, new.move) != (row.change, row.axis, row.move)
    # Words alone repeat nothing that was not weighed when it was made.
    why = _bound(state, new) or (_repeats(state, new) if moved and not row.urgent else "")
    return new, why


def set_aside(directive: str) -> str:
    """Return how the reason begins for which a directive parks what was queued before it."""
    return f"set aside for {directive}: "


def tidy(draft: Draft) -> Draft:
    """Take escapes out of every text and bound its length: brains may answer anything."""
    texts: dict[str, Any] = {
        field.name: clean_block(str(getattr(draft, field.name)))[:MAX_TEXT]
        for field in dataclasses.fields(Draft)
        if field.name not in ("change", "title", "axis", "source")
    }
    title = clean(str(draft.title)).strip()[:MAX_TITLE] or "untitled"
    axis = clean(str(draft.axis)).strip()[:MAX_TITLE]
    if "+" in axis:
        # A joint axis has one name, however it was said.
        axis = "+".join(sorted(part.strip() for part in axis.split("+") if part.strip()))
    change = draft.change if isinstance(draft.change, dict) else {}
    return dataclasses.replace(draft, title=title, axis=axis, change=change, **texts)


def near(state: State, row: Proposal) -> tuple[str, ...]:
    """Return what was tried or proposed near it, the newest few: those that people are told of."""
    return tuple(_all_near(state, row)[-MAX_NEAR:])


def _all_near(state: State, row: Proposal) -> list[str]:
    """Return what was tried or proposed near it: the same axis, values or words within tolerance.

    Values are compared with those of former champions, too: what goes back to one was tried.
    """
    spec = state.spec(row.campaign)
    if "near" in spec.teams.off or not row.axis:
        return []
    values = _values(state, row)
    tried = state.on_axis(row.campaign, row.axis)
    if values is None:
        found = [item.id for item in tried if _measured(item) and near_words(row.title, item.title)]
    else:
        champions = [state.baseline_of(row.campaign), *state.champions_of(row.campaign)]
        former = [item for item in champions if item.id != row.base and item.axis != row.axis]
        found = [
            item.id
            for item in (*former, *tried)
            if _measured(item)
            and (theirs := item.params or _values(state, state.proposals.get(item.proposal)))
            and near_params(spec.params, values, theirs)
        ]
    for other in state.open_proposals(row.campaign):
        if other.id == row.id or other.axis != row.axis:
            continue
        theirs = _values(state, other)
        if values is not None and theirs is not None:
            if near_params(spec.params, values, theirs):
                found.append(other.id)
        elif values is None and near_words(row.title, other.title):
            found.append(other.id)
    return found


def _measured(row: Experiment) -> bool:
    """Tell whether an experiment tells, or will tell, something of what it tries."""
    return row.verdict not in UNTRIED and row.verdict not in (Verdict.REBASED, Verdict.DUPLICATE)


def stale(state: State, row: Proposal) -> str:
    """Say why a proposal that waited may not run any more, on the base that it has now; empty if it may."""
    off = state.spec(row.campaign).teams.off
    end = None if "dead_ends" in off else closing_dead_end(state, row)
    if end is not None and not row.urgent:
        return f"dead end {end.id} ({end.axis}) was closed while it waited: {end.reason}"
    if row.urgent or row.approved:
        return ""
    found = _all_near(state, row)
    if going := _under_way(state, row, [ident for ident in found if ident in state.experiments]):
        return f"near {', '.join(going)}, whose result is to come"
    if row.difference:
        return ""
    # What was there when it was made was weighed then.
    tried = [ident for ident in found if ident in state.experiments and ident not in row.near]
    return f"near {', '.join(tried)}, which came while it waited" if tried else _third(state, row)


def _under_way(state: State, row: Proposal, found: Iterable[str]) -> list[str]:
    """Return which of those near it have the same values and no result yet: no difference tells more."""
    if _values(state, row) is None:
        return []
    return [ident for ident in found if _to_come(state, ident)]


def _to_come(state: State, ident: str) -> bool:
    """Tell whether an experiment is open, or a proposal on its way to be one."""
    if (experiment := state.experiments.get(ident)) is not None:
        return experiment.state is not ExperimentState.CLOSED
    return state.proposals[ident].state not in (ProposalState.PARKED, ProposalState.OBJECTED)


def _values(state: State, row: Proposal | None) -> dict[str, Any] | None:
    """Return the values of the whole surface that a change of parameters leads to; None for other changes."""
    base = state.experiments.get(row.base) if row is not None else None
    if row is None or base is None or row.change.get("kind") != "params":
        return None
    values = row.change.get("values")
    if not isinstance(values, dict):
        return None
    return {**base.params, **values}


def _placed(
    state: State, ids: Ids, row: Proposal, now: float, *, seen: bool = False
) -> tuple[Proposal, list[Critique]]:
    """Return the proposal in the state that the rules give it, with the objections of the rules."""
    if reason := _bound(state, row):
        return dataclasses.replace(row, state=ProposalState.REFUSED, reason=reason), []
    if not row.urgent and (why := _repeats(state, row)):
        if seen:
            return dataclasses.replace(row, state=ProposalState.WITHDRAWN, reason=why), []
        critique = Critique(ids.new("c")[0], row.campaign, now, row.id, "arctl", Stance.OBJECT, why, row.near)
        return dataclasses.replace(row, state=ProposalState.OBJECTED, reason=why), [critique]
    waits = not seen and not row.urgent and has_critics(state, row)
    placed = ProposalState.PENDING if waits else ProposalState.READY
    return dataclasses.replace(row, state=placed, reason=""), []


def _bound(state: State, row: Proposal) -> str:
    """Say why a proposal may not run at all: impossible values, a dead end; empty where it may."""
    if why := _outside(state, row):
        return why
    off = state.spec(row.campaign).teams.off
    end = None if "dead_ends" in off else closing_dead_end(state, row)
    if end is None:
        return ""
    return f"inside dead end {end.id} ({end.axis}): {end.reason}; it would reopen with {end.reopen}"


def _outside(state: State, row: Proposal) -> str:
    """Say why the values of a proposal cannot be; empty where they can, or it changes code."""
    values = row.change.get("values")
    if row.change.get("kind") != "params" or not isinstance(values, dict):
        return ""
    return surface.outside(values, state.spec(row.campaign).params)


def _repeats(state: State, row: Proposal) -> str:
    """Say what a proposal repeats without naming the difference; empty where it repeats nothing."""
    if going := _under_way(state, row, _all_near(state, row)):
        return f"near {', '.join(going)}, whose result is to come"
    if row.difference:
        return ""
    if row.near:
        return f"near {', '.join(row.near)}: say in what it differs"
    if host := _host(state, row):
        return f"team {host} works on {row.axis}: say in what it differs, or leave it to them"
    return _third(state, row)


def _third(state: State, row: Proposal) -> str:
    """Say why a move is the third in vain the same way; empty where it is not, or says why not to turn."""
    if row.difference or row.move not in ("up", "down"):
        return ""
    tried = [item for item in state.on_axis(row.campaign, row.axis) if item.verdict in JUDGED][-2:]
    if len(tried) < 2 or any(item.verdict == Verdict.ACCEPTED for item in tried):
        return ""
    moves = {state.proposals[item.proposal].move for item in tried if item.proposal}
    if moves != {row.move}:
        return ""
    names = " and ".join(item.id for item in tried)
    return f"the third move {row.move} on {row.axis} after {names}: turn round, or say why not"


def _host(state: State, row: Proposal) -> str:
    """Return the name of another team whose direction holds the proposal's axis."""
    if not row.team or row.by_hand or state.company.named(row.campaign, row.agent) is None or not row.axis:
        return ""
    found = neighbours(state, row.campaign, row.axis, row.team)
    return found.name if found is not None else ""


def neighbours(state: State, campaign: str, axis: str, own: str) -> Team | None:
    """Return the team, other than one's own (its id), whose direction holds an axis or a part of it."""
    for direction in state.company.directions_of(campaign, DirectionState.ACTIVE):
        team = state.company.teams.get(direction.team)
        if team is None or team.id == own:
            continue
        if any(covers(held, part) for held in direction.axes for part in parts(axis)):
            return team
    return None


def has_critics(state: State, row: Proposal) -> bool:
    """Tell whether somebody other than its author can be asked to look at a proposal."""
    if "critique" in state.spec(row.campaign).teams.off:
        return False
    return any(
        agent.role is Role.ANALYST and not row.made_by(agent.name) and not agent.outside
        for agent in state.company.agents_of(row.campaign)
    )


def _written(row: Proposal, critiques: list[Critique], author: str) -> Step:
    said = f": {row.reason}" if row.reason else ""
    kind = "proposal.refused" if row.state is ProposalState.REFUSED else "proposal.made"
    if row.revised:
        kind = "proposal.revised" if row.state is not ProposalState.REFUSED else kind
    text = f"{row.id} {row.title} is {row.state}{said}"
    data = {"state": row.state.value, "axis": row.axis, "near": list(row.near), "team": row.team}
    return Step(rows=[row, *critiques], events=[Event(kind, row.campaign, row.id, text, author, data)])
