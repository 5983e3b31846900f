"""Undo and redo: the request that takes a deed back, or does it again, as if it were asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from arctl.daemon.reduce.control.base import Done, Handler, NotYetError, Request
from arctl.daemon.rows import Deed, bump
from arctl.errors import ArctlError, RefusedError


def undo(request: Request, handlers: dict[str, Handler]) -> Done:
    """Take back a deed: the named one, or the newest of this person's that can be."""
    first: RefusedError | None = None
    for deed in _deeds(request):
        try:
            return _undone(request, deed, handlers)
        except RefusedError as error:
            # In a moment this one can be undone: an older one instead would not be what is meant.
            if isinstance(error.__cause__, NotYetError):
                raise
            first = first or error
    if first is not None:
        raise first
    msg = f"there is nothing that {request.actor} did and that can be undone"
    raise RefusedError(msg, "`arctl undo --list` shows what was done")


def can_be(request: Request, deed: Deed, handlers: dict[str, Handler]) -> bool:
    """Tell whether a deed can be undone as things stand now; nothing is changed by asking."""
    if deed.undone or not deed.undo:
        return False
    try:
        _undone(request, deed, handlers)
    except ArctlError:
        return False
    return True


def _undone(request: Request, deed: Deed, handlers: dict[str, Handler]) -> Done:
    said = f"{deed.id} ({deed.verb} {deed.target})"
    back = _kept(request, deed.undo, f"undo of {deed.id}")
    campaigns = request.state.campaigns
    if back.fact.verb == "resume" and deed.target in campaigns and (killed := _killed_since(request, deed)):
        msg = f"{said} cannot be undone any more: {killed} of {deed.target} came after it"
        raise RefusedError(msg, f"`arctl resume {deed.target}` lets it go on")
    try:
        done = handlers[back.fact.verb](back)
    except RefusedError as error:
        msg = f"{said} cannot be undone any more: {error.message}"
        raise RefusedError(msg, error.remedy) from error
    if not done.step.rows:
        msg = f"{said} has nothing left to undo: things stand as they did before it"
        raise RefusedError(msg, "`arctl undo --list` shows what can be undone")
    done.step.rows.append(bump(deed, undone=True))
    answer = {**done.answer, "undone": deed.id, "redoable": bool(deed.request)}
    return dataclasses.replace(done, undo={}, answer=answer)


def _kept(request: Request, kept: Mapping[str, Any], reason: str) -> Request:
    """Return what was kept with a deed as a request of now; the reason is that of now, where one is given."""
    fact = dataclasses.replace(
        request.fact,
        verb=kept["verb"],
        target=kept["target"],
        reason=request.reason or reason,
        if_rev=None,
        data=dict(kept.get("data") or {}),
    )
    return dataclasses.replace(request, fact=fact)


def _killed_since(request: Request, deed: Deed) -> str:
    """Name the kill of a campaign after its pause: to take back the one would take back the other."""
    later = list(request.state.company.deeds.values())
    later = later[later.index(deed) + 1 :]
    kills = [row for row in later if row.verb == "kill" and row.target == deed.target and not row.undo]
    return f"{kills[-1].id}, the kill" if kills else ""


def _deeds(request: Request) -> list[Deed]:
    """Return the deed that is named, or those of this person that might be undone, newest first."""
    deeds = request.state.company.deeds
    if ident := request.fact.target:
        if ident in deeds:
            return [_undoable(deeds[ident])]
        if ident not in request.state.campaigns:
            msg = f"there is no deed {ident!r}"
            raise RefusedError(msg, "`arctl undo --list` shows what was done")
    return [
        deed
        for deed in reversed(deeds.values())
        if deed.actor == request.actor
        and (not ident or deed.campaign in (ident, ""))
        and deed.undo
        and not deed.undone
    ]


def _undoable(deed: Deed) -> Deed:
    if deed.undone:
        msg = f"{deed.id} was undone already"
        raise RefusedError(msg, "`arctl undo --list` shows the others")
    if not deed.undo:
        msg = f"{deed.id} ({deed.text or deed.verb}) cannot be undone"
        raise RefusedError(msg, "what was measured, said or stopped stays so")
    return deed


def redo(request: Request, handlers: dict[str, Handler]) -> Done:
    """Do again what was undone: the named deed, or the one that this person took back last."""
    return _done_again(request, _to_redo(request), handlers)


def can_be_again(request: Request, deed: Deed, handlers: dict[str, Handler]) -> bool:
    """Tell whether a deed that was undone can be done again as things stand now."""
    if not deed.undone or deed.redone or not deed.request:
        return False
    try:
        return bool(_done_again(request, deed, handlers).step.rows)
    except ArctlError:
        return False


def _done_again(request: Request, deed: Deed, handlers: dict[str, Handler]) -> Done:
    said, listed = f"{deed.id} ({deed.verb} {deed.target})", "`arctl undo --list` shows what was done"
    if not deed.undone:
        msg = f"{said} was not undone"
        raise RefusedError(msg, listed)
    if deed.redone:
        msg = f"{said} was done again already, as {deed.redone}"
        raise RefusedError(msg, listed)
    if not deed.request:
        msg = f"{said} cannot be done again: how it was asked for was not kept"
        raise RefusedError(msg, "ask for it once more by its command")
    again = _kept(request, deed.request, deed.reason)
    try:
        done = handlers[again.fact.verb](again)
    except ArctlError as error:
        msg = f"{said} cannot be done again: {error.message}"
        raise RefusedError(msg, error.remedy) from error
    if not done.step.rows:
        msg = f"{said} changes nothing any more: things stand as they did after it"
        raise RefusedError(msg, listed)
    answer = {**done.answer, "redone": deed.id}
    return dataclasses.replace(done, answer=answer, again=deed.request, redoes=deed)


def _to_redo(request: Request) -> Deed:
    """Return the deed that is named, or what this person took back last and did nothing else since."""
    deeds = request.state.company.deeds
    if ident := request.fact.target:
        if ident in deeds:
            return deeds[ident]
        if ident not in request.state.campaigns:
            msg = f"there is no deed {ident!r}"
            raise RefusedError(msg, "`arctl undo --list` shows what was done")
    for deed in reversed(deeds.values()):
        if deed.actor != request.actor or (ident and deed.campaign not in (ident, "")):
            continue
        if deed.verb == "undo":
            taken_back = deeds.get(deed.request.get("target", ""))
            if taken_back is not None and not taken_back.redone:
                return taken_back
        elif not (deed.undone or deed.again):
            # What was done since may rest on things as they are now.
            if (older := _undone_before(request, deed)) is None:
                break
            msg = f"{deed.id} ({deed.verb} {deed.target}) was done since {older.id} was undone"
            raise RefusedError(msg, f"`arctl redo {older.id}` does it again all the same")
    msg = f"{request.actor} took nothing back that could be done again"
    raise RefusedError(msg, "`arctl undo --list` shows what was done")


def _undone_before(request: Request, deed: Deed) -> Deed | None:
    """Return the newest deed of this person that is undone, not done again, and older than this one."""
    rows = list(request.state.company.deeds.values())
    older = (row for row in reversed(rows[: rows.index(deed)]) if row.actor == request.actor)
    return next((row for row in older if row.undone and not row.redone and row.request), None)
