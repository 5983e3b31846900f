"""The files that a turn is about: those of a commit, relative to the campaign's folder, and edits of them."""

from __future__ import annotations

from arctl.daemon.rows import Campaign, Json
from arctl.daemon.specs import spec_of
from arctl.daemon.thought import Library
from arctl.experiments import edits
from arctl.experiments.edits import Edit, EditError
from arctl.experiments.globs import matches


class Files:
    """The files of one commit, read once each."""

    def __init__(self, library: Library, campaign: Campaign, commit: str) -> None:
        self._library, self._campaign, self._commit = library, campaign, commit
        self._paths: list[str] | None = None
        self._texts: dict[str, str | None] = {}

    async def paths(self) -> list[str]:
        """Return the paths in the campaign's folder, in order."""
        if self._paths is None:
            prefix = self._campaign.prefix
            found = await self._library.paths(self._campaign.id, self._commit)
            self._paths = sorted(path[len(prefix) :] for path in found if path.startswith(prefix))
        return self._paths

    async def text(self, path: str) -> str | None:
        """Return a file's text; None where there is none, or where it is no text."""
        if path not in self._texts:
            known = path in await self.paths()
            name = self._campaign.prefix + path
            self._texts[path] = (
                await self._library.file(self._campaign.id, self._commit, name) if known else None
            )
        return self._texts[path]


class Overlay:
    """Edits on top of a commit's files, kept in memory; what comes of them is a change on `base`."""

    def __init__(self, campaign: Campaign, start: Files, base: Files) -> None:
        self._scope = spec_of(campaign).files
        self._start, self._base = start, base
        self._texts: dict[str, str | None] = {}

    @property
    def touched(self) -> bool:
        """Whether anything was written."""
        return bool(self._texts)

    async def text(self, path: str) -> str | None:
        """Return a file's text as it stands now."""
        return self._texts[path] if path in self._texts else await self._start.text(path)

    async def paths(self) -> list[str]:
        """Return the paths as they stand now."""
        return sorted({*await self._start.paths(), *self._texts})

    def editable(self, path: str) -> bool:
        """Tell whether the campaign lets experiments change a path."""
        return matches(self._scope.editable, path) and not matches(self._scope.protected, path)

    async def edit(self, edit: Edit) -> None:
        """Make one edit; raises `EditError`."""
        text = await self._open(edit.path)
        after = edits.apply_one(edit, text)
        if after == text:
            raise EditError("invalid", f"the edit changes nothing in {edit.path}", edit.path)
        self._texts[edit.path] = after

    async def _open(self, path: str) -> str | None:
        if not self.editable(path):
            allowed = ", ".join(self._scope.editable)
            raise EditError("scope", f"{path} is not editable; only {allowed} may be changed", path)
        text = await self.text(path)
        if text is None and path in await self._start.paths():
            raise EditError("invalid", f"{path} is no text file that can be edited", path)
        return text

    async def change(self, also: tuple[str, ...] = ()) -> Json | None:
        """Return the change that leads from the base to what is here; None where there is no difference.

        `also` are paths that differ between start and base before any edit. Small edits rather than a patch
        or whole files: they fit a base that moved on elsewhere, and take back nothing that it gained since.
        """
        made: list[Edit] = []
        for path in sorted({*also, *self._texts}):
            made += edits.between(path, await self._base.text(path), await self.text(path))
        return {"kind": "edits", "edits": [edit.to_json() for edit in made]} if made else None


async def check(change: Json, overlay: Overlay) -> list[Json]:
    """Return the edits of a change that can be made on these files; raises `EditError`."""
    listed = edits.read(change)
    for edit in listed:
        await overlay.edit(edit)
    return [edit.to_json() for edit in listed]
