"""The wire as a stranger meets it: handshake, refusals, subscriptions, floods, repeated commands."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from arctl import protocol
from arctl.client import Client
from arctl.errors import ArctlError, ProtocolError, RefusedError, UsageError
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for


class Raw:
    """A connection on which anything can be said."""

    def __init__(self, daemon: Daemon) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        # Without a time limit it waits for its turn where many connect at once.
        self.socket.connect(str(daemon.home.socket))
        self.socket.settimeout(120)
        self.file = self.socket.makefile("rb")

    def say(self, message: dict[str, Any] | bytes) -> dict[str, Any]:
        """Send a message and read one."""
        data = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        self.socket.sendall(data)
        return self.read()

    def read(self) -> dict[str, Any]:
        """Read one message."""
        found: dict[str, Any] = json.loads(self.file.readline())
        return found

    def close(self) -> None:
        """Hang up."""
        self.file.close()
        self.socket.close()


@pytest.fixture
def raw(daemon: Daemon) -> Any:
    connection = Raw(daemon)
    yield connection
    connection.close()


HELLO = protocol.request(1, "hello", {"protocol": [1, 0], "client": "test"})


def test_the_socket_is_for_its_owner_only(daemon: Daemon) -> None:
    path = daemon.home.socket
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nothing_is_answered_before_hello(raw: Raw) -> None:
    answer = raw.say(protocol.request(7, "status", {}))
    assert answer["id"] == 7
    assert "hello" in answer["error"]["message"]
    assert raw.say(HELLO)["result"]["protocol"] == [1, 0]


def test_another_major_is_refused_with_what_to_do(raw: Raw) -> None:
    answer = raw.say(protocol.request(1, "hello", {"protocol": [9, 0], "client": "9.0"}))
    assert answer["error"]["code"] == protocol.PROTOCOL_MISMATCH
    assert "arctl stop" in answer["error"]["data"]["remedy"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"not json\n", protocol.PARSE_ERROR),
        (b"[1, 2]\n", protocol.PARSE_ERROR),
        (b'{"jsonrpc":"2.0","id":3}\n', protocol.INVALID_PARAMS),
        (b'{"jsonrpc":"2.0","id":3,"method":"no.such"}\n', protocol.METHOD_NOT_FOUND),
        (b'{"jsonrpc":"2.0","id":3,"method":"show","params":{}}\n', protocol.INVALID_PARAMS),
        (b'{"jsonrpc":"2.0","id":3,"method":"show","params":{"id":5}}\n', protocol.INVALID_PARAMS),
        (b'{"jsonrpc":"2.0","id":3,"method":"show","params":{"id":"e999"}}\n', protocol.REFUSED),
    ],
)
def test_a_bad_message_gets_an_error_and_the_connection_lives(raw: Raw, line: bytes, code: int) -> None:
    raw.say(HELLO)
    assert raw.say(line)["error"]["code"] == code
    assert raw.say(protocol.request(9, "status", {}))["result"]["pid"]


def test_a_message_without_end_is_cut_off_and_others_are_served(daemon: Daemon, raw: Raw) -> None:
    raw.say(HELLO)
    with contextlib.suppress(BrokenPipeError):
        # The daemon hangs up as soon as it has seen enough.
        raw.socket.sendall(b"x" * (protocol.MAX_LINE + 100_000))
    assert "bytes" in raw.read()["error"]["message"]
    assert daemon.call("status")["pid"]


def test_a_client_that_stops_talking_still_gets_its_answers(raw: Raw) -> None:
    requests = [HELLO, *(protocol.request(number, "status", {}) for number in range(2, 7))]
    raw.socket.sendall(b"".join(json.dumps(request).encode() + b"\n" for request in requests))
    raw.socket.shutdown(socket.SHUT_WR)
    assert {raw.read()["id"] for _ in requests} == {1, 2, 3, 4, 5, 6}


def test_events_resume_from_a_cursor_without_gap_or_duplicate(daemon: Daemon, tmp_path: Path) -> None:
    with Client(daemon.home) as client:
        start = client.call("subscribe", after=0)
        assert start["resumed"]
        daemon.campaign(make_repo(tmp_path / "repo", experiments=2))
        stream = client.notifications()
        first = [next(stream)["params"]["seq"] for _ in range(5)]
    daemon.wait_finished()
    with Client(daemon.home) as client:
        client.call("subscribe", after=first[-1], epoch=start["epoch"])
        seen = list(first)
        for message in client.notifications():
            seen.append(message["params"]["seq"])
            if message["params"]["kind"] == "campaign.finished":
                break
    assert seen == list(range(1, len(seen) + 1))


def test_a_cursor_of_another_epoch_or_beyond_the_end_begins_at_now(daemon: Daemon) -> None:
    with Client(daemon.home) as client:
        assert not client.call("subscribe", after=1, epoch="another")["resumed"]
        assert not client.call("subscribe", after=10_000)["resumed"]


def test_readings_come_unnumbered(daemon: Daemon) -> None:
    with Client(daemon.home) as client:
        client.call("subscribe", topics=["devices"])
        # The first may come before the devices are known.
        message = next(each for each in client.notifications() if each["params"]["devices"])
        assert message["method"] == "sample"
        assert [device["name"] for device in message["params"]["devices"]] == ["cpu0", "cpu1"]


def test_a_command_with_a_key_happens_once(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo"))
    first = daemon.call("pause", target="toy", key="k1")
    daemon.call("resume", target="toy")
    assert daemon.call("pause", target="toy", key="k1") == first
    assert daemon.status()["state"] in ("running", "finished"), "the repeated command did nothing"
    daemon.kill()
    daemon.start()
    assert daemon.call("pause", target="toy", key="k1") == first, "nor after a restart"


def test_a_readonly_connection_cannot_change_anything(daemon: Daemon) -> None:
    with Client(daemon.home, readonly=True) as client:
        assert client.call("status")["pid"]
        with pytest.raises(RefusedError, match="read-only"):
            client.call("stop")


def test_a_client_of_another_version_is_told_by_the_client_too(daemon: Daemon, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="speaks protocol 9"):
        protocol.check_version([9, 0], them="daemon", version="9.0")


@pytest.mark.parametrize("verb", ["pause", "resume", "kill"])
def test_unknown_targets_are_refused_with_where_to_look(daemon: Daemon, verb: str) -> None:
    with pytest.raises(RefusedError, match="there is no experiment 'e77'") as told:
        daemon.call(verb, target="e77")
    assert "arctl experiments" in told.value.remedy


def test_a_relative_path_is_not_accepted(daemon: Daemon) -> None:
    with pytest.raises(UsageError, match="absolute"):
        daemon.call("campaign.start", path="here")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda repo: (repo / "arctl.toml").unlink(), "no arctl.toml"),
        (lambda repo: (repo / "arctl.toml").write_text("name = \n"), r"arctl.toml:1"),
        (lambda repo: (repo / "train.py").write_text("LR = 1\n"), "uncommitted changes"),
        (lambda repo: (repo / "arctl.toml").write_text("[runn]\n"), "runn"),
    ],
)
def test_a_repository_that_is_not_fit_is_refused(
    daemon: Daemon, tmp_path: Path, spoil: Any, message: str
) -> None:
    repo = make_repo(tmp_path / "repo")
    spoil(repo)
    with pytest.raises(RefusedError, match=message) as told:
        daemon.campaign(repo)
    assert told.value.remedy


def test_kill_ends_a_run_and_all_its_processes(daemon: Daemon, tmp_path: Path) -> None:
    script = (
        "import os, signal, time\nLR = 0.01\nWIDTH = 32\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(f'pid {os.getpid()}', flush=True)\ntime.sleep(1000)\n"
    )
    daemon.campaign(make_repo(tmp_path / "repo", script=script))
    text = wait_for("the job's word", lambda: daemon.call("logs", id="r1", offset=0)["text"])
    pid = int(text.split()[1])
    daemon.call("kill", target="r1", reason="enough")
    wait_for("its end", lambda: not Path(f"/proc/{pid}/exe").exists())
    run = wait_for(
        "its row",
        lambda: [r for r in daemon.call("show", id="r1")["runs"] if r["id"] == "r1" and r["outcome"]],
    )[0]
    assert run["outcome"] == "cancelled"
    assert "enough" in run["reason"]
    with pytest.raises(ArctlError, match="has ended"):
        daemon.call("kill", target="r1")
