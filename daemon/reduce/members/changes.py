"""The change that a member brings, checked before anything is kept: values, a patch, edits, or an idea."""

from __future__ import annotations

from typing import Any

from arctl.daemon.reduce.control.setting import chosen
from arctl.daemon.reduce.members.base import Visit
from arctl.daemon.rows import Experiment, Json
from arctl.errors import RefusedError, UsageError
from arctl.experiments import edits
from arctl.experiments.errors import ScienceError
from arctl.text import clean

#: The longest patch, and the longest edits together, in characters.
MAX_PATCH = 400_000
KINDS = ("params", "patch", "edits", "idea")


def change_of(visit: Visit, base: Experiment, *, idea: bool) -> Json:
    """Return the change of a request; raises where it is none, or sets what cannot be set."""
    change = visit.request.fact.data.get("change")
    kinds = KINDS if idea else KINDS[:-1]
    if not isinstance(change, dict) or change.get("kind") not in kinds:
        said = clean(str(change.get("kind") if isinstance(change, dict) else change), 40)
        msg = f"a change is one of {', '.join(kinds)}, not {said!r}"
        raise UsageError(msg, 'as in {"kind": "params", "values": {"LR": 0.03}}')
    match change["kind"]:
        case "params":
            return _params(visit, base, change.get("values"))
        case "patch":
            return _patch(change.get("patch"))
        case "edits":
            return _edits(change)
        case _:
            return {"kind": "idea"}


def _params(visit: Visit, base: Experiment, values: Any) -> Json:
    if not isinstance(values, dict) or not values:
        raise UsageError("values are a table of names", 'as in {"LR": 0.03}')
    spec = visit.request.state.spec(visit.campaign.id)
    return {
        "kind": "params",
        "values": chosen(spec, base.params, {str(name): values[name] for name in values}),
    }


def _patch(patch: Any) -> Json:
    if not isinstance(patch, str) or not patch.strip():
        raise UsageError("the patch is empty", "give a unified difference against the base's files")
    if len(patch) > MAX_PATCH:
        msg = f"the patch has {len(patch)} characters; at most {MAX_PATCH} are taken"
        raise RefusedError(msg, "change less at once: one idea, one difference")
    if "@@" not in patch and "GIT binary patch" not in patch:
        raise RefusedError("the patch holds no difference", "write one as `git diff` does")
    return {"kind": "patch", "patch": patch}


def _edits(change: Json) -> Json:
    try:
        found = edits.read(change)
    except ScienceError as error:
        remedy = error.remedy or "an edit is {path, old, new}; old stands in the file exactly once"
        raise UsageError(error.message, remedy) from error
    if sum(len(edit.old) + len(edit.new) for edit in found) > MAX_PATCH:
        msg = f"the edits are too long; at most {MAX_PATCH} characters are taken"
        raise RefusedError(msg, "change less at once: one idea, one difference")
    return {"kind": "edits", "edits": [edit.to_json() for edit in found]}
