"""What is doubtful about an edit: the two versions of each changed file, read from git and looked at."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.daemon.rows import Json
from arctl.daemon.workspace.git import Bare
from arctl.experiments.integrity import Finding, check_edit, rules_of
from arctl.experiments.spec import Spec

#: Changed files that are looked at.
MOST = 200


def doubts(
    bare: Bare, base: str, commit: str, prefix: str, paths: Sequence[str], spec: Spec
) -> tuple[Json, ...]:
    """Return the findings about a commit; `paths` are those that it changes on `base`."""
    files: dict[str, tuple[str | None, str | None]] = {}
    found: list[Finding] = []
    for path in paths[:MOST]:
        inside = path[len(prefix) :]
        try:
            files[inside] = bare.file(base, path), bare.file(commit, path)
        except UnicodeDecodeError:
            found.append(Finding("text", "note", "is no text, and was not looked at", inside))
    if len(paths) > MOST:
        found.append(Finding("size", "flag", f"{len(paths) - MOST} more files were not looked at"))
    return tuple(each.to_dict() for each in (*check_edit(files, rules_of(spec)), *found))
