"""What came of directives so far: proposals made under each, and how their experiments ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from arctl.daemon.rows import Directive, Json
from arctl.daemon.state import State


def progress(state: State, rows: Iterable[Directive]) -> dict[str, Json]:
    """Return for each directive its proposals by state and its experiments by verdict, in one pass.

    A winner that is tried again on a newer champion is no second proposal; it is an experiment of its own.
    """
    made: dict[str, Counter[str]] = {row.id: Counter() for row in rows}
    tried: dict[str, Counter[str]] = {ident: Counter() for ident in made}
    if not made:
        return {}
    oldest = min(state.company.directives[ident].created for ident in made)
    # Proposals stand in the order in which they were made: older ones cannot be under any of these.
    for item in reversed(state.proposals.values()):
        if item.created < oldest:
            break
        if item.directive not in made:
            continue
        experiment = state.experiments.get(item.experiment)
        if experiment is None or not experiment.rebase_of:
            made[item.directive][item.state.value] += 1
        if experiment is not None:
            tried[item.directive][experiment.verdict or "open"] += 1
    return {
        ident: {
            "proposals": made[ident].total(),
            "states": dict(made[ident]),
            "experiments": tried[ident].total(),
            "verdicts": dict(tried[ident]),
        }
        for ident in made
    }
