"""The watch actor: sees when people edit `arctl.toml` or the objective, and reports what stands there now.

A folder that is moved or deleted is waited for in silence. What cannot be read as a specification is
reported with its line, once for each text; a file that is gone, or became a link, once.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from arctl.daemon.actions import WatchFiles
from arctl.daemon.facts import EditRefused, EditSeen, Fact, FileAstray
from arctl.daemon.specs import read, spec_of
from arctl.experiments.check import check_files
from arctl.experiments.errors import Problem, SpecError
from arctl.plugins import brain_kinds

log = logging.getLogger(__name__)

SPEC = "arctl.toml"
#: Milliseconds without further changes after which a file counts as written, and between looks at them.
DEBOUNCE, STEP = 300, 50
#: Milliseconds after which the files are looked at without any news: not every file system sends some.
LOOK_ANYWAY = 5000
#: Seconds between looks for a folder that is not there.
AWAY = 2.0
#: Seconds for which a new text must stay as it is.
SETTLE = 0.3
#: Seconds for which a file must be missing: editors and git replace files by others.
MISSING = 1.0
#: The longest file that is read, in bytes, and the longest difference that is kept, in lines.
MAX_BYTES = 256 << 10
MAX_DIFF = 400
#: Characters of the objective that agents are told, as at the start of a campaign.
MAX_OBJECTIVE = 60_000
#: Problems that one report names.
MAX_PROBLEMS = 3


@dataclass
class _Campaign:
    """What is known of one campaign's files: the texts that were reported last, good or bad."""

    id: str
    root: Path
    objective: str | None
    task: asyncio.Task[None] | None = None
    told: dict[str, str] = field(default_factory=dict)
    #: What was reported to be wrong with a file; and the files that were links from the beginning.
    astray: dict[str, str] = field(default_factory=dict)
    links: frozenset[str] = frozenset()
    #: The parameters that were tuned when this began; whether others can be, the champion's tree says.
    tuned: frozenset[str] = frozenset()

    def linked(self, file: str) -> bool:
        """Tell whether a file is a link."""
        return (self.root / file).is_symlink()


class Watch:
    """Watches each campaign's files in a task of its own."""

    def __init__(self, report: Callable[[Fact], None]) -> None:
        self._report = report
        self._watched: dict[str, _Campaign] = {}

    async def handle(self, action: WatchFiles) -> None:
        """Look after a campaign's files from now on; asked again, from what it says now."""
        campaign = action.campaign
        known = self._watched.pop(campaign.id, None)
        if known is not None:
            await _ended(known)
        told = {SPEC: campaign.spec}
        objective = spec_of(campaign).objective
        if objective is not None:
            told[objective] = campaign.objective
        row = _Campaign(campaign.id, Path(campaign.root), objective, told=told)
        row.tuned = frozenset(spec_of(campaign).params)
        row.links = known.links if known is not None else frozenset(filter(row.linked, _files(row)))
        row.astray = known.astray if known is not None else {}
        self._watched[campaign.id] = row
        row.task = asyncio.create_task(self._watch(row), name=f"watch {campaign.id}")

    async def close(self) -> None:
        """Watch nothing any more."""
        rows = list(self._watched.values())
        self._watched.clear()
        await asyncio.gather(*(_ended(row) for row in rows))

    async def _watch(self, row: _Campaign) -> None:
        while True:
            try:
                await self._look(row)
                await self._changes(row)
            except OSError as error:
                # A folder that went away while it was looked at, or one that cannot be watched.
                log.info("the files of %s cannot be watched now: %s", row.id, error)
            except Exception:  # the boundary of this loop: whatever a file holds, it is looked at again
                log.exception("the files of %s could not be looked at", row.id)
            await asyncio.sleep(AWAY)

    async def _changes(self, row: _Campaign) -> None:
        """Look at the files whenever one changed, until their folder is not what it was."""
        from watchfiles import awatch

        folders = sorted({path.parent for path in _paths(row) if path.parent.is_dir()})
        if not folders:
            return
        names = {str(path) for path in _paths(row)}
        stood = [_identity(folder) for folder in folders]
        async for _ in awatch(
            *folders,
            watch_filter=lambda change, path: path in names,
            debounce=DEBOUNCE,
            step=STEP,
            rust_timeout=LOOK_ANYWAY,
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
        ):
            await self._look(row)
            if [_identity(folder) for folder in folders] != stood:
                return

    async def _look(self, row: _Campaign) -> None:
        """Report each file whose text is new."""
        for file in _files(row):
            if (why := await _settled_wrong(row, file)) != row.astray.get(file, ""):
                row.astray[file] = why
                self._report(FileAstray(row.id, file, why))
            text = await _settled(row, file)
            if text is not None and text != row.told[file]:
                fact = await asyncio.to_thread(_judged, row, file, text)
                row.told[file] = text
                self._report(fact)


async def _settled(row: _Campaign, file: str) -> str | None:
    """Return a file's text once it stays: editors write in more than one step."""
    text = await asyncio.to_thread(_text, row.root / file)
    while text is not None and text != row.told[file]:
        await asyncio.sleep(SETTLE)
        again = await asyncio.to_thread(_text, row.root / file)
        if again == text:
            # Of the objective as much is told as at the start.
            return text if file == SPEC else text[:MAX_OBJECTIVE]
        text = again
    return text


async def _settled_wrong(row: _Campaign, file: str) -> str:
    """Return what is wrong with a file once that stays so."""
    why = await asyncio.to_thread(_wrong, row, file)
    if why and why != row.astray.get(file, ""):
        await asyncio.sleep(MISSING)
        again = await asyncio.to_thread(_wrong, row, file)
        return again if again == why else row.astray.get(file, "")
    return why


def _wrong(row: _Campaign, file: str) -> str:
    """Say why a file is none of its own; empty where it is one, or its campaign's folder is away."""
    path = row.root / file
    kept = "the campaign goes on with what it said last"
    try:
        if path.is_symlink() and not path.exists():
            return f"is a link that leads nowhere: {kept}"
        if path.is_symlink() and file not in row.links:
            return "is a link now: what it leads to is read, and edits there are seen within seconds"
        if path.exists():
            return "" if path.is_file() else f"is no file any more: {kept}"
        return f"is gone: {kept}" if row.root.is_dir() else ""
    except OSError:
        return ""


def _files(row: _Campaign) -> list[str]:
    return [SPEC, *([row.objective] if row.objective is not None else [])]


def _paths(row: _Campaign) -> list[Path]:
    return [row.root / file for file in _files(row)]


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


async def _ended(row: _Campaign) -> None:
    if row.task is not None:
        row.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await row.task


def _text(path: Path) -> str | None:
    """Return a file's text, None where there is none now; what is no text is read as far as it is one."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError:
        return None
    return raw.decode("utf-8-sig", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")


def _judged(row: _Campaign, file: str, text: str) -> EditSeen | EditRefused:
    """Return what is to be said of a new text."""
    if len(text) > MAX_BYTES:
        return EditRefused(row.id, file, f"{file} is longer than {MAX_BYTES >> 10} KiB", "keep it short")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        return EditRefused(row.id, file, f"{file}:{line}: is not UTF-8 text", "save it as UTF-8")
    if file == SPEC and (problems := _problems(row, text)):
        return EditRefused(row.id, file, *_said(problems))
    return EditSeen(row.id, file, text, _diff(row.told.get(file, ""), text, file))


def _problems(row: _Campaign, text: str) -> tuple[Problem, ...]:
    """Return what is wrong with a specification, by itself and with the files that it names."""
    try:
        spec = read(text, row.id)
    except SpecError as error:
        return error.problems

    def look(file: str) -> str | None:
        return text if file == SPEC else _known(row.root / file)

    new = tuple(f"params.{name}." for name in spec.params if name not in row.tuned)
    found = check_files(spec, look, SPEC, brain_kinds())
    return tuple(problem for problem in found if not f"{problem.key}.".startswith(new))


def _known(path: Path) -> str | None:
    text = _text(path)
    return text.encode("utf-8", "replace").decode("utf-8") if text is not None else None


def _said(problems: tuple[Problem, ...]) -> tuple[str, str]:
    """Return what is wrong, line by line, and what to do about it."""
    if len(problems) == 1:
        return _line(problems[0]), problems[0].remedy.rstrip(".")
    lines = [f"{_line(problem)} ({problem.remedy.rstrip('.')})" for problem in problems[:MAX_PROBLEMS]]
    if len(problems) > MAX_PROBLEMS:
        lines.append(f"and {len(problems) - MAX_PROBLEMS} more")
    return "; ".join(lines), "correct these lines; `arctl check` reads the file again"


def _line(problem: Problem) -> str:
    where = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    key = f"{problem.key}: " if problem.key else ""
    return f"{where}: {key}{problem.message.rstrip('.')}"


def _diff(old: str, new: str, file: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"a/{file}", f"b/{file}", lineterm="", n=2
    )
    found = list(lines)
    cut = found[:MAX_DIFF] + (["[cut: the difference is longer]"] if len(found) > MAX_DIFF else [])
    return "\n".join(cut) + "\n" if cut else ""
