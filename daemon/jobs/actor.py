"""The jobs actor: launches, adopts, watches and stops runs, and reports each end exactly once."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from arctl.daemon.actions import ArrangeRun, FreezeRun, JobsAction, LaunchRun, ResumeRun, StopRun
from arctl.daemon.facts import Fact, PointsSeen, RunArranged, RunEnded, RunLost, RunStarted
from arctl.daemon.jobs import ahead, environment, launch, outcome, seals
from arctl.daemon.jobs.ahead import Ahead
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.jobs.launcher import Launcher
from arctl.daemon.rows import Campaign, CurvePoint, Outcome, Purpose, Run
from arctl.daemon.specs import spec_of
from arctl.experiments.metrics import Point, ProgressParser
from arctl.experiments.spec import Spec
from arctl.paths import Home

log = logging.getLogger(__name__)

#: Seconds between two looks at a run's output, and between attempts to read a folder that cannot be read.
LOOK = 0.5
RETRY = 2.0
#: Seconds that a job has to end by itself after somebody stopped it.
STOP_GRACE = 0.5
#: Curve points kept of one attempt; a script that prints more has said enough.
MAX_POINTS = 50_000
CHUNK = 1 << 20


class Jobs:
    """Launches, takes up, stops and freezes runs; one watching task for each that is under way."""

    def __init__(self, home: Home, report: Callable[[Fact], None]) -> None:
        self._home = home
        self._report = report
        self._watching: dict[tuple[str, int], asyncio.Task[None]] = {}
        #: Freezing and thawing happen in the order in which they were asked for.
        self._freezing = asyncio.Lock()
        self._launcher = Launcher()
        self._ahead = Ahead(home, self._launcher)
        self._ahead.clear()

    async def handle(self, action: JobsAction) -> None:
        """Carry out one action."""
        match action:
            case LaunchRun():
                await self._launch(action)
            case ArrangeRun():
                try:
                    await self._ahead.arrange(action)
                finally:
                    self._report(RunArranged(action.run.id, action.run.attempt))
            case ResumeRun():
                await self._resume(action)
            case StopRun():
                folder = self._folder(action.run, action.attempt)
                await asyncio.to_thread(folder.stop, action.reason, 0.0 if action.force else STOP_GRACE)
                await asyncio.to_thread(self._ahead.stop, action.run, action.attempt)
            case FreezeRun():
                async with self._freezing:
                    folder = self._folder(action.run, action.attempt)
                    await asyncio.to_thread(folder.freeze, still=action.still)

    async def close(self) -> None:
        """Stop watching; the runs go on."""
        for task in self._watching.values():
            task.cancel()
        await asyncio.gather(*self._watching.values(), return_exceptions=True)
        await self._launcher.close()

    def _folder(self, run: str, attempt: int) -> RunFolder:
        return RunFolder(self._home.run_folder(run, attempt))

    async def _launch(self, action: LaunchRun) -> None:
        run, spec = action.run, spec_of(action.campaign)
        folder = self._folder(run.id, run.attempt)
        await asyncio.to_thread(self._lay_out, action, spec, folder)
        await self._launcher.launch(folder.path)
        able = await asyncio.to_thread(folder.freezable)
        self._report(RunStarted(run.id, run.attempt, freezable=able))
        self._watch(action.campaign, run, spec, folder)

    def _lay_out(self, action: LaunchRun, spec: Spec, folder: RunFolder) -> None:
        """Make the run's folder, and write down what the run finds, and what it runs with."""
        cage = launch.cage_of(action, spec, self._home)
        wanted = spec.run.prepare is not None and action.run.purpose is not Purpose.SETUP
        place = ahead.ahead_of(self._home, action.run)
        env = launch.prepare(action, cage, arranged=not wanted or ahead.made(place))
        if wanted:
            ahead.taken(place, folder.path / "prepare.log")
        tree = Path(action.run.tree)
        root = tree / action.campaign.prefix
        seals.take(folder.path, root, spec, self._home.campaign(action.campaign.id) / "data")
        environment.write(folder.path, launch.command(action, spec), tree, root, env)

    async def _resume(self, action: ResumeRun) -> None:
        """Take in, adopt or fence what an earlier daemon launched."""
        run = action.run
        folder = self._folder(run.id, run.attempt)
        if folder.exit() is None and not folder.held() and await asyncio.to_thread(folder.fence):
            self._report(RunLost(run.id, run.attempt, "its shim was gone when the daemon came back"))
            return
        able = await asyncio.to_thread(folder.freezable)
        self._report(RunStarted(run.id, run.attempt, adopted=True, freezable=able))
        self._watch(action.campaign, run, spec_of(action.campaign), folder)

    def _watch(self, campaign: Campaign, run: Run, spec: Spec, folder: RunFolder) -> None:
        key = (run.id, run.attempt)
        watcher = Watcher(campaign, run, spec, folder, self._report)
        task = asyncio.create_task(watcher.watch(), name=f"watch {run.id}")
        self._watching[key] = task
        task.add_done_callback(lambda _: self._watching.pop(key, None))


class Watcher:
    """Follows one attempt: its output becomes curve points, its end becomes one fact."""

    def __init__(
        self, campaign: Campaign, run: Run, spec: Spec, folder: RunFolder, report: Callable[[Fact], None]
    ) -> None:
        self._campaign, self._run, self._spec, self._folder = campaign, run, spec, folder
        self._report = report
        self._parser = ProgressParser(spec.progress.pattern)
        self._offset = 0
        self._ordinal = 0

    async def watch(self) -> None:
        """Follow the attempt to its end, whatever its folder turns out to hold."""
        while True:
            try:
                await self._follow()
                return
            except OSError as error:
                # A disk that is full or gone may come back, and the result with it.
                log.warning("cannot read %s: %s; trying again", self._folder.path, error)
                await asyncio.sleep(RETRY)
            except Exception as error:  # the boundary of the task: a device must not be lost with it
                log.exception("cannot make sense of %s", self._folder.path)
                self._report(self._unreadable(f"{type(error).__name__}: {error}"))
                return

    def _unreadable(self, error: str) -> RunEnded:
        run = self._run
        reason = f"its folder could not be read: {error}"
        return RunEnded(run.id, run.attempt, Outcome.CRASHED, reason, 0.0, None, {}, {"reason": error})

    async def _follow(self) -> None:
        """Look at the output until the shim has ended, then report how."""
        ended = asyncio.Event()
        descriptor = self._notify(ended)
        try:
            while True:
                over = ended.is_set() or await asyncio.to_thread(self._over)
                await asyncio.to_thread(self._read, over)
                if over:
                    break
                try:
                    await asyncio.wait_for(ended.wait(), LOOK)
                except TimeoutError:
                    continue
        finally:
            if descriptor is not None:
                asyncio.get_running_loop().remove_reader(descriptor)
                os.close(descriptor)
        await self._end()

    def _notify(self, ended: asyncio.Event) -> int | None:
        """Have the kernel say when the shim ends, where it can; looking is what remains elsewhere."""
        pid = self._folder.shim()
        if pid is None or not hasattr(os, "pidfd_open"):
            return None
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return None
        asyncio.get_running_loop().add_reader(descriptor, ended.set)
        return descriptor

    def _over(self) -> bool:
        return self._folder.exit() is not None or not self._folder.held()

    def _read(self, over: bool) -> None:
        points: list[CurvePoint] = []
        while data := self._folder.read(self._offset, CHUNK):
            self._offset += len(data)
            points += self._numbered(self._parser.feed(data))
        if over:
            # Only now is it certain that the last line will get no longer.
            points += self._numbered(self._parser.close())
        if points:
            self._report(PointsSeen(tuple(points)))

    def _numbered(self, points: list[Point]) -> list[CurvePoint]:
        run, first = self._run, self._ordinal
        kept = points[: MAX_POINTS - first]
        self._ordinal += len(kept)
        return [
            CurvePoint(run.id, run.attempt, first + place, point.metric, point.step, point.value)
            for place, point in enumerate(kept)
        ]

    async def _end(self) -> None:
        run, folder = self._run, self._folder
        while folder.exit() is None:
            if await asyncio.to_thread(folder.fence):
                self._report(RunLost(run.id, run.attempt, "its shim died"))
                return
            # Its shim holds the lock again, or has just let go of it: look once more.
            await asyncio.sleep(LOOK)
        self._report(await asyncio.to_thread(outcome.read, run, folder, self._spec, self._campaign))
        # Reported first: a slot does not wait for it.
        await asyncio.to_thread(folder.tidy)
