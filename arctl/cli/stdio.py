"""`arctl stdio`: stdin and stdout joined to the daemon's socket, so that `ssh host arctl stdio` is a wire."""

from __future__ import annotations

import os
import select
import socket
import time

import click

from arctl.cli import common
from arctl.errors import NotRunningError

CHUNK = 1 << 16
#: Seconds that replies may take after stdin has ended: the daemon drops what is asked by one who hung up.
LINGER = 30.0


@click.command()
def stdio() -> None:
    """Connect stdin and stdout to the daemon: JSON-RPC, one message a line.

    Example: ssh workstation arctl stdio
    """
    home = common.home()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(home.socket))
    except OSError as error:
        connection.close()
        msg = f"no daemon is running for {home.root}"
        raise NotRunningError(msg, "start it with `arctl start`") from error
    with connection:
        bridge(connection, 0, 1)


def bridge(connection: socket.socket, source: int, sink: int) -> None:
    """Copy bytes both ways until one side has gone, or until the source ended and all was answered."""
    asked = answered = 0
    ended_at: float | None = None
    partial = b""
    ready = select.poll()
    ready.register(connection, select.POLLIN)
    ready.register(source, select.POLLIN)
    ready.register(sink, 0)  # tells only that nobody reads there any more
    while True:
        found = {number for number, _ in ready.poll(500)}
        if sink in found:
            return
        if source in found:
            data = os.read(source, CHUNK)
            asked += data.count(b"\n")
            if data:
                connection.sendall(data)
            else:
                ended_at = time.monotonic()
                ready.unregister(source)
        if connection.fileno() in found:
            data = _received(connection)
            if not data:
                return
            _write(sink, data)
            *lines, partial = (partial + data).split(b"\n")
            # Notifications carry no id; every reply does.
            answered += sum(b'"id":' in line[:24] for line in lines)
        if ended_at is not None and (answered >= asked or time.monotonic() - ended_at > LINGER):
            return


def _received(connection: socket.socket) -> bytes:
    """Return what the daemon said; nothing where it hung up, however it did."""
    try:
        return connection.recv(CHUNK)
    except ConnectionResetError:  # it was killed before it had read all
        return b""


def _write(sink: int, data: bytes) -> None:
    while data:
        data = data[os.write(sink, data) :]
