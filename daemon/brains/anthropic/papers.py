"""What is looked up before a turn begins: the editable files, a diff, the tail of a log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from arctl.daemon.brains.anthropic.files import Files, Overlay
from arctl.daemon.brains.anthropic.words import verbatim
from arctl.daemon.rows import Move
from arctl.daemon.thought import Library
from arctl.daemon.turns import Question

#: Characters of files that are given at the start, of one file among them, and how many are looked at.
MAX_FILES, MAX_ONE, MAX_LOOKED = 80_000, 40_000, 60
#: Bytes of a log that are read.
LOG_BYTES = 12_000
#: A difference of so many characters may have been cut.
LONG_DIFF = 500_000


@dataclass(frozen=True, slots=True)
class Papers:
    """The material of a turn: the base's editable files by path, those left out, a diff and a log."""

    files: tuple[tuple[str, str], ...] = ()
    left: tuple[str, ...] = ()
    diff: str = ""
    log: str = ""
    #: Paths that the experiment changed, as far as its difference names them.
    touched: tuple[str, ...] = ()


async def gather(
    question: Question, library: Library, log_tail: Callable[[str, int], Awaitable[str]]
) -> Papers:
    """Look up what a turn needs; the files come first, so that turns on the same base begin alike."""
    files, left = await _editable(question, library)
    experiment, diff, log = question.experiment, "", ""
    touched: tuple[str, ...] = ()
    if question.move in (Move.REPAIR, Move.REFLECT) and experiment is not None and experiment.commit:
        # Against its own parent: the champion may have moved on since.
        commit = experiment.commit
        found = await library.diff(question.campaign.id, f"{commit}^", commit)
        diff, touched = verbatim(found), await _touched(question, library, found)
    if question.run:
        log = await log_tail(question.run, LOG_BYTES)
    return Papers(files, left, diff, log, touched)


async def _touched(question: Question, library: Library, diff: str) -> tuple[str, ...]:
    """Return the paths that a difference names; all editable ones where it is too long to be whole."""
    campaign, experiment = question.campaign, question.experiment
    if question.move is not Move.REPAIR or experiment is None:
        return ()
    start = Files(library, campaign, experiment.commit)
    base = Files(library, campaign, f"{experiment.commit}^")
    overlay = Overlay(campaign, start, base)
    named = {row[6:].rstrip("\t") for row in diff.splitlines() if row.startswith(("--- a/", "+++ b/"))}
    known = [*await start.paths(), *await base.paths()]
    long = len(diff) > LONG_DIFF
    return tuple(
        dict.fromkeys(
            path for path in known if overlay.editable(path) and (long or campaign.prefix + path in named)
        )
    )


async def _editable(
    question: Question, library: Library
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    commit = Files(library, question.campaign, question.commit)
    overlay = Overlay(question.campaign, commit, commit)
    shown: list[tuple[str, str]] = []
    left: list[str] = []
    room = MAX_FILES
    for path in [path for path in await commit.paths() if overlay.editable(path)]:
        text = await commit.text(path) if len(shown) + len(left) < MAX_LOOKED else None
        if text is None or len(text) > min(room, MAX_ONE):
            left.append(path)
        else:
            shown.append((path, verbatim(text)))
            room -= len(text)
    return tuple(shown), tuple(left)
