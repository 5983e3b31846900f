"""Decisions: pure functions `(state, now) -> Step`, asked in turn until none has anything to do.

No clock, no randomness, no I/O: a campaign can be decided in virtual time, and every race replayed.
"""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.decide import (
    bank,
    contention,
    dead_ends,
    exhaustion,
    lifecycle,
    promotion,
    rebase,
    retention,
    room,
    unreadable,
)
from arctl.daemon.decide.teams import (
    aftermath,
    company,
    critique,
    discussion,
    leases,
    regroup,
    supply,
    take,
)
from arctl.daemon.state import State

#: In the order in which they are asked; the first that has something to do is heard.
RULES = (
    unreadable.hold,
    lifecycle.reissue,
    contention.replace,
    promotion.judge,
    rebase.refresh,
    bank.set_up,
    bank.keep_bank,
    dead_ends.reopen,
    company.staff,
    leases.expire,
    discussion.discuss,
    regroup.regroup,
    aftermath.repair,
    take.take,
    critique.critique,
    supply.supply,
    aftermath.reflect,
    room.assign,
    exhaustion.look_again,
    lifecycle.finish,
    retention.sweep,
    lifecycle.leave,
)


def decide(state: State, now: float) -> Step:
    """Return the next decision; an empty step when all is as it should be."""
    for rule in RULES:
        if step := rule(state, now):
            return step
    return Step()
