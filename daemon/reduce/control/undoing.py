"""Undo: the request that takes a deed back, carried out as if it were asked for."""

from __future__ import annotations

import dataclasses

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
    again = dataclasses.replace(
        request.fact,
        verb=deed.undo["verb"],
        target=deed.undo["target"],
        reason=request.reason or f"undo of {deed.id}",
        if_rev=None,
        data=dict(deed.undo.get("data") or {}),
    )
    campaigns = request.state.campaigns
    if again.verb == "resume" and deed.target in campaigns and (killed := _killed_since(request, deed)):
        msg = f"{said} cannot be undone any more: {killed} of {deed.target} came after it"
        raise RefusedError(msg, f"`arctl resume {deed.target}` lets it go on")
    try:
        done = handlers[again.verb](dataclasses.replace(request, fact=again))
    except RefusedError as error:
        msg = f"{said} cannot be undone any more: {error.message}"
        raise RefusedError(msg, error.remedy) from error
    if not done.step.rows:
        msg = f"{said} has nothing left to undo: things stand as they did before it"
        raise RefusedError(msg, "`arctl undo --list` shows what can be undone")
    done.step.rows.append(bump(deed, undone=True))
    return dataclasses.replace(done, undo={}, answer={**done.answer, "undone": deed.id})


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
