"""Who works on a campaign: hired when it begins, more or fewer when its settings are edited."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.releasing import withdrawn
from arctl.daemon.life.seating import slots
from arctl.daemon.rows import Agent, AgentState, Campaign, CampaignState, Event, Role, bump
from arctl.daemon.state import Ids, State
from arctl.experiments.spec import Spec

#: The company of a campaign that says nothing, on many slots.
ANALYSTS = 3
WRITERS_EACH = 2

NAMES = (
    "ada", "emmy", "grace", "marie", "tycho", "sofia", "niels", "hedy", "alan", "vera", "euler", "lise",
    "edwin", "rosa", "kurt", "olga", "henri", "chien", "paul", "maria", "isaac", "cecilia", "max", "dorothy",
)  # fmt: skip


def staff(state: State, now: float) -> Step:
    """Hire for a campaign that has nobody, or another number than it asks for."""
    if not state.devices:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING:
            continue
        spec = state.spec(campaign.id)
        there = [row for row in state.company.agents_of(campaign.id) if not row.outside]
        explicit = spec.teams.analysts is not None or spec.teams.experimenters is not None
        if there and not explicit:
            continue
        wanted = company(spec, slots(state, campaign.id))
        if step := _adjust(state, campaign, spec, there, wanted, now):
            return step
    return Step()


def company(spec: Spec, slots: int) -> dict[Role, int]:
    """Return how many of each role a campaign has: three analysts at most, a solo agent on one slot."""
    analysts = spec.teams.analysts
    if analysts is None:
        analysts = 0 if slots <= 1 and not spec.teams.experimenters else min(ANALYSTS, slots)
    if analysts == 0:
        return {Role.SOLO: 1, Role.EXPERIMENTER: spec.teams.experimenters or 0}
    writers = spec.teams.experimenters
    if writers is None:
        writers = 0 if spec.brain_for("experimenter").ruled else WRITERS_EACH * analysts
    return {Role.ANALYST: analysts, Role.EXPERIMENTER: writers}


def _adjust(
    state: State, campaign: Campaign, spec: Spec, there: list[Agent], wanted: dict[Role, int], now: float
) -> Step:
    step = Step()
    ids = state.ids()
    names: set[str] = set()
    for role in Role:
        have = [row for row in there if row.role is role]
        for row in have[wanted.get(role, 0) :]:
            step.rows.append(bump(row, state=AgentState.RETIRED, team=""))
            step.events.append(Event("agent.retired", campaign.id, row.id, f"{row.name} leaves the company"))
            if (turn := state.company.turn_of(row)) is not None:
                step.extend(withdrawn(state, turn, f"{row.name} leaves the company", now))
        for _ in range(wanted.get(role, 0) - len(have)):
            names = names or _known(state, campaign.id)
            agent = _hire(ids, campaign, spec, role, names, now)
            names.add(agent.name)
            step.rows.append(agent)
            text = f"{agent.name} joins as {role.value}, thinking with {agent.brain} {agent.model}".rstrip()
            data = {"role": role.value, "brain": agent.brain, "model": agent.model}
            step.events.append(Event("agent.hired", campaign.id, agent.id, text, data=data))
    return step


def _known(state: State, campaign: str) -> set[str]:
    """Return the names that agents of a campaign have or had, and those of people who were heard of in it."""
    company = state.company
    found = {row.actor for row in company.deeds.values() if row.campaign == campaign}
    found |= {row.author for row in company.directives_of(campaign)}
    found |= {row.author for row in company.all_directions(campaign) if row.by_hand}
    found |= {row.agent for row in state.proposals.values() if row.campaign == campaign and row.by_hand}
    found |= {row.author for row in company.posts_of(campaign)}
    return found | {row.name for row in company.everybody(campaign)}


def _hire(ids: Ids, campaign: Campaign, spec: Spec, role: Role, names: set[str], now: float) -> Agent:
    brain = spec.brain_for(role.value)
    return Agent(
        id=ids.new("a")[0],
        campaign=campaign.id,
        name="solo" if role is Role.SOLO and "solo" not in names else _name(names),
        role=role,
        brain=brain.kind,
        model=brain.model or "",
        created=now,
        seen=now,
    )


def _name(names: set[str]) -> str:
    """Return a short name that nobody in the campaign has or had."""
    found = next((name for name in NAMES if name not in names), "")
    number = 2
    while not found:
        found = next((f"{name}-{number}" for name in NAMES if f"{name}-{number}" not in names), "")
        number += 1
    return found
