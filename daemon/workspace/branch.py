"""The champion branch: one commit for each accepted change, written back to the user's repository."""

from __future__ import annotations

from pathlib import Path

from arctl.daemon.actions import MoveBranch
from arctl.daemon.facts import BranchMoved
from arctl.daemon.workspace.git import FETCH, Bare, GitError, git


def advance(action: MoveBranch, bare: Bare) -> BranchMoved:
    """Put an accepted tree on the branch with its evidence; doing it twice does it once."""
    name = action.campaign.id
    ref = f"refs/heads/arctl/{name}"
    commit = _made(bare, ref, action.parent, action.experiment.tree)
    if not commit:
        commit = bare.text(
            "commit-tree", action.experiment.tree, "-p", action.parent, "-F", "-",
            stdin=action.message.encode("utf-8"),
        )  # fmt: skip
        stood = bare.resolve(ref)
        if stood not in ("", action.parent):
            # The ledger says what the lineage is; a commit that it does not know is kept beside it.
            bare.run("update-ref", f"refs/arctl/{name}/aside/{stood}", stood)
        bare.run("update-ref", ref, commit)
    return BranchMoved(action.experiment.id, commit, _write_back(bare, Path(action.campaign.root), ref))


def _made(bare: Bare, ref: str, parent: str, tree: str) -> str:
    """Return the branch's commit if it is this very promotion, by a daemon that died before it said so."""
    if not bare.resolve(ref):
        return ""
    commit, *rest = bare.text("show", "--no-patch", "--format=%H %P %T", ref).split()
    return commit if rest == [parent, tree] else ""


def _write_back(bare: Bare, root: Path, ref: str) -> str:
    """Bring the branch into the user's repository; a failure is told, and the branch is kept here."""
    branch = ref.removeprefix("refs/heads/")
    try:
        git("fetch", *FETCH, str(bare.path), f"{ref}:{ref}", cwd=root)
    except (GitError, OSError) as error:
        return f"branch {branch} could not be written to {root}: {error}; it is kept in {bare.path}"
    return ""
