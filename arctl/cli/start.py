"""`arctl start`: what can be checked here is checked, a daemon is brought up, the campaign begins."""

from __future__ import annotations

import dataclasses
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arctl.cli import common
from arctl.errors import ArctlError, NotRunningError, RefusedError
from arctl.text import clean

if TYPE_CHECKING:
    from arctl.paths import Home

SPEC = "arctl.toml"

#: Seconds that importing a repository may take.
IMPORT_PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Request:
    """A campaign to start: its folder, what its jobs may see of this environment."""

    path: Path
    env: dict[str, str]
    allow_dirty: bool = False
    #: The level of the sandbox where it is not arctl.toml's.
    sandbox: str = ""
    allow_unsandboxed: bool = False


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--foreground", is_flag=True, help="Be the daemon: stay here until it is stopped.")
@click.option("--allow-dirty", is_flag=True, help="Start from HEAD although there are uncommitted changes.")
@click.option(
    "--sandbox",
    type=click.Choice(["3", "2", "1", "best"]),
    envvar="ARCTL_SANDBOX",
    help="Level of the runs' sandbox, in place of arctl.toml's; best is the highest that works here.",
)
@click.option("--allow-unsandboxed", is_flag=True, help="Let level 1 be: runs may do whatever you may.")
@common.json_option
def start(
    path: Path,
    foreground: bool,
    allow_dirty: bool,
    sandbox: str | None,
    allow_unsandboxed: bool,
    as_json: bool,
) -> None:
    """Start the campaign of a folder in the background, or let a known one go on.

    A daemon is started where none runs. It works on a copy of the repository's HEAD; your files are not
    touched, and the champion appears as the branch arctl/NAME.

    Example: arctl start ~/autoresearch
    """
    request = dataclasses.replace(
        prepare(path, os.environ, allow_dirty=allow_dirty),
        sandbox=sandbox or "",
        allow_unsandboxed=allow_unsandboxed,
    )
    home = common.home()
    if foreground:
        _foreground(home, request, as_json=as_json)
        return
    from arctl.cli.spawn import ensure

    daemon = ensure(home)
    try:
        answer = begin(home, request)
    except ArctlError:
        if daemon.process is not None:
            _dismiss(home)
        raise
    tell(home, daemon.pid, answer, as_json=as_json)


def prepare(path: Path, environment: Any, *, allow_dirty: bool) -> Request:
    """Check what needs no daemon; raises `RefusedError` with what to do."""
    root = Path(os.path.normpath(path.absolute()))
    if root.is_file() and root.name == SPEC:
        root = root.parent
    if not root.is_dir():
        msg = f"{root} is not a folder"
        raise RefusedError(msg, f"give the folder that holds {SPEC}")
    where = "" if root == Path.cwd() else f" {path}"
    if not (root / SPEC).is_file():
        msg = f"there is no {SPEC} in {root}"
        raise RefusedError(msg, f"`arctl init{where}` writes one")
    from arctl.environment import inherited
    from arctl.experiments.spec import SpecError, load

    try:
        spec = load(root / SPEC)
    except SpecError as error:
        remedy = f"correct the lines named above; `arctl check{where}` reads the file again"
        raise RefusedError(error.message, remedy) from error
    return Request(root, inherited(environment, spec.run.env_pass), allow_dirty)


def begin(home: Home, request: Request) -> common.Reply:
    """Ask the daemon to start a campaign and return its answer."""
    from arctl.client import Client

    with Client(home, timeout=IMPORT_PATIENCE) as client:
        answer: common.Reply = client.call(
            "campaign.start",
            path=str(request.path),
            env=request.env,
            allow_dirty=request.allow_dirty,
            sandbox=request.sandbox,
            allow_unsandboxed=request.allow_unsandboxed,
            key=common.new_key(),
        )
        return answer


def tell(home: Home, pid: int, answer: common.Reply, *, as_json: bool) -> None:
    """Print what runs, where its log is and what to type next."""
    if as_json:
        common.document(answer)
    name = clean(str(answer["campaign"]))
    how = {"started": "is started", "running": "runs already", "resumed": "goes on"}[answer["how"]]
    common.narrate(f"campaign {name} {how} at {clean(answer['commit'])[:9]} of {clean(answer['root'])}")
    for note in answer["notes"]:
        common.narrate(f"note: {clean(note)}")
    common.narrate(f"daemon   process {pid}, log {home.log}")
    common.narrate(f"branch   {clean(answer['branch'])} in your repository, once something is accepted")
    common.narrate(
        f"next     arctl status · arctl experiments · arctl logs -f {name} · arctl wait · arctl stop"
    )


def _dismiss(home: Home) -> None:
    """Stop a daemon that was started for a campaign that was refused, unless it has other work."""
    try:
        status = common.ask("status")
        if not any(row["state"] == "running" for row in status["campaigns"]) and not status["busy"]:
            common.ask("stop", mode="now")
    except ArctlError as error:
        common.narrate(f"the daemon for {home.root} goes on: {error.message}")


def _foreground(home: Home, request: Request, *, as_json: bool) -> None:
    """Become the daemon; a child of this process registers the campaign as soon as it answers."""
    from arctl.client import Client

    try:
        with Client(home, timeout=10.0) as client:
            pid = client.welcome["pid"]
        msg = f"a daemon (process {pid}) runs for {home.root} already"
        raise RefusedError(msg, "leave --foreground out to use it, or stop it with `arctl stop`")
    except NotRunningError:
        pass
    from arctl.daemon.main import main as be_the_daemon

    sys.stdout.flush()
    child = os.fork()
    if not child:
        os._exit(_registered(home, request, as_json=as_json))
    code = 1
    try:
        code = be_the_daemon()
    finally:
        # After a daemon that never ran there is nothing for the child to wait for.
        status = _reap(child, patience=0.0 if code else 3.0)
    click.get_current_context().exit(code or status)


def _reap(child: int, patience: float) -> int:
    """Return the exit status of the child; one that still waits for a daemon that has gone is ended."""
    import signal
    import time

    until = time.monotonic() + patience
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return max(0, os.waitstatus_to_exitcode(status))
        if time.monotonic() > until:
            os.kill(child, signal.SIGTERM)
        time.sleep(0.05)


def _registered(home: Home, request: Request, *, as_json: bool) -> int:
    """Start the campaign from the child; a refusal stops the daemon again. Return the exit code."""
    import signal

    from arctl.cli.lazy import complain
    from arctl.cli.spawn import await_greeting

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not await_greeting(home):
        return 0  # the daemon says itself why it does not run
    code = 0
    try:
        tell(home, os.getppid(), begin(home, request), as_json=as_json)
        common.narrate("Ctrl-C ends the daemon; runs under way go on, and the next start adopts them")
    except ArctlError as error:
        complain(error.message, error.remedy)
        code = int(error.code)
        _dismiss(home)
    sys.stdout.flush()
    sys.stderr.flush()
    return code
