"""What was tried in each campaign: found again by its content, and as brains are told of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.rows import JUDGED, UNTRIED, Experiment, Proposal, Verdict
from arctl.daemon.turns import Past

#: A campaign with a tree or a patch.
Content = tuple[str, str]


@dataclass
class Tried:
    """Experiments by tree and by patch, and the history that agents are shown; changed by `apply` alone."""

    _trees: dict[Content, str] = field(default_factory=dict)
    _patches: dict[Content, str] = field(default_factory=dict)
    #: The patch under which an experiment stands in the index: a repair gives it another one.
    _patch_of: dict[str, str] = field(default_factory=dict)
    _past: dict[str, dict[str, Past]] = field(default_factory=dict)

    def apply(self, row: Experiment, known: Experiment | None, proposal: Proposal | None) -> None:
        """Take an experiment as it now is; `known` is what it was before."""
        patch = proposal.change.get("patch", "") if proposal is not None else ""
        # A winner on a former base is tried again: its tree on its own, its patch by the row that follows it.
        for index, new, old, untried in (
            (self._trees, row.tree, known.tree if known else "", UNTRIED | {Verdict.REBASED}),
            (self._patches, patch, self._patch_of.get(row.id, ""), UNTRIED),
        ):
            if old and (old != new or row.verdict in untried) and index.get((row.campaign, old)) == row.id:
                del index[row.campaign, old]
            if new and not row.same_as and row.verdict not in untried:
                # Only what is, or will be, worth reusing: no accident that was tried again and judged.
                if proposal is not None and proposal.rerun and row.verdict in JUDGED:
                    index[row.campaign, new] = row.id
                else:
                    index.setdefault((row.campaign, new), row.id)
        self._patch_of[row.id] = patch
        self._past.setdefault(row.campaign, {})[row.id] = _past(row, proposal)

    def by_tree(self, campaign: str, tree: str) -> str:
        """Return the experiment that first had this tree; empty where none did."""
        return self._trees.get((campaign, tree), "")

    def by_patch(self, campaign: str, patch: str) -> str:
        """Return the experiment that first tried this very patch; empty where none did."""
        return self._patches.get((campaign, patch), "")

    def history(self, campaign: str) -> tuple[Past, ...]:
        """Return every experiment of a campaign as brains see it, oldest first."""
        return tuple(self._past.get(campaign, {}).values())


def _past(row: Experiment, proposal: Proposal | None) -> Past:
    effect = row.evidence.get("effect")
    return Past(
        experiment=row.id,
        title=row.title,
        axis=row.axis,
        verdict=row.verdict,
        params=row.params,
        value=row.mean,
        source=proposal.source if proposal else "",
        move=proposal.move if proposal else "",
        effect=effect if isinstance(effect, int | float) else None,
        reason=row.reason,
        agent=proposal.agent if proposal else "",
        team=row.team,
        direction=row.direction,
        directive=proposal.directive if proposal else "",
        base=row.base,
    )
