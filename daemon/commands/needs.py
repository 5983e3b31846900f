"""What waits for a person: troubles, questions, directives that nobody took up yet, proposals to approve.

What passes by itself waits for nobody and is told apart from that.
"""

from __future__ import annotations

import re
from typing import Any

from arctl.daemon.decide.lifecycle import UNDECIDED
from arctl.daemon.decide.teams.discussion import silence
from arctl.daemon.life.seating import never
from arctl.daemon.life.talking import unanswered
from arctl.daemon.reduce.declining import DECLINED
from arctl.daemon.reduce.edits import SPEC
from arctl.daemon.rows import (
    Agent,
    AgentState,
    Campaign,
    CampaignState,
    DirectiveState,
    ExperimentState,
    Proposal,
    ProposalState,
    Role,
)
from arctl.daemon.state import State
from arctl.text import clean

Need = dict[str, Any]

#: Names or ids that one line lists, and how much of a text it repeats.
MAX_LISTED = 5
MAX_SAID = 160

#: Ends of a passing fault's words that are stale a moment later, or that the line about it says itself.
STALE = re.compile(r"; (it is asked|tried) again in [\d.]+ s| \(nothing to do: .*")


def needs(state: State, campaign: Campaign) -> list[Need]:
    """Return what of a campaign needs a person: `kind`, `subjects`, `text`, and what to do (`remedy`)."""
    if campaign.state is CampaignState.FINISHED:
        return [*_files(state, campaign), *_refusals(state, campaign), *_questions(state, campaign)]
    return [
        *_room(state, campaign),
        *_slots(state, campaign),
        *_troubles(state, campaign),
        *_quarantine(state, campaign),
        *_files(state, campaign),
        *_refusals(state, campaign),
        *_questions(state, campaign),
        *_approvals(state, campaign),
        *_directives(state, campaign),
    ]


def _need(kind: str, subjects: list[str], text: str, remedy: str) -> Need:
    return {"kind": kind, "subjects": subjects[:MAX_LISTED], "text": clean(text), "remedy": remedy}


def _room(state: State, campaign: Campaign) -> list[Need]:
    """Say so where nothing begins because the disk is nearly full."""
    room = state.room
    if room is None or not room.low or campaign.state is not CampaignState.RUNNING:
        return []
    text = (
        f"the disk is nearly full: {room.free / 1e9:.1f} GB are free, and no run begins below"
        f" {room.floor / 1e9:.1f} GB"
    )
    remedy = "free some space, `arctl gc` says what arctl can remove, or set ARCTL_DISK_FLOOR lower"
    return [_need("disk", [], text, remedy)]


def _slots(state: State, campaign: Campaign) -> list[Need]:
    """Return why none of its runs can ever start here."""
    why = never(state, campaign.id)
    remedy = "write what it needs under [run] in arctl.toml"
    return [_need("devices", [], f"no run of {campaign.id} can start: {why}", remedy)] if why else []


def _troubles(state: State, campaign: Campaign) -> list[Need]:
    """Return why agents wait for a person, those with the same trouble together."""
    groups: dict[str, list[str]] = {}
    for agent in state.company.agents_of(campaign.id):
        if agent.trouble and agent.state is AgentState.ACTIVE:
            groups.setdefault(agent.trouble, []).append(agent.name)
    found = []
    for trouble, names in groups.items():
        # Resuming the campaign asks all of them again.
        remedy = f"mend it, then `arctl resume {names[0] if len(names) == 1 else campaign.id}`"
        verb = "waits" if len(names) == 1 else "wait"
        found.append(_need("agent", names, f"{listed(names)} {verb} for you: {trouble}", remedy))
    return found


def _quarantine(state: State, campaign: Campaign) -> list[Need]:
    """Return the results that nobody may believe before a person looked at them."""
    rows = [row for row in state.open_experiments(campaign.id) if row.in_quarantine]
    if not rows:
        return []
    first, names = rows[0], [row.id for row in rows]
    verb = "waits" if len(rows) == 1 else "wait"
    why = clean("; ".join(each["text"] for each in first.quarantined.get("findings", ())), MAX_SAID)
    text = f"{listed(names)} {verb} in quarantine for you: {first.id}: {why}"
    remedy = (
        f"`arctl quarantine show {first.id}`, then `arctl quarantine release {first.id}` or "
        f"`arctl quarantine reject {first.id}`"
    )
    return [_need("quarantine", names, text, remedy)]


def waits(state: State, campaign: Campaign, now: float) -> list[Need]:
    """Return what goes on by itself after a while; `left`: seconds until then."""
    if campaign.state is not CampaignState.RUNNING:
        return []
    return [*_rests(state, campaign, now), *_silence(state, campaign, now)]


def _silence(state: State, campaign: Campaign, now: float) -> list[Need]:
    """Return the discussion in which nobody answered and when it is begun again."""
    talk = unanswered(state, campaign.id)
    if talk is None or talk.closed is None:
        return []
    left = talk.closed + silence(state, state.company.discussions_of(campaign.id)) - now
    if left <= 0:
        return []
    text = f"nobody answered in the discussion {talk.id}"
    found = _need("discussion", [talk.id], text, f"`arctl resume {campaign.id}` asks at once")
    return [{**found, "left": left}]


def _rests(state: State, campaign: Campaign, now: float) -> list[Need]:
    """Return who is asked again by itself after a passing fault."""
    agents = state.company.agents_of(campaign.id)
    left = {
        agent.name: state.rest.get(agent.id, 0.0) - now
        for agent in agents
        if agent.state is AgentState.ACTIVE and agent.failures and not agent.trouble
    }
    names = [name for name, seconds in left.items() if seconds > 0]
    if not names:
        return []
    why = campaign.trouble if all(agent.trouble != campaign.trouble for agent in agents) else ""
    why = STALE.sub("", why)
    verb = "rests" if len(names) == 1 else "rest"
    text = f"{listed(names)} {verb} after a fault that passes{': ' if why else ''}{why}"
    found = _need("rest", names, text, f"nothing to do; `arctl agents {names[0]}` says more")
    return [{**found, "left": min(left[name] for name in names)}]


def _files(state: State, campaign: Campaign) -> list[Need]:
    """Return the files that people edit and that are none of their own, or hold what is not taken."""
    back = f"put the file itself back into {campaign.root}"
    found = [(key, why, back) for key, why in state.astray.items() if why]
    found += [
        (key, f"was edited, and that is not taken: {mark.why}", mark.remedy)
        for key, mark in state.refused_edits.items()
    ]
    return [
        _need("file", [file], f"{file} {why}", remedy)
        for (name, file), why, remedy in found
        if name == campaign.id and file in (SPEC, state.spec(name).objective)
    ]


def _refusals(state: State, campaign: Campaign) -> list[Need]:
    """Return what agents declined: ideas that they would not write, and whole turns."""
    ideas: dict[tuple[str, str], list[Proposal]] = {}
    for row in state.open_proposals(campaign.id):
        if row.state is ProposalState.PARKED and row.reason.startswith(DECLINED):
            ideas.setdefault((row.writer, row.reason), []).append(row)
    found = []
    for (writer, reason), rows in list(ideas.items())[-MAX_LISTED:]:
        first, names = rows[-1], [row.id for row in reversed(rows)]
        more = f" (and {listed(names[1:])})" if len(rows) > 1 else ""
        why = clean(reason.removeprefix(DECLINED), MAX_SAID)
        text = f"{writer} declined to write {first.id} {clean(first.title, 60)}{more}: {why}"
        then = f"`arctl approve {first.id}` has it written, `arctl reject {first.id}` gives it up"
        found.append(_need("declined", names, text, _reword(state, campaign, writer, then)))
    turns: dict[str, list[str]] = {}
    for agent in state.company.agents_of(campaign.id):
        if agent.declined and agent.state is AgentState.ACTIVE:
            turns.setdefault(agent.declined, []).append(agent.name)
    for declined, names in list(turns.items())[-MAX_LISTED:]:
        what, _, why = declined.partition(": ")
        text = f"{listed(names)} declined to {what}: {clean(why, MAX_SAID)}"
        alone = len(names) == 1 and campaign.state is not CampaignState.FINISHED
        then = f"`arctl resume {names[0] if alone else campaign.id}` asks again"
        found.append(_need("declined", names, text, _reword(state, campaign, names[0], then)))
    return found


def _reword(state: State, campaign: Campaign, name: str, then: str) -> str:
    """Say what may help where somebody declined."""
    agent = state.company.named(campaign.id, name)
    words = state.spec(campaign.id).objective or "the objective"
    whom = f"the {agent.role}s" if agent is not None and agent.role is not Role.SOLO else "the agent"
    return f"say in {words} what is wanted and why, or give {whom} another model; then {then}"


def stuck(state: State, campaign: Campaign) -> bool:
    """Tell whether a running campaign cannot go on: everybody waits for a person, nothing is under way."""
    agents = state.company.agents_of(campaign.id)
    if campaign.state is CampaignState.RUNNING and campaign.reason.startswith(UNDECIDED):
        return True
    if campaign.state is not CampaignState.RUNNING or not any(map(_troubled, agents)):
        return False
    if any(agent.state is AgentState.ACTIVE and not agent.trouble for agent in agents):
        return False
    going = state.open_experiments(campaign.id)
    if any(row.state is not ExperimentState.CLOSED and not row.in_quarantine for row in going):
        return False
    if campaign.wanted not in ("", campaign.champion) or any(True for _ in state.company.asked(campaign.id)):
        return False
    approve = state.spec(campaign.id).policy.approve
    return not any(_runs_unaided(row, approve) for row in state.open_proposals(campaign.id))


def _troubled(agent: Agent) -> bool:
    return bool(agent.trouble) and agent.state is AgentState.ACTIVE


def _runs_unaided(row: Proposal, approve: bool) -> bool:
    """Tell whether a proposal comes to run without any agent: its change is written."""
    free = row.approved or row.urgent or not approve
    # A pending one does, too, once it waited long enough for its critique.
    queued = row.state in (ProposalState.READY, ProposalState.PENDING)
    return queued and free and row.change.get("kind") != "idea"


def _questions(state: State, campaign: Campaign) -> list[Need]:
    rows = state.company.questions(campaign.id)
    if not rows:
        return []
    first = rows[0]
    more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
    text = f"{first.author} asks{more}: {clean(first.text, MAX_SAID)}"
    remedy = f"`arctl questions`, then `arctl say TEXT --reply {first.id}`"
    return [_need("question", [post.id for post in rows], text, remedy)]


def _approvals(state: State, campaign: Campaign) -> list[Need]:
    if not state.spec(campaign.id).policy.approve:
        return []
    rows = [
        row
        for row in state.open_proposals(campaign.id)
        if row.state is ProposalState.READY and not row.approved and not row.urgent
    ]
    if not rows:
        return []
    names = [row.id for row in rows]
    text = f"{listed(names)} {'waits' if len(names) == 1 else 'wait'} for your approval"
    remedy = (
        f"`arctl teams {names[0]}` shows it, `arctl approve {names[0]}` agrees, `arctl reject {names[0]}`"
    )
    return [_need("approval", names, text, remedy)]


def _directives(state: State, campaign: Campaign) -> list[Need]:
    rows = [row for row in state.company.directives_of(campaign.id) if row.state is DirectiveState.ISSUED]
    return [
        _need(
            "directive",
            [row.id],
            f"{row.id} for {row.target} is not acknowledged yet: {clean(row.text, MAX_SAID)}",
            f"its analysts hear it in their next turn; `arctl withdraw {row.id}` takes it back",
        )
        for row in rows[:MAX_LISTED]
    ]


def listed(names: list[str]) -> str:
    """Write names for a sentence: the first few of many."""
    few = ", ".join(names[:MAX_LISTED])
    return f"{few} and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else few
