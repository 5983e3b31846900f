"""Pause and resume all campaigns at once: one deed, that is undone as one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from arctl.daemon.actions import Step
from arctl.daemon.reduce.control import freezing, holds
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.targets import find
from arctl.daemon.rows import Campaign, CampaignState, Json
from arctl.errors import UsageError

#: What stands for every campaign, unless something bears the name.
ALL = "all"


def pause(request: Request) -> Done:
    """Start nothing more of a target, or of all campaigns that run."""
    if not _meant(request):
        return holds.pause(request)
    if request.mode not in holds.MODES:
        msg = f"there is no way to pause called {request.mode!r}"
        raise UsageError(msg, f"use {' or '.join(holds.MODES)}")
    rows = [row for row in request.state.campaigns.values() if _to_pause(request, row)]
    return _done(request, [inverse("pause", row.id, mode=request.mode) for row in rows])


def resume(request: Request) -> Done:
    """Let a target go on, or all campaigns that a person paused."""
    if not _meant(request):
        return holds.resume(request)
    rows = [row for row in request.state.campaigns.values() if _to_resume(request, row)]
    return _done(request, [inverse("resume", row.id) for row in rows])


def each(request: Request) -> Done:
    """Pause or resume several campaigns, each in its own way; how `all` is undone, and done again."""
    wanted = [dict(item) for item in request.fact.data.get("requests") or ()]
    # What was killed, or is held, since then is nothing that an older word is about.
    return _done(request, [item for item in wanted if _free(request, item["target"])])


def _meant(request: Request) -> bool:
    """Tell whether all campaigns are meant, and not something that is called so."""
    if request.fact.data.get("all"):
        return True
    return request.fact.target == ALL and find(request.state, ALL, request.campaign) is None


def _to_pause(request: Request, row: Campaign) -> bool:
    """Tell whether a campaign runs; of one that is paused, runs under way can be frozen all the same."""
    if row.state is CampaignState.RUNNING:
        return not (row.drain and request.mode == "drain")
    freezable = request.state.spec(row.id).run.freezable
    return row.state is CampaignState.PAUSED and request.mode == "freeze" and freezable


def _to_resume(request: Request, row: Campaign) -> bool:
    """Tell whether a person paused a campaign; what is held, or has ended, is resumed by its name."""
    if not _free(request, row.id):
        return False
    paused = row.state is CampaignState.PAUSED or row.drain
    return paused or freezing.still(request.state, row, own=True)


def _free(request: Request, name: str) -> bool:
    row = request.state.campaigns.get(name)
    return row is not None and row.state in (CampaignState.RUNNING, CampaignState.PAUSED)


def _done(request: Request, wanted: Iterable[Json]) -> Done:
    """Carry out each request; those that change nothing are not part of the deed."""
    step, done, undo = Step(), list[Json](), list[Json]()
    for item in wanted:
        fact = dataclasses.replace(request.fact, **item)
        handler = holds.pause if fact.verb == "pause" else holds.resume
        part = handler(dataclasses.replace(request, fact=fact))
        if part.step.rows:
            step.extend(part.step)
            done.append(item)
            undo.append(part.undo)
    names = [item["target"] for item in done]
    what = f"{len(names)} campaigns" if len(names) != 1 else "1 campaign"
    word = "paused" if done and done[0]["verb"] == "pause" else "resumed"
    text = f"{what} {word}: {', '.join(names)}{request.because}"
    if not names:
        none = "no campaign runs" if request.fact.verb == "pause" else "nobody paused a campaign"
        text = f"nothing to do: {none}"
    again = inverse("each", ALL, requests=done)
    back = inverse("each", ALL, requests=undo)
    return Done(step, ALL, "", back, {"campaigns": names}, text, again)
