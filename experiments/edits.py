"""Edits of text files as data: read from a change, applied to any base, and made from two texts."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from arctl.experiments.errors import ScienceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The longest text that an edit may put into a file, in characters.
MAX_TEXT = 1_000_000
#: Most edits of one change.
MAX_EDITS = 200
#: Lines kept around a difference, so that its place is found; more where fewer do not tell it apart.
AROUND = (3, 8, 20)

Fault = Literal["invalid", "scope", "conflict"]


class EditError(ScienceError):
    """An edit that cannot be made: `fault` says of what sort, `path` where."""

    def __init__(self, fault: Fault, message: str, path: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.fault, self.path = fault, path


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit: `old`, which stands in the file exactly once, becomes `new`.

    With an empty `old` the file is new; with `whole` it is replaced or made; with `delete` it is removed.
    """

    path: str
    old: str = ""
    new: str = ""
    whole: bool = False
    delete: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the edit as a change carries it."""
        if self.delete:
            return {"path": self.path, "delete": True}
        plain = {"path": self.path, "old": self.old, "new": self.new}
        return {**plain, "whole": True} if self.whole else plain


def read(change: Mapping[str, Any]) -> list[Edit]:
    """Return the edits of a change; raises `EditError` where they are malformed."""
    listed = change.get("edits")
    if not isinstance(listed, list) or not listed:
        raise EditError("invalid", "the change has no edits")
    if len(listed) > MAX_EDITS:
        raise EditError("invalid", f"the change has {len(listed)} edits; at most {MAX_EDITS} are taken")
    return [_edit(item) for item in listed]


def _edit(item: Any) -> Edit:
    if not isinstance(item, dict):
        raise EditError("invalid", "an edit is an object with path, old and new")
    texts = {name: item.get(name, "") for name in ("path", "old", "new")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise EditError("invalid", f"an edit's {name} must be text, not {type(text).__name__}")
    flags = {name: item.get(name, False) for name in ("whole", "delete")}
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise EditError("invalid", f"an edit's {name} must be true or false")
    path = inside(texts["path"])
    for name in ("old", "new"):
        if len(texts[name]) > MAX_TEXT:
            raise EditError("invalid", f"an edit of {path} is longer than {MAX_TEXT} characters", path)
        if "\0" in texts[name] or not _encodes(texts[name]):
            raise EditError("invalid", f"an edit of {path} holds what is no text", path)
    if flags["whole"] and texts["old"]:
        raise EditError("invalid", f"an edit of {path} has an old text and replaces the whole file", path)
    return Edit(path, texts["old"], texts["new"], **flags)


def inside(name: str) -> str:
    """Return the plain form of a path below the campaign's folder; raises `EditError` for any other."""
    shown = name[:80].encode("ascii", "backslashreplace").decode()
    parts = PurePosixPath(name).parts
    wrong = (
        not parts
        or len(name) > 400
        or name.startswith("/")
        or not name.isprintable()
        or any(part == ".." or part.lower() == ".git" for part in parts)
    )
    if wrong:
        raise EditError("scope", f"{shown!r} is no path of a file in the campaign's folder", shown)
    return str(PurePosixPath(name))


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def apply(edits: list[Edit], read_text: Callable[[str], str | None]) -> dict[str, str | None]:
    """Return the new text of each file that the edits change, None for one that they remove.

    Each edit finds the text that those before it left. Raises `EditError`, also where nothing would change.
    """
    before: dict[str, str | None] = {}
    after: dict[str, str | None] = {}
    for edit in edits:
        if edit.path not in before:
            before[edit.path] = after[edit.path] = read_text(edit.path)
        after[edit.path] = apply_one(edit, after[edit.path])
    changed = {path: text for path, text in after.items() if text != before[path]}
    if not changed:
        raise EditError("invalid", "the edits change nothing", edits[0].path if edits else "")
    return changed


def apply_one(edit: Edit, text: str | None) -> str | None:
    """Return a file's text after one edit; `text` is None where there is no such file."""
    if edit.delete:
        if text is None:
            raise EditError("conflict", f"{edit.path} is to be removed and is not there", edit.path)
        return None
    if edit.whole:
        return edit.new
    if not edit.old:
        if text is not None:
            message = f"{edit.path} is there already, so it cannot be made anew"
            raise EditError("conflict", message, edit.path, "Give the old text that is to be replaced.")
        return edit.new
    if text is None:
        raise EditError("conflict", f"{edit.path} is not there", edit.path)
    old, new = edit.old, edit.new
    if "\r\n" in text and "\r\n" not in old:
        # What was shown to the author has plain line ends; the file keeps its own.
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    found = text.count(old)
    if found != 1:
        much = "is not in the file" if not found else f"stands {found} times in the file"
        raise EditError(
            "conflict",
            f"the text to be replaced {much}: {edit.path}",
            edit.path,
            "It must stand there exactly once: copy it from the file, with enough of its surroundings.",
        )
    return text.replace(old, new, 1)


def between(path: str, old: str | None, new: str | None) -> list[Edit]:
    """Return edits that turn one text of a file into another; None is a file that is not there.

    They are as small as their place can be told, so that they fit a base that moved on elsewhere.
    """
    if old == new:
        return []
    if new is None:
        return [Edit(path, delete=True)]
    if old is None:
        return [Edit(path, new=new)]
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for around in AROUND:
        edits = [
            Edit(
                path,
                "".join(before[group[0][1] : group[-1][2]]),
                "".join(after[group[0][3] : group[-1][4]]),
            )
            for group in matcher.get_grouped_opcodes(around)
        ]
        if _fits(edits, old, new):
            return edits
    return [Edit(path, new=new, whole=True)]


def _fits(edits: list[Edit], old: str, new: str) -> bool:
    text: str | None = old
    try:
        for edit in edits:
            text = apply_one(edit, text)
    except EditError:
        return False
    return text == new
