"""What waits for a person: troubles, questions, directives that nobody took up yet, proposals to approve."""

from __future__ import annotations

from typing import Any

from arctl.daemon.rows import AgentState, Campaign, CampaignState, DirectiveState, ProposalState
from arctl.daemon.state import State
from arctl.text import clean

Need = dict[str, Any]

#: Names or ids that one line lists, and how much of a text it repeats.
MAX_LISTED = 5
MAX_SAID = 160


def needs(state: State, campaign: Campaign) -> list[Need]:
    """Return what of a campaign needs a person: `kind`, `subjects`, `text`, and what to do (`remedy`)."""
    if campaign.state is CampaignState.FINISHED:
        return _questions(state, campaign)
    return [
        *_troubles(state, campaign),
        *_questions(state, campaign),
        *_approvals(state, campaign),
        *_directives(state, campaign),
    ]


def _need(kind: str, subjects: list[str], text: str, remedy: str) -> Need:
    return {"kind": kind, "subjects": subjects[:MAX_LISTED], "text": clean(text), "remedy": remedy}


def _troubles(state: State, campaign: Campaign) -> list[Need]:
    """Return why agents wait for a person, those with the same trouble together; then what only passes."""
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
    if campaign.trouble and campaign.trouble not in groups:
        text = f"agents cannot think at the moment: {campaign.trouble}"
        found.append(_need("thought", [campaign.id], text, "they are asked again by themselves"))
    return found


def _questions(state: State, campaign: Campaign) -> list[Need]:
    rows = [post for post in state.company.posts_of(campaign.id) if post.open]
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
