"""Campaigns come, come again, and are held when something that only a person can mend goes wrong."""

from __future__ import annotations

from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import AdmitCampaign, Answer, BackUp, RemoveTree, Step, WatchFiles
from arctl.daemon.life import closing
from arctl.daemon.life.releasing import woken
from arctl.daemon.life.seating import UNBOUND
from arctl.daemon.life.surface import reading
from arctl.daemon.life.talking import anew, spent
from arctl.daemon.marks import RefusedEdit, Reissue, Stopping
from arctl.daemon.rows import (
    Campaign,
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    RunState,
    bump,
)
from arctl.daemon.specs import problem_of, read
from arctl.daemon.state import State
from arctl.errors import RefusedError
from arctl.experiments.spec import Spec


def requested(state: State, fact: facts.AddCampaign) -> Step:
    """Have the workspace look at a repository."""
    known = {row.id: (row.root, row.base_commit) for row in state.campaigns.values()}
    look = AdmitCampaign(
        fact.ticket,
        fact.path,
        fact.env,
        fact.actor,
        fact.allow_dirty,
        known,
        fact.sandbox,
        fact.allow_unsandboxed,
    )
    return Step(actions=[look])


def refused(fact: facts.CampaignRefused) -> Step:
    """Tell the one who asked."""
    return Step(answers=[Answer(fact.ticket, error=RefusedError(fact.message, fact.remedy))])


def admitted(state: State, fact: facts.CampaignAdmitted, now: float) -> Step:
    """Begin a campaign with its baseline, or let a known one go on."""
    known = state.campaigns.get(fact.name)
    step = _begin(state, fact, now) if known is None else _again(state, fact, known, now)
    if not any(answer.error for answer in step.answers):
        step.actions.extend(WatchFiles(row) for row in step.rows if isinstance(row, Campaign))
        step.extend(woken(state, fact.name))
        # A daemon that was draining stays after all.
        step.marks.append(Stopping(""))
    return step


def _begin(state: State, fact: facts.CampaignAdmitted, now: float) -> Step:
    ids = state.ids()
    ident, number = ids.new("e")
    spec = read(fact.spec, fact.name)
    campaign = Campaign(
        id=fact.name,
        root=fact.root,
        prefix=fact.prefix,
        spec=fact.spec,
        state=CampaignState.RUNNING,
        created=now,
        base_commit=fact.commit,
        champion=ident,
        env=fact.env,
        objective=fact.objective,
        level=fact.level,
        setup_done=spec.run.setup is None,
    )
    baseline = Experiment(
        id=ident,
        campaign=fact.name,
        number=number,
        created=now,
        state=ExperimentState.OPEN,
        title="baseline",
        commit=fact.commit,
        tree=fact.tree,
        params=fact.params,
        promoted=fact.commit,
    )
    step = Step(rows=[campaign, baseline], actions=[BackUp()])
    text = f"campaign {fact.name} begins at {fact.commit[:9]} of {fact.root}"
    step.events.append(
        Event("campaign.started", fact.name, fact.name, text, fact.actor, {"commit": fact.commit})
    )
    step.answers.append(Answer(fact.ticket, _welcome(campaign, "started", fact.notes)))
    return step


def _again(state: State, fact: facts.CampaignAdmitted, known: Campaign, now: float) -> Step:
    old, new = state.spec(known.id), read(fact.spec, fact.name)
    baseline = state.baseline_of(known.id)
    untried = not baseline.bank and not state.count_proposed(known.id)
    readable = not problem_of(known)
    if readable and not untried and (changed := measured_otherwise(old, new)):
        message = (
            f"arctl.toml measures otherwise than campaign {known.id} did until now: {', '.join(changed)}"
        )
        remedy = "results of both could not be compared: give it another name, or put it back"
        return Step(answers=[Answer(fact.ticket, error=RefusedError(message, remedy))])
    notes = list(fact.notes)
    step = Step()
    if fact.commit != known.base_commit and not untried:
        notes.append(
            f"HEAD is now {fact.commit[:9]}; the campaign goes on from its champion, which began at "
            f"{known.base_commit[:9]} (give arctl.toml another name to begin from HEAD)"
        )
    elif fact.commit != known.base_commit:
        step.rows.append(
            bump(baseline, commit=fact.commit, tree=fact.tree, params=fact.params, promoted=fact.commit)
        )
    renewed = untried and (fact.commit != known.base_commit or new.run.setup != old.run.setup)
    for run in state.runs_of(baseline.id) if renewed else ():
        step.extend(closing.cancel(run, "the baseline is run on what stands there now", now))
    changes: dict[str, Any] = {"base_commit": fact.commit} if untried else {}
    if new.run.setup is None or renewed:
        # What was mended may be what it prepares.
        changes["setup_done"] = new.run.setup is None
    elif new.run.setup != old.run.setup and known.setup_done:
        notes.append("run.setup is not run again: there are results of what it prepared already")
    campaign = bump(
        known,
        root=fact.root,
        prefix=fact.prefix,
        spec=fact.spec,
        env=fact.env,
        objective=fact.objective,
        level=fact.level,
        state=CampaignState.RUNNING,
        reason="",
        trouble="",
        drain=False,
        **changes,
    )
    step.rows.append(campaign)
    # What stands in the files now is taken.
    step.marks.extend(RefusedEdit(*key) for key in state.refused_edits if key[0] == campaign.id)
    values = state.experiments[campaign.champion].params
    fresh = [name for name in new.params if name not in old.params or name not in values]
    if fresh and not (untried and fact.commit != known.base_commit):
        step.actions.append(reading(state, campaign, fact.spec, fresh))
    if known.state is not CampaignState.RUNNING:
        step.marks.append(Reissue(campaign.id, wanted=True))
    same = known.level == fact.level
    if known.state is CampaignState.RUNNING and known.spec == fact.spec and not step.rows[:-1] and same:
        step.answers.append(Answer(fact.ticket, _welcome(campaign, "running", tuple(notes))))
        return step
    if (talk := spent(state, known)) is not None:
        step.extend(anew(state, talk, now))
    text = f"campaign {fact.name} goes on"
    step.events.append(
        Event("campaign.resumed", fact.name, fact.name, text, fact.actor, {"was": known.state})
    )
    step.answers.append(Answer(fact.ticket, _welcome(campaign, "resumed", tuple(notes))))
    return step


def measured_otherwise(old: Spec, new: Spec) -> list[str]:
    """Name the settings on which the value of a run depends that are no longer the same."""
    pairs = {
        "run.command": (old.run.command, new.run.command),
        "run.prepare": (old.run.prepare, new.run.prepare),
        "run.env": (old.run.env, new.run.env),
        "seed": (old.seed, new.seed),
        "score": (old.score, new.score),
        **{
            f"metric.{name}": (getattr(old.metric, name), getattr(new.metric, name))
            for name in ("name", "goal", "source", "file", "pattern")
        },
    }
    return [name for name, (before, now) in pairs.items() if before != now]


def _welcome(campaign: Campaign, how: str, notes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "campaign": campaign.id,
        "how": how,
        "root": campaign.root,
        "commit": campaign.base_commit,
        "branch": f"arctl/{campaign.id}",
        "notes": list(notes),
        "rev": campaign.rev,
    }


def hold(campaign: Campaign, reason: str) -> Step:
    """Stop starting anything for a campaign until a person has looked."""
    if campaign.state is not CampaignState.RUNNING:
        return Step()
    row = bump(campaign, state=CampaignState.HELD, reason=reason)
    return Step(rows=[row], events=[Event("campaign.held", campaign.id, campaign.id, reason)])


#: Actions without which a run has not begun.
_BEFORE = ("PrepareTree", "ArrangeRun", "LaunchRun")


def action_failed(state: State, fact: facts.ActionFailed, now: float) -> Step:
    """Record that an action failed and hold its campaign; nothing is lost, a resume asks for it again."""
    reason = f"{fact.action} failed: {fact.error}" + (f" ({fact.remedy})" if fact.remedy else "")
    step = Step(events=[Event("action.failed", fact.campaign, fact.run or fact.experiment, reason)])
    run = state.runs.get(fact.run)
    if run is not None and run.state is not RunState.ENDED and fact.action in _BEFORE:
        step.rows.append(bump(run, state=RunState.QUEUED, attempt=run.attempt + 1, tree="", **UNBOUND))
        step.actions.append(RemoveTree(run.id))
    if campaign := state.campaigns.get(fact.campaign):
        away = f" (to give it up: `arctl kill {fact.experiment}` first)" if fact.experiment else ""
        step.extend(hold(campaign, f"{reason}; mend that, then `arctl resume {campaign.id}`{away}"))
    return step
