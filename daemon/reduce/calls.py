"""Calls of language models: reserved against every cap before they are made, settled by what they used.

A call that nobody can say the cost of stays spent with all that it might have cost. Ordinary calls are rows
and no events; what was refused, and what failed, is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from arctl.daemon import facts
from arctl.daemon.actions import Answer, Step
from arctl.daemon.rows import Agent, Call, CallState, Campaign, Event, Json, Turn, bump
from arctl.daemon.specs import spec_of
from arctl.daemon.state import Ids, State
from arctl.daemon.state.spending import Sum, tokens_of, usd_of
from arctl.daemon.thought import BrainFault
from arctl.errors import RefusedError
from arctl.experiments.company import Budget
from arctl.text import clean

#: What rounding may add to a sum of many small amounts.
DUST = 1e-9
#: Seconds after which a call is tried again that others' reservations left no room for.
AGAIN = 20.0
EDIT = "arctl.toml is read again while the campaign runs"


def reserve(state: State, fact: facts.ReserveCall, now: float) -> Step:
    """Reserve the most that a call can cost and answer with its id; refuse where a cap would not hold."""
    campaign = state.campaigns.get(fact.campaign)
    if campaign is None:
        error = RefusedError(f"there is no campaign {fact.campaign!r}", "`arctl status` lists them")
        return Step(answers=[Answer(fact.ticket, error=error)])
    refused = next(_refusals(state, campaign, fact, now), None)
    if refused is not None:
        if refused.retry_after == AGAIN:
            return Step(answers=[Answer(fact.ticket, error=refused)])
        event = Event(
            kind="call.refused",
            campaign=fact.campaign,
            subject=fact.agent,
            text=f"a call of {clean(fact.model, 80)} for {fact.agent} was not made: {refused.message}",
            data={"fault": refused.kind, "remedy": refused.remedy, "usd": fact.usd, "tokens": fact.tokens},
        )
        return Step(events=[event], answers=[Answer(fact.ticket, error=refused)])
    team, experiment = _place(state, fact)
    ident, _ = state.ids().new("k")
    call = Call(
        id=ident,
        campaign=fact.campaign,
        created=now,
        agent=fact.agent,
        turn=fact.turn,
        model=fact.model,
        reserved=fact.usd or 0.0,
        reserved_tokens=fact.tokens,
        team=team,
        experiment=experiment,
        usd=fact.usd,
    )
    return Step(rows=[call], answers=[Answer(fact.ticket, result={"call": ident})])


def settle(state: State, fact: facts.SettleCall, now: float) -> Step:
    """Take in what a call used; one that is settled already stays as it is."""
    del now
    call = state.spending.open.get(fact.call)
    if call is None:
        return Step()
    if fact.known:
        used = fact.usage
        after = bump(
            call,
            state=CallState.SETTLED,
            usd=fact.usd,
            input_tokens=used.get("input_tokens", 0),
            output_tokens=used.get("output_tokens", 0),
            cache_read_tokens=used.get("cache_read_input_tokens", 0),
            cache_write_tokens=used.get("cache_creation_input_tokens", 0),
            seconds=fact.seconds,
            fault=fact.fault,
        )
    else:
        after = bump(call, state=CallState.UNKNOWN, seconds=fact.seconds, fault=fact.fault)
    step = Step(rows=[after, *_charged(state, [after])])
    # A call that was let go of is nobody's fault.
    if fact.fault and fact.fault != "cancelled":
        step.events.append(_told(after))
    return step


def told(state: State, ids: Ids, turn: Turn, agent: Agent, extra: Json, now: float) -> Step:
    """Write down what a coding agent says that its turn cost; its calls pass no gateway of ours."""
    usd, tokens = extra.get("usd"), extra.get("tokens")
    known = isinstance(usd, int | float) and not isinstance(usd, bool) and math.isfinite(usd) and usd >= 0
    count = tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens > 0 else 0
    if not known and not count:
        return Step()
    call = Call(
        id=ids.new("k")[0],
        campaign=turn.campaign,
        created=now,
        agent=agent.name,
        turn=turn.id,
        model=agent.model or agent.brain,
        reserved=0.0,
        reserved_tokens=0,
        team=turn.team,
        experiment=turn.subject if turn.subject in state.experiments else "",
        state=CallState.SETTLED,
        usd=float(usd) if known and usd is not None else None,
        input_tokens=count,
        seconds=now - turn.created,
    )
    return Step(rows=[call])


def over(state: State, campaign: str, agent: str, more: Sum, now: float) -> str:
    """Say which limit of the budget is used up with so much `more`; empty where none is."""
    budget, spending = state.spec(campaign).budget, state.spending
    for name, cap, used in (
        ("budget.usd", budget.usd, spending.campaign(campaign).usd),
        ("budget.usd_per_day", budget.usd_per_day, spending.day(campaign, now).usd),
        ("budget.usd_per_agent", budget.usd_per_agent, spending.agent(campaign, agent).usd),
        ("budget.tokens", budget.tokens, spending.campaign(campaign).tokens),
        ("budget.tokens_per_day", budget.tokens_per_day, spending.day(campaign, now).tokens),
        ("budget.tokens_per_agent", budget.tokens_per_agent, spending.agent(campaign, agent).tokens),
    ):
        total = used + (more.usd if "usd" in name else more.tokens)
        if cap is not None and total >= cap:
            return f"{name} is used up: {total:.4g} of {cap:.4g}; raise it in arctl.toml"
    return ""


def forget(state: State) -> Step:
    """Give up the calls that a former daemon had under way: what they cost nobody knows any more."""
    step = Step()
    left: dict[str, list[Call]] = {}
    for call in state.spending.open.values():
        after = bump(call, state=CallState.UNKNOWN, fault="daemon")
        left.setdefault(call.campaign, []).append(after)
    for campaign, calls in left.items():
        step.rows.extend([*calls, *_charged(state, calls)])
        usd = sum(call.reserved for call in calls)
        many = "1 model call was" if len(calls) == 1 else f"{len(calls)} model calls were"
        stay = "it stays" if len(calls) == 1 else "they stay"
        step.events.append(
            Event(
                kind="call.fault",
                campaign=campaign,
                subject=campaign,
                text=f"{many} under way when the daemon ended; {stay} spent with up to {usd:.4f} USD",
                data={"fault": "daemon", "calls": [call.id for call in calls], "usd": usd},
            )
        )
    return step


# -- what is refused ---------------------------------------------------------------------------------------


def _refusals(state: State, campaign: Campaign, fact: facts.ReserveCall, now: float) -> Iterator[BrainFault]:
    """Yield why a call may not be made, the gravest first."""
    budget, spending = spec_of(campaign).budget, state.spending
    if fact.usd is None and budget.caps_usd:
        yield BrainFault(
            "price_unknown",
            f"the price of {clean(fact.model, 80)} is not known, and [budget] limits US dollars",
            "write it into prices.toml in arctl's state folder, or limit tokens instead",
            human=True,
        )
    more = Sum(fact.usd or 0.0, fact.tokens)
    held, own = Sum(), Sum()
    for call in spending.open.values():
        if call.campaign == campaign.id:
            held.add(call.reserved, call.reserved_tokens)
            if call.agent == fact.agent:
                own.add(call.reserved, call.reserved_tokens)
    yield from _over(budget, "per_call", Sum(), Sum(), more)
    yield from _over(budget, "per_agent", spending.agent(campaign.id, fact.agent), own, more)
    yield from _over(budget, "", spending.campaign(campaign.id), held, more)
    day = spending.day(campaign.id, now)
    never = {found.cap for found in _over(budget, "per_day", Sum(), Sum(), more)}
    for found in _over(budget, "per_day", day, held, more):
        if found.human and found.cap not in never:
            excess = day.usd + more.usd - (budget.usd_per_day or 0.0) if "usd" in found.cap else 0.0
            many = day.tokens + more.tokens - (budget.tokens_per_day or 0) if "tokens" in found.cap else 0
            found.human, found.retry_after = False, spending.room(campaign.id, now, excess, many)
            found.remedy = f"nothing to do: it goes on as the day's spending passes; or raise it ({EDIT})"
        yield found


class _Over(BrainFault):
    """A cap that would not hold."""

    cap = ""


def _over(budget: Budget, key: str, spent: Sum, held: Sum, more: Sum) -> Iterator[_Over]:
    """Yield what is wrong with spending so much more under one pair of caps; `held` may come back."""
    for unit, show in (("usd", _usd), ("tokens", _tokens)):
        name = f"{unit}_{key}" if key else unit
        cap, now, plus = getattr(budget, name), getattr(spent, unit), getattr(more, unit)
        if cap is None or now + plus <= cap + DUST:
            continue
        so_far = f", {show(now)} are spent or reserved" if now else ""
        message = f"it may cost {show(plus)}{so_far}, and [budget] {name} is {show(cap)}"
        found = _Over("budget", message, human=True)
        found.cap = name
        if now - getattr(held, unit) + plus <= cap + DUST:
            # Calls under way hold what is lacking, and rarely use all of it.
            found.human, found.retry_after = False, AGAIN
            found.remedy = f"nothing to do: it is tried again when the calls under way are over; {EDIT}"
        else:
            lower = "lower [brain] max_tokens or " if key == "per_call" else ""
            found.remedy = f"{lower}raise [budget] {name}; {EDIT}"
        yield found


def _usd(value: float) -> str:
    return f"{value:.4f} USD"


def _tokens(value: float) -> str:
    return f"{value:,.0f} tokens"


# -- whose it is -------------------------------------------------------------------------------------------


def _place(state: State, fact: facts.ReserveCall) -> tuple[str, str]:
    """Return the team and the experiment that a call is for, as far as its turn is about one."""
    turn = state.company.turns.get(fact.turn)
    agent = state.company.named(fact.campaign, fact.agent)
    team = turn.team if turn is not None else ""
    subject = turn.subject if turn is not None else ""
    if (proposal := state.proposals.get(subject)) is not None:
        subject = proposal.experiment
    return team or (agent.team if agent is not None else ""), subject if subject in state.experiments else ""


def _charged(state: State, calls: list[Call]) -> list[Agent]:
    """Return the agents with what calls that are over cost them."""
    rows: dict[str, Agent] = {}
    for call in calls:
        agent = state.company.named(call.campaign, call.agent)
        if agent is not None:
            agent = rows.get(agent.id, agent)
            rows[agent.id] = bump(agent, usd=agent.usd + usd_of(call), tokens=agent.tokens + tokens_of(call))
    return list(rows.values())


def _told(call: Call) -> Event:
    """Return the event of a call that failed."""
    if call.state is CallState.UNKNOWN:
        bill = f"what it cost is not known, up to {call.reserved:.4f} USD stay spent"
    elif not tokens_of(call):
        bill = "it cost nothing"
    else:
        bill = "its price is not known" if call.usd is None else f"it cost {call.usd:.4f} USD"
    return Event(
        kind="call.fault",
        campaign=call.campaign,
        subject=call.agent,
        text=f"model call {call.id} of {call.agent} failed ({call.fault.replace('_', ' ')}); {bill}",
        data={"call": call.id, "fault": call.fault, "turn": call.turn, "state": call.state.value},
    )
