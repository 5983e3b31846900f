"""A daemon on another machine, behind a real sshd: attaching, following, losing it, and each way to fail."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from arctl import protocol
from arctl.aclient import AsyncClient
from arctl.errors import ArctlError, NotRunningError, ProtocolError, RefusedError
from arctl.paths import Home
from arctl.places import Remote, remote
from arctl.protocol import Message
from arctl.ssh import Ssh
from tests.support.sshd import HAVE, Sshd, gone
from tests.tui.tui_stage import Stage, wait_for

pytestmark = pytest.mark.anyio
TMUX = shutil.which("tmux")
Reach = Callable[..., Remote]


def test_ssh_and_sshd_are_there_in_ci() -> None:
    assert HAVE or os.environ.get("CI") != "true", "CI must have sshd: remote attaching is tested through it"


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    if not HAVE:
        pytest.skip("ssh or sshd is not installed")
    running = Sshd(tmp_path_factory.mktemp("sshd") / "etc")
    yield running
    running.close()


@pytest.fixture
def reach(sshd: Sshd) -> Reach:
    """Name a place behind the sshd, as the options of `arctl tui` would."""

    def named(
        home: Home | None = None, host: str = "box", command: str = "", ssh: str | None = None
    ) -> Remote:
        return remote(host, command, str(home.root) if home else "", {"ARCTL_SSH": ssh or sshd.ssh})

    return named


async def refused(place: Remote, timeout: float = 60.0) -> ArctlError:
    """Return the error that connecting ends with."""
    with pytest.raises(ArctlError) as caught:
        await AsyncClient.connect(place, timeout=timeout)
    return caught.value


async def test_it_attaches_and_asks_as_if_it_were_here(done: Stage, reach: Reach) -> None:
    async with await AsyncClient.connect(reach(done.home), timeout=60) as client:
        status, gpus, events = await asyncio.gather(
            client.call("status"), client.call("gpus"), client.call("events", limit=5)
        )
        assert client.place.label == "box"
    assert status["pid"] == done.ask("status")["pid"]
    assert len(gpus) == 4
    assert len(events) == 5


async def test_errors_keep_their_type_and_readonly_holds(done: Stage, reach: Reach) -> None:
    async with await AsyncClient.connect(reach(done.home), readonly=True, timeout=60) as client:
        with pytest.raises(RefusedError, match="no experiment 'e999'"):
            await client.call("show", id="e999")
        with pytest.raises(RefusedError, match="read-only"):
            await client.call("pause", target="bowl")


async def test_events_are_followed_from_the_cursor_on(slow: Stage, reach: Reach) -> None:
    async with await AsyncClient.connect(reach(slow.home), timeout=60) as client:
        last = client.welcome["seq"]
        answer = await client.call("subscribe", after=last, epoch=client.welcome["epoch"])
        assert answer["resumed"]
        slow.ask("pause", target="slow")
        kinds: list[str] = []
        while "campaign.paused" not in kinds:
            params = (await asyncio.wait_for(client.notification(), 120))["params"]
            assert params["seq"] == last + len(kinds) + 1
            kinds.append(params["kind"])


async def test_a_far_daemon_that_dies_is_told_and_a_new_one_is_reached(empty: Stage, reach: Reach) -> None:
    place = reach(empty.home)
    async with await AsyncClient.connect(place, timeout=60) as client:
        news = asyncio.create_task(client.notification())
        empty.kill()
        with pytest.raises(NotRunningError, match="the daemon on box hung up") as caught:
            await news
        assert f"ssh box env ARCTL_HOME={empty.home.root} arctl start" in caught.value.remedy
        with pytest.raises(NotRunningError, match="hung up"):
            await client.call("status")
    error = await refused(place)
    assert isinstance(error, NotRunningError)
    assert error.message == f"box: no daemon is running for {empty.home.root}"
    assert "ssh box " in error.remedy
    empty.start()
    async with await AsyncClient.connect(place, timeout=60) as client:
        assert (await client.call("status"))["pid"]


@pytest.mark.parametrize(
    ("host", "message", "remedy"),
    [
        ("nowhere", "there is no host nowhere: .*Could not resolve", "ssh nowhere"),
        ("closed", "closed refuses connections.*Connection refused", "ssh closed"),
        ("mute", "mute does not answer: .*timed out", "ssh mute"),
        ("box-locked", r"box-locked accepts no key of yours.*Permission denied \(", "ssh-add"),
        ("box-stranger", "the host key of box-stranger is not known", "fingerprint"),
        ("box-changed", "box-changed shows another host key than before", "ssh-keygen -R"),
    ],
)
async def test_each_way_not_to_get_in_is_told_apart(
    reach: Reach, host: str, message: str, remedy: str
) -> None:
    place = reach(host=host)
    if host == "mute":  # the first value counts for ssh, and ours are given on the command line
        place = reach(host=host, ssh=f"{' '.join(place.ssh)} -o ConnectTimeout=1")
    error = await refused(place)
    assert isinstance(error, NotRunningError)
    with pytest.raises(NotRunningError, match=message):
        raise error
    assert remedy in error.remedy


async def test_an_ssh_that_is_not_installed_is_told(reach: Reach) -> None:
    error = await refused(reach(ssh="no-such-ssh -F x"))
    assert isinstance(error, NotRunningError)
    assert error.message == "cannot start no-such-ssh: No such file or directory"
    assert "OpenSSH" in error.remedy


@pytest.mark.parametrize("command", ["no-such-arctl", "/no/such/arctl --debug"])
async def test_an_arctl_that_is_not_there_can_be_named(done: Stage, reach: Reach, command: str) -> None:
    error = await refused(reach(done.home, command=command))
    assert isinstance(error, NotRunningError)
    assert error.message.startswith(f"{command.split()[0]} was not found on box")
    assert "--remote-command /path/to/arctl" in error.remedy


async def test_a_command_with_words_and_blanks_is_run_as_it_is_named(
    done: Stage, reach: Reach, tmp_path: Path
) -> None:
    folder = tmp_path / "it's a folder; $HOME"
    folder.mkdir()
    script = folder / "arctl"
    script.write_text(f'#!/bin/sh\n[ "$1" = "a  b" ] && shift && exec {sys.executable} -m arctl "$@"\n')
    script.chmod(0o755)
    place = Remote("box", (str(script), "a  b"), str(done.home.root), reach().ssh)
    async with await AsyncClient.connect(place, timeout=60) as client:
        assert (await client.call("status"))["pid"]


async def test_a_program_that_is_no_arctl_is_told_with_what_it_said(reach: Reach) -> None:
    error = await refused(reach(command="sh -c 'echo \"not today\"; exit 9'"))
    assert isinstance(error, NotRunningError)
    assert error.message == "sh on box ended with 9 and no answer: not today"


async def test_what_far_start_up_files_say_is_passed_over(done: Stage, reach: Reach) -> None:
    noisy = f"sh -c 'echo Welcome; echo; echo \"[ok]\"; exec {sys.executable} -m arctl stdio'"
    async with await AsyncClient.connect(reach(done.home, command=noisy), timeout=60) as client:
        assert (await client.call("status"))["pid"]


async def test_a_far_side_that_floods_and_paints_is_cut_and_cleaned(reach: Reach) -> None:
    flood = r"head -c 3000000 /dev/zero | tr \\0 y >&2"
    paint = r"printf \"\\n\\033[2J\\033]0;title\\007bad\\n\" >&2"
    error = await refused(reach(command=f'sh -c "{flood}; {paint}; exit 7"'))
    assert error.message == "sh on box ended with 7 and no answer: bad"
    error = await refused(reach(command=f'sh -c "{flood}; exit 7"'))
    assert len(error.message) < 300


@asynccontextmanager
async def posing(home: Home, answer: Message | None) -> AsyncIterator[None]:
    """Listen in place of a daemon and answer the greeting so, or never; leave when everybody has hung up."""
    serving: set[asyncio.Task[Any] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        message = protocol.decode(await reader.readline())
        if answer is not None:
            writer.write(protocol.encode(protocol.reply(message["id"], answer)))
        await reader.read()
        writer.close()
        await writer.wait_closed()

    home.socket.parent.mkdir(parents=True)
    async with await asyncio.start_unix_server(serve, str(home.socket)):
        yield
        await asyncio.wait_for(asyncio.gather(*filter(None, serving)), 120)


async def test_another_protocol_says_what_to_install_where(tmp_path: Path, reach: Reach) -> None:
    home = Home(tmp_path)
    async with posing(home, {"protocol": [99, 0], "version": "9"}):
        error = await refused(reach(home))
    assert isinstance(error, ProtocolError)
    assert error.message.startswith("box: the daemon (arctl 9) speaks protocol 99.0")
    assert "install the same arctl here and on box" in error.remedy


async def test_a_daemon_that_says_nothing_is_given_up_and_ssh_ends(
    tmp_path: Path, reach: Reach, started: list[Ssh], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Remote, "patience", 0.0)
    home = Home(tmp_path)
    async with posing(home, None):
        # As long as a busy machine needs to get through to it at all.
        error = await refused(reach(home), timeout=5.0)
    assert "did not answer" in error.message
    assert "ssh box " in error.remedy
    assert started[0].process.returncode is not None


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Ssh]:
    """Every ssh that is started, the newest last."""
    found: list[Ssh] = []
    real = Ssh.start

    async def start(words: Any) -> Ssh:
        found.append(await real(words))
        return found[-1]

    monkeypatch.setattr(Ssh, "start", start)
    return found


async def test_ssh_has_no_terminal_and_ends_with_the_connection(
    done: Stage, reach: Reach, started: list[Ssh]
) -> None:
    async with await AsyncClient.connect(reach(done.home), timeout=60):
        process = started[0].process
        assert os.getsid(process.pid) == process.pid, "a session of its own has no terminal"
        held = {str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()}
        assert not [name for name in held if name.startswith(("/dev/pts", "/dev/tty"))]
    assert process.returncode is not None


async def test_a_master_that_stays_behind_holds_nothing_up(
    done: Stage, reach: Reach, sshd: Sshd, started: list[Ssh]
) -> None:
    shared = f"{sshd.ssh} -o ControlMaster=auto -o ControlPersist=600 -o ControlPath={sshd.folder}/c"
    try:
        for _ in range(2):  # the first leaves the master behind, the second goes through it
            async with await AsyncClient.connect(reach(done.home, ssh=shared), timeout=60) as client:
                assert (await client.call("status"))["pid"]
            assert started[-1].process.returncode is not None
        gone_astray = await refused(reach(ssh=shared, command="no-such-arctl"))
        assert "was not found on box" in gone_astray.message
    finally:
        leave = [*shared.split(), "-O", "exit", "box"]
        subprocess.run(leave, check=True, capture_output=True, stdin=subprocess.DEVNULL)


async def test_an_ssh_that_dies_is_a_lost_connection(done: Stage, reach: Reach, started: list[Ssh]) -> None:
    async with await AsyncClient.connect(reach(done.home), timeout=60) as client:
        started[0].process.kill()
        with pytest.raises(NotRunningError, match="the connection to box was lost"):
            await client.notification()


async def test_ssh_and_the_far_side_end_with_us_even_killed(done: Stage, reach: Reach) -> None:
    place = reach(done.home)
    code = f"""
        import asyncio, psutil
        from arctl.aclient import AsyncClient
        from arctl.places import Remote

        async def main():
            await AsyncClient.connect({place!r}, timeout=60)
            print(psutil.Process().children()[0].pid, flush=True)
            await asyncio.sleep(3600)

        asyncio.run(main())
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE) as ours:
        assert ours.stdout
        ssh = int(ours.stdout.readline())
        bridges = _bridges(done.home)
        assert len(bridges) == 1
        ours.send_signal(signal.SIGKILL)
    assert gone(ssh)
    assert gone(bridges[0])


@pytest.mark.skipif(TMUX is None, reason="tmux is not installed")
def test_a_person_steers_a_far_campaign_and_sees_its_daemon_die_and_return(slow: Stage, sshd: Sshd) -> None:
    def tmux(*words: str) -> str:
        base = ["tmux", "-f", "/dev/null", "-S", str(slow.root / "tmux.sock")]
        environ = os.environ | {"ARCTL_SSH": sshd.ssh, "ARCTL_HOME": str(slow.root / "nothing here")}
        done = subprocess.run([*base, *words], check=True, capture_output=True, text=True, env=environ)
        return done.stdout

    def see(*texts: str) -> None:
        wait_for(lambda: all(text in tmux("capture-pane", "-p") for text in texts))

    command = f"{sys.executable} -m arctl tui --host box --remote-home {slow.home.root}"
    tmux("new-session", "-d", "-x", "120", "-y", "36", f"{command}; echo left with $?; exec cat")
    try:
        see("LIVE", "box", "slow")
        tmux("send-keys", ":")
        see("a command, an id")
        tmux("send-keys", "pause slow", "Enter")
        wait_for(lambda: slow.status()["state"] == "paused")
        slow.kill()
        see("CUT OFF", "no daemon is running", "ssh box")
        slow.start()
        wait_for(lambda: "LIVE" in (text := tmux("capture-pane", "-p")) and "CUT OFF" not in text)
        bridges = _bridges(slow.home)
        assert len(bridges) == 1
        tmux("send-keys", "q")
        see("left with 0")
        assert gone(bridges[0])
    finally:
        tmux("kill-server")


def _bridges(home: Home) -> list[int]:
    """Return the processes of `arctl stdio` for a state folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"stdio" in words and f"ARCTL_HOME={home.root}".encode() in environment:
            found.append(int(folder.name))
    return found
