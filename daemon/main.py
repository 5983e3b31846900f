"""The daemon's life: the lock, the order of start, the signals, the order of shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

from arctl import __version__
from arctl.daemon import actions, clock
from arctl.daemon.actions import Step
from arctl.daemon.brains import Brains
from arctl.daemon.commands import Context
from arctl.daemon.decide.lifecycle import recover
from arctl.daemon.devices import Bound, Devices, choose
from arctl.daemon.engine import Engine
from arctl.daemon.housekeeping import LedgerCare, Storage, replay
from arctl.daemon.housekeeping.measure import FLOOR_VARIABLE
from arctl.daemon.jobs import Jobs
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.lock import only_one
from arctl.daemon.models import Gateway
from arctl.daemon.reduce.calls import forget
from arctl.daemon.rows import Event
from arctl.daemon.server import Server
from arctl.daemon.services import services
from arctl.daemon.state import load
from arctl.daemon.store import Reader, Writer
from arctl.daemon.watch import Watch
from arctl.daemon.workspace import Archive, Workspace
from arctl.errors import ArctlError
from arctl.paths import Home, default_home, private_folder

log = logging.getLogger("arctl")

#: Threads for what waits for disks and processes.
THREADS = 32


def main() -> int:
    """Run the daemon of `$ARCTL_HOME` until it is stopped; the exit status is that of `arctl`."""
    home = Home(default_home())
    try:
        private_folder(home.root, close=False)
        _log_to(home)
        with only_one(home):
            asyncio.run(_live(home))
    except ArctlError as error:
        log.error("%s%s", error.message, f"; {error.remedy}" if error.remedy else "")
        sys.stderr.write(f"arctl: {error.message}\n       {error.remedy}\n")
        return int(error.code)
    except OSError as error:
        log.error("cannot run in %s: %s", home.root, error)
        sys.stderr.write(f"arctl: cannot run in {home.root}: {error}\n")
        return 1
    return 0


def _log_to(home: Home) -> None:
    handler = logging.handlers.RotatingFileHandler(home.log, maxBytes=4 << 20, backupCount=2)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


async def _live(home: Home) -> None:
    """Bring everything up in order, go round, and take everything down in the opposite order."""
    loop = asyncio.get_running_loop()
    # Watching, git and launching wait for disks most of the time; a slow one must not hold up the others.
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="work"))
    async with contextlib.AsyncExitStack() as stack:
        writer = Writer(home.ledger, home.ballast)
        await writer.open()
        stack.push_async_callback(writer.close)
        reader = Reader(home.ledger)
        stack.push_async_callback(reader.close)
        state = load(await reader.rows())

        actors: dict[type[Any], Any] = {}
        engine = Engine(state, writer, actors)
        engine.last_event = await reader.last_event()
        backend = choose(os.environ.get("ARCTL_DEVICES", ""), home.root / "sim.json")
        stack.callback(backend.close)
        devices = Devices(backend, engine.report)
        stack.push_async_callback(devices.close)
        actors.update(dict.fromkeys(get_args(actions.DevicesAction), devices))
        jobs = Jobs(home, devices.witness(engine.report))
        stack.push_async_callback(jobs.close)
        actors.update(dict.fromkeys(get_args(actions.WorkspaceAction), Workspace(home, engine.report)))
        actors.update(dict.fromkeys(get_args(actions.JobsAction), jobs))
        archive = Archive(home)
        gateway = Gateway(home, lambda fact: engine.ask(fact.ticket, fact), engine.report)
        stack.push_async_callback(gateway.close)
        brains = Brains(services(home, engine, reader, archive, gateway), engine.report)
        stack.callback(brains.close)
        actors.update(dict.fromkeys(get_args(actions.BrainAction), brains))
        watcher = Watch(engine.report)
        stack.push_async_callback(watcher.close)
        actors[actions.WatchFiles] = watcher
        storage = Storage(home, engine.report, os.environ.get(FLOOR_VARIABLE, ""))
        actors.update({actions.Discard: storage, actions.NoteResult: storage})
        care = LedgerCare(home, writer, engine.report)
        stack.callback(care.close)
        actors.update({actions.Prune: care, actions.BackUp: care})

        context = Context(home, engine, reader, archive, devices, storage, await reader.epoch(), clock.now())
        server = Server(context)
        await server.open()
        stack.push_async_callback(server.close)

        def busy() -> tuple[Bound, ...]:
            return tuple(
                Bound(
                    run.id,
                    run.attempt,
                    run.bound,
                    RunFolder(home.run_folder(run.id, run.attempt)).shim,
                    run.frozen is not None,
                )
                for run in state.active_runs()
            )

        for task in (devices.watch(busy), server.guard(), storage.watch(), care.watch()):
            stack.push_async_callback(_ended, asyncio.create_task(task))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, engine.leave)
        first = Step(events=[Event("daemon.started", text=f"arctl {__version__}, process {os.getpid()}")])
        earlier = Step()
        slots = backend.inventory()
        for fact in await asyncio.to_thread(replay.found, home, list(state.live_runs()), slots):
            earlier.extend(engine.take_in(fact))
        first.extend(recover(state, clock.now()))
        first.extend(forget(state))
        log.info("arctl %s is up in %s with %s devices", __version__, home.root, backend.name)
        why = await engine.run(first, earlier)
        replay.forget(home)
        log.info("arctl is down: %s", why)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    sys.exit(main())
