"""An agent answered, failed, or was heard of: the turn ends, and its answer is taken for what it is."""

from __future__ import annotations

import dataclasses
from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import Step
from arctl.daemon.life.proposing import has_critics, set_aside
from arctl.daemon.life.releasing import released
from arctl.daemon.life.talking import bounded, say
from arctl.daemon.life.weighing import weighed
from arctl.daemon.marks import Rest
from arctl.daemon.reduce import answers, calls, declining
from arctl.daemon.rows import (
    Agent,
    Call,
    Campaign,
    Directive,
    DirectiveState,
    Event,
    Json,
    Move,
    PostKind,
    Proposal,
    ProposalState,
    Turn,
    TurnState,
    bump,
)
from arctl.daemon.state import Ids, State
from arctl.daemon.state.spending import Sum
from arctl.daemon.turns import Acknowledgement, Reply
from arctl.text import clean, clean_block

#: Seconds before an agent that had nothing to say, or failed, is asked again; doubled with each failure.
PAUSE = 5.0
MAX_PAUSE = 900.0
#: Faults of the world, not of an agent or an idea: they pass, and no try is counted.
PASSING = frozenset(
    {"rate_limited", "overloaded", "server", "unreachable", "timeout", "truncated", "budget", "lost"}
)
#: Turns in a row without a usable proposal, after which an agent is not asked again for now.
FRUITLESS = 5
#: The same where it refuses to propose anything: it is asked again when something has changed.
REFUSALS = 3
#: States of a new proposal that may come to run without further words.
USABLE = frozenset({ProposalState.PENDING, ProposalState.READY})
#: The longest notes that an agent keeps, and the posts of one answer that are taken.
MAX_NOTES = 4000
MAX_POSTS = 6
#: Kinds of posts that an agent may write.
SPOKEN = frozenset({PostKind.NOTE, PostKind.QUESTION, PostKind.ANSWER, PostKind.REFLECTION, PostKind.REPORT})


def answered(state: State, fact: facts.TurnAnswered, now: float) -> Step:
    """Take an answer in; one to a turn that is over is nobody's."""
    turn = state.company.turns.get(fact.turn)
    agent = state.company.named(turn.campaign, turn.agent) if turn is not None else None
    if turn is None or agent is None:
        return Step()
    reply, ids = fact.reply, state.ids()
    note = clean(str(reply.note), 500)
    step = Step(rows=[bump(turn, state=TurnState.ANSWERED, ended=now, note=note, prompt=reply.prompt)])
    step.rows.append(_heard(state, agent, turn, reply, now))
    campaign = state.campaigns[turn.campaign]
    if campaign.trouble:
        step.rows.append(bump(campaign, trouble=""))
    text = f"{agent.name} answered ({turn.move} {turn.subject})".replace(" )", ")")
    data = {"turn": turn.id, "move": turn.move.value, "prompt": reply.prompt, "seconds": now - turn.created}
    step.events.append(Event("turn.answered", campaign.id, agent.id, text, agent.name, data))
    if note:
        step.events.append(Event("brain.note", campaign.id, agent.id, note, agent.name))
    step.extend(_posts(state, ids, agent, turn, reply, now))
    step.extend(_acknowledged(state, ids, agent, reply.acknowledged, now))
    if turn.move is Move.PROPOSE and not turn.subject:
        step.extend(_unanswered(state, ids, agent, turn, step, now))
    if reply.declined:
        step.extend(declining.declined(state, ids, agent, turn, reply, now))
    else:
        step.extend(answers.taken(state, ids, agent, turn, reply, now))
    if reply.extra:
        _charge(state, ids, agent, turn, step, reply.extra, now)
    if turn.move is Move.PROPOSE and _in_vain(turn, step):
        refuses = bool(reply.declined) and agent.declined.startswith(turn.move)
        step.extend(_fruitless(state, agent, step, now, most=REFUSALS if refuses else FRUITLESS))
    else:
        step.marks.append(Rest(agent.id, 0.0))
    return step


def _in_vain(turn: Turn, step: Step) -> bool:
    """Tell whether an answer left nothing that may run: nothing proposed, all refused or withdrawn."""
    states = [row.state for row in step.rows if isinstance(row, Proposal)]
    return bool(turn.want) and not any(state in USABLE for state in states)


def _latest(step: Step, agent: Agent) -> Agent:
    """Return an agent as the step leaves it."""
    return next(row for row in reversed(step.rows) if isinstance(row, Agent) and row.id == agent.id)


def _fruitless(state: State, agent: Agent, step: Step, now: float, *, most: int) -> Step:
    """Give an agent that brought nothing usable a rest from ideas; after a few such turns it has no more.

    What it proposed counts again from the start as soon as something of it is ready to run.
    """
    row = _latest(step, agent)
    count = agent.fruitless + 1
    over = count >= most or bool(row.exhausted)
    found = Step(marks=[Rest(agent.id, now + min(MAX_PAUSE, PAUSE * 2 ** (count - 1)), ideas=True)])
    exhausted = state.context(agent) if over else row.exhausted
    found.rows.append(dataclasses.replace(row, fruitless=0 if over else count, exhausted=exhausted))
    if over:
        text = f"{agent.name} has nothing more to propose for now"
        if row.declined:
            text = f"{agent.name} is not asked for ideas for now: it declined to propose any"
        found.events.append(Event("agent.exhausted", agent.campaign, agent.id, text, agent.name))
    return found


def _charge(state: State, ids: Ids, agent: Agent, turn: Turn, step: Step, extra: Json, now: float) -> None:
    """Charge what a coding agent says that it cost; where a limit is used up it waits for a person."""
    found = calls.told(state, ids, turn, agent, extra, now)
    if not found:
        return
    row, more = _latest(step, agent), Sum()
    for call in found.rows:
        if isinstance(call, Call):
            more.add(call.usd or 0.0, call.input_tokens)
    row = dataclasses.replace(row, usd=row.usd + more.usd, tokens=row.tokens + more.tokens)
    if why := calls.over(state, turn.campaign, agent.name, more, now):
        row = dataclasses.replace(row, trouble=why)
        _put(step, bump(state.campaigns[turn.campaign], trouble=why))
        found.events.append(Event("budget.over", turn.campaign, agent.id, f"{agent.name}: {why}"))
    _put(step, row)
    step.extend(found)


def _put(step: Step, row: Agent | Campaign) -> None:
    """Put a row into a step, in place of the last version of it that is there."""
    places = [at for at, known in enumerate(step.rows) if type(known) is type(row) and known.id == row.id]
    if places:
        step.rows[places[-1]] = row
    else:
        step.rows.append(row)


def _heard(state: State, agent: Agent, turn: Turn, reply: Reply, now: float) -> Agent:
    changes: dict[str, Any] = {"declined": declining.kept(agent, turn, reply)}
    if reply.notes is not None:
        changes["notes"] = clean_block(str(reply.notes))[:MAX_NOTES]
    if turn.move is Move.PROPOSE and not turn.subject and turn.want:
        changes["exhausted"] = state.context(agent) if reply.exhausted else ""
    return bump(agent, seen=now, turns=agent.turns + 1, failures=0, trouble="", **changes)


def _posts(state: State, ids: Ids, agent: Agent, turn: Turn, reply: Reply, now: float) -> Step:
    step = Step()
    for words in reply.posts[:MAX_POSTS]:
        kind = PostKind(words.kind) if words.kind in SPOKEN else PostKind.NOTE
        links = [*words.links, turn.subject] if turn.subject else list(words.links)
        parent = words.parent if words.parent in state.company.posts else ""
        step.extend(
            say(
                state, ids, agent.campaign, author=agent.name, kind=kind, text=words.text, now=now,
                parent=parent, team=agent.team, links=links, waits=kind is PostKind.QUESTION,
            )
        )  # fmt: skip
    return step


def _acknowledged(
    state: State, ids: Ids, agent: Agent, words: tuple[Acknowledgement, ...], now: float
) -> Step:
    """Note how directives were taken up; what they do not speak against comes back into the queue."""
    step = Step()
    mine = {row.id: row for row in state.company.directives_for(agent)}
    for item in words:
        row = mine.pop(item.directive, None)
        if row is not None:
            step.extend(_one_acknowledged(state, ids, agent, row, item, now))
    return step


def _one_acknowledged(
    state: State, ids: Ids, agent: Agent, row: Directive, item: Acknowledgement, now: float
) -> Step:
    step = Step()
    new, kind, text = row, PostKind.ANSWER, ""
    if row.state is DirectiveState.ISSUED:
        plan = bounded(item.plan)
        new = bump(row, state=DirectiveState.ACKNOWLEDGED, by=agent.name, acknowledged=now, plan=plan)
        text = f"{agent.name} acknowledges {row.id}: {clean(plan, 200) or 'without a plan'}"
        step.events.append(Event("directive.acknowledged", row.campaign, row.id, text, agent.name))
        for ident in item.keep:
            parked = state.proposals.get(ident)
            if parked is None or parked.campaign != row.campaign:
                continue
            if parked.state is ProposalState.PARKED and parked.reason.startswith(set_aside(row.id)):
                step.extend(_kept(state, parked, row, agent))
        text = plan
    elif row.state is DirectiveState.ACKNOWLEDGED and (item.report or item.done):
        report = bounded(item.report)
        done = DirectiveState.DONE if item.done else row.state
        new = bump(row, state=done, report=report or row.report, ended=now if item.done else None)
        kind, text = PostKind.REPORT, report
        said = f"{agent.name} reports on {row.id}{', done' if item.done else ''}: {clean(report, 200)}"
        what = "directive.done" if item.done else "directive.reported"
        step.events.append(Event(what, row.campaign, row.id, said, agent.name))
    if new is not row:
        step.rows.append(new)
        step.extend(
            say(
                state, ids, row.campaign, author=agent.name, kind=kind, text=text, now=now,
                parent=row.thread, team=agent.team, links=[row.id],
            )
        )  # fmt: skip
    return step


def _kept(state: State, row: Proposal, directive: Directive, agent: Agent) -> Step:
    """Take back what a directive does not speak against; what others said of it still stands."""
    seen = has_critics(state, row) and not row.urgent
    new = weighed(row, state.company.critiques_on(row.id)) if seen else ProposalState.READY
    text = f"{row.id} {row.title} is {new} again: {agent.name} keeps it under {directive.id}"
    event = Event("proposal.unparked", row.campaign, row.id, text, agent.name)
    return Step(rows=[bump(row, state=new, reason="")], events=[event])


def _unanswered(state: State, ids: Ids, agent: Agent, turn: Turn, step: Step, now: float) -> Step:
    """Note that directives were put to an agent who said nothing of them: they are not put to it for ever."""
    told = {row.id for row in step.rows if isinstance(row, Directive)}
    found = Step()
    for row in state.company.directives_for(agent):
        # Who was asked before a person spoke was not told of it.
        if row.state is DirectiveState.ISSUED and row.id not in told and row.created <= turn.created:
            heard = Acknowledgement(row.id, plan="(heard; no plan was given)")
            found.extend(_one_acknowledged(state, ids, agent, row, heard, now))
    return found


def failed(state: State, fact: facts.TurnFailed, now: float) -> Step:
    """End a turn without an answer; its work returns to the queue, its agent rests or waits for a person."""
    turn = state.company.turns.get(fact.turn)
    agent = state.company.named(turn.campaign, turn.agent) if turn is not None else None
    if turn is None or agent is None:
        return Step()
    message = clean(fact.message, 500)
    said = f"{message} ({clean(fact.remedy, 300)})" if fact.remedy else message
    step = Step(rows=[bump(turn, state=TurnState.FAILED, ended=now, fault=fact.fault, note=message)])
    failures = agent.failures + 1
    trouble = said if fact.human else ""
    step.rows.append(bump(agent, turns=agent.turns + 1, failures=failures, trouble=trouble))
    campaign = state.campaigns[turn.campaign]
    if (fact.human or fact.fault in PASSING) and campaign.trouble != said:
        step.rows.append(bump(campaign, trouble=said))
    delay = min(MAX_PAUSE, PAUSE * 2 ** min(failures, 10))
    wait = delay if fact.retry_after is None else min(MAX_PAUSE, max(PAUSE, fact.retry_after))
    step.marks.append(Rest(agent.id, now + wait))
    text = f"{agent.name} could not answer ({turn.move} {turn.subject}): {fact.fault}, {said}"
    text = text.replace(" )", ")")
    data = {"turn": turn.id, "fault": fact.fault, "human": fact.human, "wait": wait}
    step.events.append(Event("turn.failed", turn.campaign, agent.id, text, agent.name, data))
    passing = fact.human or fact.fault in PASSING
    step.extend(released(state, turn, now, counted=not passing))
    if fact.extra:
        _charge(state, state.ids(), agent, turn, step, fact.extra, now)
    return step


def beaten(state: State, fact: facts.TurnBeat, now: float) -> Step:
    """Prolong a turn's lease by as much as it had at first."""
    turn = state.company.turns.get(fact.turn)
    if turn is None:
        return Step()
    return Step(rows=[bump(turn, expires=now + (turn.expires - max(turn.created, turn.beat)), beat=now)])
