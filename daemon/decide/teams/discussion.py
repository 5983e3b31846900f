"""Analysts agree on directions: a few rounds, bounded in time, then teams form around what stands."""

from __future__ import annotations

import itertools

from arctl.daemon.actions import Step
from arctl.daemon.decide.supply import limit_met
from arctl.daemon.decide.teams.asking import analysts, ask, available, free
from arctl.daemon.decide.teams.forming import form
from arctl.daemon.life.releasing import withdrawn
from arctl.daemon.life.talking import new_post, talks
from arctl.daemon.rows import (
    Agent,
    Campaign,
    CampaignState,
    DirectionState,
    Discussion,
    Event,
    Move,
    PostKind,
    bump,
)
from arctl.daemon.state import State

#: Directions that one analyst may propose in one discussion.
DIRECTIONS = 3
#: Seconds before a discussion in which nobody answered is tried again; doubled each time, up to the latter.
SOON, AGAIN = 15.0, 300.0
#: Discussions in a row in which few spoke, after which these are enough.
PATIENCE = 4


def discuss(state: State, now: float) -> Step:
    """Begin the first discussion once the baseline stands, and lead the one that goes on."""
    if state.stopping:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or not talks(state, campaign.id):
            continue
        going = state.company.discussion(campaign.id)
        if going is not None and limit_met(state, campaign, now):
            continue  # nobody is asked where the campaign ends
        if going is not None:
            step = _lead(state, campaign, going, now)
        elif _first(state, campaign, now):
            before = state.company.discussions_of(campaign.id)
            reason = before[-1].reason if before else "nothing has been tried yet"
            step = begin(state, campaign, reason, now)
        else:
            continue
        if step:
            return step
    return Step()


def _first(state: State, campaign: Campaign, now: float) -> bool:
    """Tell whether the campaign has a baseline and no direction yet; silence is asked again after a while."""
    champion = state.experiments[campaign.champion]
    if (not champion.bank and not champion.values) or limit_met(state, campaign, now):
        return False
    if not any(available(agent) for agent in analysts(state, campaign.id)):
        # Nobody could be asked: an empty discussion every few minutes would fill the forum.
        return False
    before = state.company.discussions_of(campaign.id)
    if not before:
        return True
    last = before[-1]
    if last.closed is None:
        return False
    at_work = state.company.directions_of(campaign.id, DirectionState.ACTIVE)
    # Once something was tried there is more to talk of than what was not heard then: `regroup` sees to it.
    tried = state.newest(campaign.id).created > last.closed
    if last.answers and (at_work or tried or heard(state, last)):
        return False
    return now >= last.closed + silence(state, before)


def heard(state: State, discussion: Discussion) -> bool:
    """Tell whether enough of those who can be asked spoke in a discussion for it to mean something.

    When only a few speak again and again, their word counts after some times: nobody is asked for ever.
    """
    if not discussion.answers:
        return False
    people = [agent for agent in analysts(state, discussion.campaign) if available(agent)]
    before = state.company.discussions_of(discussion.campaign)
    known = [row for row in before if row.created <= discussion.created]
    spoken = itertools.takewhile(lambda row: 0 < 2 * row.answers < len(people), reversed(known))
    few = len(list(spoken))
    return not 0 < few < PATIENCE


def silence(state: State, before: list[Discussion]) -> float:
    """Return how long is waited after discussions in which too few answered, in seconds."""
    count = len(list(itertools.takewhile(lambda row: not heard(state, row), reversed(before))))
    return float(min(AGAIN, SOON * 2 ** min(10, max(0, count - 1))))


def begin(state: State, campaign: Campaign, reason: str, now: float) -> Step:
    """Open a discussion of the whole campaign."""
    spec = state.spec(campaign.id)
    ids = state.ids()
    words = f"Discussion: {reason}."
    post = new_post(state, ids, campaign.id, author="arctl", kind=PostKind.DECISION, text=words, now=now)
    row = Discussion(
        id=ids.new("s")[0],
        campaign=campaign.id,
        created=now,
        reason=reason,
        deadline=now + spec.teams.discussion,
        rounds=spec.teams.rounds,
        thread=post.id,
    )
    text = f"{row.id} begins: {reason}"
    return Step(rows=[post, row], events=[Event("discussion.opened", campaign.id, row.id, text)])


def _lead(state: State, campaign: Campaign, row: Discussion, now: float) -> Step:
    """Ask who was not asked in this round, go to the next round, or close."""
    waiting = [turn for turn in state.company.asked(campaign.id) if turn.subject == row.id]
    if now >= row.deadline:
        step = _close(state, campaign, row, f"its time was over in round {row.round}", now)
        for turn in waiting:
            step.extend(withdrawn(state, turn, f"the time of {row.id} is over", now))
        return step
    for agent in analysts(state, campaign.id):
        if agent.name not in row.asked and free(state, agent, now):
            return _ask(state, row, agent, now)
    if waiting or _somebody_is_coming(state, campaign, row):
        return Step()
    if row.round < row.rounds and state.company.directions_of(campaign.id, DirectionState.PROPOSED):
        text = f"{row.id} goes into round {row.round + 1} of {row.rounds}"
        event = Event("discussion.round", campaign.id, row.id, text)
        return Step(rows=[bump(row, round=row.round + 1, asked=())], events=[event])
    return _close(state, campaign, row, f"{row.round} round{'s' if row.round > 1 else ''}", now)


def _ask(state: State, row: Discussion, agent: Agent, now: float) -> Step:
    first = row.round == 1
    step = ask(
        state,
        agent,
        Move.DISCUSS,
        now,
        subject=row.id,
        want=DIRECTIONS if first else 0,
        round_=row.round,
        note=row.reason,
    )
    step.rows.append(bump(row, asked=(*row.asked, agent.name)))
    return step


def _somebody_is_coming(state: State, campaign: Campaign, row: Discussion) -> bool:
    """Tell whether an analyst who was not asked yet works on something else, or rests, and will be free."""
    return any(agent.name not in row.asked and available(agent) for agent in analysts(state, campaign.id))


def _close(state: State, campaign: Campaign, row: Discussion, how: str, now: float) -> Step:
    step = form(state, campaign, row, now)
    formed = sum(event.kind == "team.formed" for event in step.events)
    step.rows.append(bump(row, closed=now, formed=formed))
    text = f"{row.id} ends after {how}: {formed} team{'' if formed == 1 else 's'} at work"
    data = {"answers": row.answers, "formed": formed}
    step.events.append(Event("discussion.closed", campaign.id, row.id, text, data=data))
    return step
