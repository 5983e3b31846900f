"""The daemon and its campaigns as a whole: wait, logs, stop, the bridge for ssh, completions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from arctl.cli import common
from arctl.cli.lazy import complain
from arctl.cli.logs import logs
from arctl.cli.status import way_on
from arctl.cli.stdio import stdio
from arctl.errors import ArctlError, Exit, NotRunningError, ProtocolError
from arctl.format import duration
from arctl.text import clean

if TYPE_CHECKING:
    from arctl.client import Client

__all__ = ["completions", "logs", "stdio", "stop", "wait"]

#: Events after which a campaign may be over, or stuck.
_TURNING = ("campaign.", "turn.failed", "budget.", "experiment.quarantined")


@click.command()
@click.argument("campaign", required=False)
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait no longer than this.")
@click.option("-f", "--follow", is_flag=True, help="Print each event on the way.")
@common.json_option
@click.pass_context
def wait(
    ctx: click.Context, campaign: str | None, timeout: float | None, follow: bool, as_json: bool
) -> None:
    """Wait until a campaign is finished.

    Ends with 0 when it is finished, with 1 when it is held, when all that is left waits for you and nothing
    runs, or when the time is over, and with 3 when the daemon leaves. With --follow and --json each event is
    one line of JSON.

    Example: arctl wait --timeout 3600 && arctl champion
    """
    from arctl.cli import follow as feed
    from arctl.cli.story import loud

    home = common.home()
    deadline = None if timeout is None else time.monotonic() + timeout
    row = common.the_campaign(common.ask("status"), campaign)
    name = row["campaign"]
    if row["state"] == "paused":
        common.narrate(f"{name} is paused; waiting goes on until somebody resumes it: `arctl resume {name}`")
    for event in feed.events(home, feed.Cursor(-1, ""), deadline=deadline):
        if event is not None and event["campaign"] != name:
            continue
        if event is not None and follow and (as_json or loud(event)):
            click.echo(common.line(event) if as_json else event_line(event))
        if event is None or event["kind"].startswith(_TURNING):
            row = common.the_campaign(common.ask("status"), name)
            if row["state"] in ("finished", "held") or row["stuck"]:
                break
    if as_json and not follow:
        common.document(row)
    elif not as_json:
        why = f": {row['reason']}" if row["reason"] else ""
        click.echo(clean(f"{name} is {row['state']}{why}"))
    if row["state"] == "held":
        complain(f"{name} is held and needs you", way_on(row))
    elif row["stuck"]:
        need = next((item for item in row["needs"] if item["kind"] in ("agent", "quarantine")), None)
        why = clean(need["text"]) if need else "all its agents wait for you"
        complain(f"{name} needs you: {why}", clean(need["remedy"]) if need else "look: `arctl status`")
    elif row["state"] != "finished":
        complain(f"{name} is not finished after {duration(timeout)}", "wait on, or look: `arctl status`")
    if row["state"] != "finished":
        ctx.exit(int(Exit.FAILED))


def event_line(event: common.Reply) -> str:
    """Write an event as a line: its time of day and what happened."""
    at = time.strftime("%H:%M:%S", time.localtime(event["at"]))
    return f"{at}  {clean(event['text'])}"


@click.command()
@click.option("--now", is_flag=True, help="Stop the runs under way too; they are queued again.")
@click.option("--no-wait", is_flag=True, help="Do not wait until it has left.")
@common.json_option
def stop(now: bool, no_wait: bool, as_json: bool) -> None:
    """Stop the daemon. By default the runs under way end first.

    Ctrl-C stops the waiting only. `arctl start` lets everything go on where it stood.
    """
    try:
        client = common.connect()
    except ProtocolError as error:
        _ask_by_signal(error)
        return
    with client:
        answer = client.call("stop", mode="now" if now else "drain")
        pid = int(client.welcome["pid"])
        if as_json:
            common.document(answer)
        running = [clean(run) for run in answer["running"]]
        if running:
            waits = "stops" if now else "waits for"
            common.narrate(f"the daemon {waits} {', '.join(running)}")
        if no_wait:
            return
        if running and not now:
            common.narrate("Ctrl-C stops this waiting; the daemon leaves when they have ended")
        _until_it_hangs_up(client)
    from arctl.cli.spawn import await_end

    if not await_end(common.home(), pid, 15.0):
        msg = f"the daemon (process {pid}) hung up but has not ended"
        raise ArctlError(msg, f"look into {common.home().log}")
    common.narrate("the daemon has stopped")


def _until_it_hangs_up(client: Client) -> None:
    """Return when the daemon has gone; raises where somebody made it stay."""
    while True:
        try:
            found = client.call("status")
        except NotRunningError:
            return
        if not found["stopping"]:
            raise ArctlError(
                "the daemon stays: a campaign was started meanwhile", "`arctl status` says which"
            )
        time.sleep(0.2)


def _ask_by_signal(error: ProtocolError) -> None:
    """Ask a daemon of another version to leave: SIGTERM is a language that they all speak."""
    import os
    import signal

    from arctl.cli.spawn import await_end, holder

    home = common.home()
    pid = holder(home)
    if not pid:
        raise error
    common.narrate(f"{clean(error.message)}: asking process {pid} to leave by SIGTERM; its runs go on")
    os.kill(pid, signal.SIGTERM)
    if not await_end(home, pid, 15.0):
        raise error
    common.narrate("the daemon has stopped; `arctl start` adopts its runs")


_COMPLETIONS_HELP = """Print the completion script of a shell.

\b
bash: eval "$(arctl completions bash)"   in ~/.bashrc
zsh:  eval "$(arctl completions zsh)"    in ~/.zshrc
fish: arctl completions fish > ~/.config/fish/completions/arctl.fish
"""


@click.command(help=_COMPLETIONS_HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completions(ctx: click.Context, shell: str) -> None:
    """Print click's own completion script."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        msg = f"there are no completions for {shell}"
        raise ArctlError(msg)
    click.echo(kind(ctx.find_root().command, {}, "arctl", "_ARCTL_COMPLETE").source())
