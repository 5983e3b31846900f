"""Edits of `arctl.toml` and the objective while a campaign runs: taken up, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import Step, WatchFiles
from arctl.daemon.life.releasing import woken
from arctl.daemon.life.surface import reading
from arctl.daemon.marks import Astray, RefusedEdit
from arctl.daemon.reduce.campaigns import measured_otherwise
from arctl.daemon.rows import Campaign, CampaignState, Event, Json, bump
from arctl.daemon.specs import problem_of, read
from arctl.daemon.state import State
from arctl.experiments.errors import SpecError
from arctl.experiments.spec import Spec

SPEC = "arctl.toml"
#: Who edits: the file does not say.
EDITOR = "editor"
#: Changed settings that one sentence names.
MAX_NAMED = 6
#: The longest value that it shows.
MAX_SHOWN = 40


def seen(state: State, fact: facts.EditSeen, now: float) -> Step:
    """Take an edit up, or say why it cannot be while results are to be compared."""
    del now
    campaign = state.campaigns.get(fact.campaign)
    if campaign is None:
        return Step()
    step = (
        _spec(state, campaign, fact.text, fact.diff)
        if fact.file == SPEC
        else _objective(state, campaign, fact)
    )
    # Whatever was refused stands there no more; what stands there now may be refused as well.
    step.marks.insert(0, RefusedEdit(campaign.id, fact.file))
    return step


def _objective(state: State, campaign: Campaign, fact: facts.EditSeen) -> Step:
    """Take up what the objective says now."""
    if fact.file != state.spec(campaign.id).objective or fact.text == campaign.objective:
        return Step()
    text = f"{fact.file} was edited; agents are told so from their next turn on{_stands(campaign)}"
    event = Event("objective.edited", campaign.id, campaign.id, text, EDITOR, {"diff": fact.diff})
    return Step(rows=[bump(campaign, objective=fact.text)], events=[event])


def refused(state: State, fact: facts.EditRefused, now: float) -> Step:
    """Tell what is wrong with an edit; what was there before stays."""
    del now
    campaign = state.campaigns.get(fact.campaign)
    return _not_taken(campaign, fact.file, fact.message, fact.remedy) if campaign else Step()


def astray(state: State, fact: facts.FileAstray) -> Step:
    """Tell, once, that a file which people edit is not there as a file any more, or is again."""
    campaign, key = state.campaigns.get(fact.campaign), (fact.campaign, fact.file)
    if campaign is None or state.astray.get(key, "") == fact.why:
        return Step()
    text = f"{fact.file} {fact.why}" if fact.why else f"{fact.file} is a file again and is followed as before"
    kind = "file.astray" if fact.why else "file.back"
    event = Event(kind, campaign.id, campaign.id, text, data={"file": fact.file})
    return Step(marks=[Astray(fact.campaign, fact.file, fact.why)], events=[event])


def _not_taken(campaign: Campaign, file: str, message: str, remedy: str, diff: str = "") -> Step:
    """Return the event of an edit that is not taken up, and keep it in sight until there is another."""
    text = f"the edit of {file} is not taken, what was there before stays: {message}; {remedy}"
    data = {"file": file, "message": message, "remedy": remedy, "diff": diff}
    mark = RefusedEdit(campaign.id, file, message, remedy)
    event = Event("edit.refused", campaign.id, campaign.id, text, EDITOR, data)
    return Step(marks=[mark], events=[event])


def params_read(state: State, fact: facts.ParamsRead) -> Step:
    """Take up the edit that names new constants, now that their values are known; experiments get theirs."""
    campaign = state.campaigns.get(fact.campaign)
    if campaign is None:
        return Step()
    if fact.was != campaign.spec:
        # Another edit was taken up meanwhile: whatever stands in the file now is looked at anew.
        return Step(actions=[WatchFiles(campaign)])
    step = Step()
    if fact.spec != campaign.spec:
        step = _spec(state, campaign, fact.spec, fact.diff, fact.values.get(campaign.champion))
        if not any(isinstance(row, Campaign) for row in step.rows):
            return step
    for ident, values in fact.values.items():
        row = state.experiments[ident]
        if values:
            step.rows.append(bump(row, params={**row.params, **values}))
    return step


def _spec(state: State, campaign: Campaign, text: str, diff: str, constants: Json | None = None) -> Step:
    """Take a specification up; `constants` are the champion's values of what it tunes for the first time."""
    if text == campaign.spec:
        return Step()
    try:
        old, new = state.spec(campaign.id), read(text, campaign.id)
    except SpecError as error:
        return _not_taken(campaign, SPEC, "; ".join(map(str, error.problems)), error.remedy, diff)
    if problem := _unfit(campaign, old, new):
        return _not_taken(campaign, SPEC, *problem, diff)
    fresh = [name for name in new.params if name not in old.params]
    if any(name not in (constants or {}) for name in fresh):
        return Step(actions=[reading(state, campaign, text, fresh, diff)])
    changed = [f"params.{name} is new, {_shown((constants or {}).get(name))} at present" for name in fresh]
    begins = tuple(f"params.{name}." for name in fresh)
    changed += [line for line in changes(old, new) if not line.startswith(begins)]
    setup = campaign.setup_done or new.run.setup is None
    row = bump(campaign, spec=text, setup_done=setup)
    named = ", ".join(changed[:MAX_NAMED]) or "nothing that arctl reads is different"
    more = f" and {len(changed) - MAX_NAMED} more" if len(changed) > MAX_NAMED else ""
    counts = "; it counts from the next decision on" if changed else ""
    said = f"{SPEC} was edited: {named}{more}{counts}{_stands(campaign)}"
    data = {"diff": diff, "changed": changed}
    step = Step(rows=[row], events=[Event("spec.edited", campaign.id, campaign.id, said, EDITOR, data)])
    if changed:
        # Whoever had nothing more to propose may have now.
        step.extend(woken(state, campaign.id))
    if old.objective != new.objective or old.params.keys() != new.params.keys():
        step.actions.append(WatchFiles(row))
    return step


def _unfit(campaign: Campaign, old: Spec, new: Spec) -> tuple[str, str] | None:
    """Say why a readable text is not this campaign's any more, and what to do; None where it is."""
    if new.name != campaign.id:
        message = f"the name is {new.name}, not {campaign.id}"
        return message, "put the name back; `arctl start` begins another campaign under another name"
    if problem_of(campaign):
        return None  # of what stood there only a part can be read: there is nothing to compare with
    if changed := measured_otherwise(old, new):
        message = f"it measures otherwise than until now: {', '.join(changed)}"
        return (
            message,
            "results of both could not be compared: put it back, or give it another name and start",
        )
    if new.sandbox.level != old.sandbox.level:
        return (
            "the sandbox's level is tried and set when a campaign is started",
            f"put it back, or have it taken up: `arctl start {campaign.root}`",
        )
    if new.run.setup not in (old.run.setup, None) and campaign.setup_done:
        return (
            "run.setup is run once, before anything else, and that was done",
            "put it back, or give the campaign another name and start",
        )
    moved = [
        name
        for name, param in new.params.items()
        if (known := old.params.get(name)) is not None
        and (known.file, known.key, known.type) != (param.file, param.key, param.type)
    ]
    if moved:
        names = ", ".join(f"params.{name}" for name in moved)
        remedy = "results of both could not be compared: put it back, or give the new one a new name"
        return f"it tunes other constants under known names: {names}", remedy
    return None


def changes(old: Spec, new: Spec) -> Iterator[str]:
    """Yield what differs between two specifications, as `limits.hours 2 -> 4`."""
    before, after = dict(_flat("", old.to_dict())), dict(_flat("", new.to_dict()))
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            was = _shown(before[key]) if key in before else "unset"
            yield f"{key} {was} -> {_shown(after[key]) if key in after else 'unset'}"


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), item)
    else:
        yield prefix, value


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _stands(campaign: Campaign) -> str:
    if campaign.state is CampaignState.RUNNING:
        return ""
    return f"; the campaign is {campaign.state} and stays so until `arctl resume {campaign.id}`"
