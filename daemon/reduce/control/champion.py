"""Promote and roll back by hand: a person's word in place of the gate's, recorded as such."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life import byhand
from arctl.daemon.life.titles import told
from arctl.daemon.reduce.control.base import Done, NotYetError, Request, inverse
from arctl.daemon.reduce.control.leases import withdraw
from arctl.daemon.reduce.control.targets import listed, need_campaign, need_experiment
from arctl.daemon.rows import Campaign, Event, Experiment, ExperimentState, Json, bump
from arctl.errors import RefusedError


def promote(request: Request) -> Done:
    """Make an experiment champion, whatever the gate says."""
    row = need_experiment(request)
    campaign = _free(request, row.campaign)
    if not row.commit:
        msg = f"{row.id} has no commit that could be champion"
        raise RefusedError(msg, f"`arctl show {row.id}` says why")
    if row.id == campaign.champion:
        msg = f"{row.id} is the champion"
        raise RefusedError(msg, "`arctl champion` shows it")
    if row.promoted:
        return _moved(request, campaign, row, row)
    why = byhand.by_hand(request.actor, request.reason)
    # What the gate said of it stays its verdict: a person's word is no evidence.
    new = bump(row, state=ExperimentState.PROMOTING, held=False, by_hand=True, reason=why)
    return _moved(request, campaign, row, new)


def rollback(request: Request) -> Done:
    """Make an earlier champion, or the baseline, champion again."""
    named = request.state.experiments.get(request.fact.target)
    campaign = _free(request, named.campaign if named else need_campaign(request).id)
    row = named or _before(request, campaign)
    if row.id == campaign.champion:
        msg = f"{row.id} is the champion"
        raise RefusedError(msg, "name an earlier one: `arctl champion` shows them")
    if (made := request.word("instead_of")) and made != campaign.champion:
        msg = f"{campaign.champion} is champion now, not {made}: what was accepted since would be thrown away"
        raise RefusedError(msg, f"`arctl rollback {row.id}` goes back to {row.id} all the same")
    if not row.promoted:
        earlier = [item.id for item in request.state.experiments_of(campaign.id) if item.promoted]
        msg = f"{row.id} was never champion"
        raise RefusedError(msg, f"earlier ones: {listed(earlier)}; or `arctl promote {row.id}`")
    return _moved(request, campaign, row, row)


def _free(request: Request, name: str) -> Campaign:
    """Return a campaign whose branch is not being moved at the moment."""
    state = request.state
    campaign = state.campaigns[name]
    pending = [row.id for row in state.open_experiments(name) if row.state is ExperimentState.PROMOTING]
    if campaign.wanted and campaign.wanted != campaign.champion:
        pending.append(campaign.wanted)
    if pending:
        msg = f"{pending[0]} is being promoted"
        raise NotYetError(msg, "it will be the champion in a moment; then repeat the command")
    return campaign


def _before(request: Request, campaign: Campaign) -> Experiment:
    """Return the champion before this one: whom it replaced by hand, else what it was built on."""
    state = request.state
    champion = state.experiments[campaign.champion]
    for deed in reversed(state.company.deeds.values()):
        former = deed.undo.get("target", "")
        if deed.verb == "promote" and deed.target == champion.id and former in state.experiments:
            return state.experiments[former]
    if not champion.base:
        msg = f"{champion.id} is the baseline: there is nothing before it"
        raise RefusedError(msg, "name an experiment: `arctl rollback e7`")
    return state.experiments[champion.base]


def _moved(request: Request, campaign: Campaign, known: Experiment, row: Experiment) -> Done:
    """Have the branch moved; the experiment is champion once that is done."""
    state = request.state
    champion = state.experiments[campaign.champion]
    why = byhand.by_hand(request.actor, request.reason)
    if row is known:
        row = bump(row, by_hand=True)
    wanted = bump(campaign, wanted=row.id)
    text = f"{row.id} {told(state, row)} is to be champion in place of {champion.id}, {why}"
    text += _lost(known, champion)
    data: Json = {"before": champion.id, "verdict": known.verdict, "reason": request.reason}
    kind = "champion.promoting" if request.fact.verb == "promote" else "champion.rolling_back"
    step = Step(
        rows=[wanted, row],
        events=[Event(kind, campaign.id, row.id, text, request.actor, data)],
        actions=[byhand.move(state, wanted, row, why)],
    )
    if row.state is ExperimentState.PROMOTING:
        step.extend(withdraw(request, campaign.id, lambda turn: turn.subject == row.id, why))
    # It takes back this word alone, not what was accepted on top of it.
    undo = inverse("rollback", champion.id, instead_of=row.id)
    return Done(step, row.id, campaign.id, undo, {"champion": row.id, "before": champion.id})


def _lost(row: Experiment, champion: Experiment) -> str:
    """Say so where the champion's own changes are not part of the new tree."""
    if row.base == champion.id or not row.base or row.promoted:
        return ""
    return f"; it was built on {row.base}, so that what was accepted since is not part of it"
