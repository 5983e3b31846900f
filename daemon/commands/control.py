"""Pause, resume and kill: each becomes a fact, and the answer is what was written."""

from __future__ import annotations

import uuid
from typing import Any

from arctl.daemon import facts
from arctl.daemon.commands.base import Caller, Context, Params, method


async def _control(context: Context, caller: Caller, params: Params, verb: str) -> Any:
    ticket = uuid.uuid4().hex
    rev = params.get("if_rev", int, -1)
    fact = facts.Control(
        ticket=ticket,
        verb=verb,
        target=params.need("target", str),
        actor=caller.actor,
        reason=params.get("reason", str, ""),
        if_rev=rev if rev >= 0 else None,
    )
    return await context.engine.ask(ticket, fact, params.get("key", str, ""))


@method("pause", changes=True)
async def pause(context: Context, caller: Caller, params: Params) -> Any:
    """Start nothing more of a campaign, an experiment or a run."""
    return await _control(context, caller, params, "pause")


@method("resume", changes=True)
async def resume(context: Context, caller: Caller, params: Params) -> Any:
    """Let it go on."""
    return await _control(context, caller, params, "resume")


@method("kill", changes=True)
async def kill(context: Context, caller: Caller, params: Params) -> Any:
    """End it now; what was measured stays recorded."""
    return await _control(context, caller, params, "kill")
