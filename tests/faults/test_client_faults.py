"""Clients that pour, stall, say nothing or are too many: the others are answered meanwhile."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from arctl import protocol
from arctl.client import Client
from arctl.daemon.server import MAX_CONNECTIONS
from tests.integration.test_wire import HELLO, Raw
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for

#: Times that another client asks something, while one misbehaves.
ASKED = 20


def line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


@contextlib.contextmanager
def pouring(raw: Raw, data: bytes) -> Iterator[threading.Event]:
    """Send without end and read nothing; the event is set once the other end takes nothing more."""
    full, over = threading.Event(), threading.Event()
    raw.socket.settimeout(0.5)

    def pour() -> None:
        while not over.is_set():
            try:
                raw.socket.sendall(data)
            except TimeoutError:
                full.set()
            except OSError:
                full.set()
                return

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        yield full
    finally:
        over.set()
        thread.join()
        raw.close()


@pytest.mark.fault(34, "a client asks without end and reads nothing", "it is stopped, others are answered")
def test_34_a_client_that_floods_and_never_reads_holds_nobody_up(daemon: Daemon, tmp_path: Path) -> None:
    flood = Raw(daemon)
    flood.say(HELLO)
    with pouring(flood, line(protocol.request(2, "status", {})) * 100) as full:
        for _ in range(ASKED):
            assert daemon.call("status")["pid"]
        # Its requests wait where they are: the daemon keeps no more than it answers at a time.
        wait_for("it to be stopped", full.is_set)
        daemon.campaign(make_repo(tmp_path / "repo", experiments=1))
        assert daemon.wait_finished()["state"] == "finished"


@pytest.mark.fault(34, "a client sends megabytes without a line end", "hung up on, others are answered")
def test_34_a_client_that_never_ends_its_line_is_hung_up_on(daemon: Daemon) -> None:
    flood = Raw(daemon)
    flood.say(HELLO)
    with pouring(flood, b"x" * (1 << 20)) as full:
        for _ in range(ASKED):
            assert daemon.call("status")["pid"]
        wait_for("its end", full.is_set)


@pytest.mark.fault(34, "one subscribes and reads nothing, one stops in mid line", "others get every event")
def test_34_clients_that_stall_hold_nobody_up(daemon: Daemon, tmp_path: Path) -> None:
    deaf, mute, strange = Raw(daemon), Raw(daemon), Raw(daemon)
    deaf.say(HELLO)
    deaf.say(protocol.request(2, "subscribe", {"after": 0, "topics": ["events", "devices"]}))
    mute.say(HELLO)
    mute.socket.sendall(b'{"jsonrpc": "2.0", "id": 2, "method": "sta')
    with Client(daemon.home) as client:
        client.call("subscribe", after=0)
        daemon.campaign(make_repo(tmp_path / "repo", experiments=2))
        assert daemon.wait_finished()["state"] == "finished"
        last = daemon.call("events", limit=1)[-1]["seq"]
        seen = []
        for message in client.notifications():
            seen.append(message["params"]["seq"])
            if seen[-1] >= last:
                break
    assert seen == list(range(1, len(seen) + 1))
    # Whoever goes on is served as if nothing had been.
    mute.socket.sendall(b'tus"}\n')
    assert mute.read()["result"]["pid"]
    for raw in (deaf, mute, strange):
        raw.close()


@pytest.mark.fault(34, "more connections than the daemon keeps", "the most silent ones go, others are served")
def test_34_of_too_many_connections_the_most_silent_ones_go(daemon: Daemon) -> None:
    with Client(daemon.home) as steady:
        many = [Raw(daemon) for _ in range(MAX_CONNECTIONS // 2)]
        assert steady.call("status")["pid"]
        for _ in range(MAX_CONNECTIONS):
            many.append(Raw(daemon))
            if len(many) % 50 == 0:
                assert steady.call("status")["pid"], "whoever speaks is not the most silent"
        assert daemon.call("status")["pid"]
        gone = many[: MAX_CONNECTIONS // 4]
        for raw in gone:
            with contextlib.suppress(ConnectionError):
                assert raw.file.readline() == b"", "it was hung up on"
        assert steady.call("status")["pid"]
        assert many[-1].say(HELLO)["result"]["protocol"]
        for raw in many:
            raw.close()
    assert daemon.call("status")["pid"]
