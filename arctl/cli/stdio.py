"""`arctl stdio`: stdin and stdout joined to the daemon's socket, so that `ssh host arctl stdio` is a wire."""

from __future__ import annotations

import os
import selectors
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
    """Copy bytes both ways until the daemon hangs up, or until stdin ended and all was answered."""
    asked = answered = 0
    ended_at: float | None = None
    partial = b""
    with selectors.DefaultSelector() as ready:
        ready.register(connection, selectors.EVENT_READ)
        try:
            ready.register(source, selectors.EVENT_READ)
            polled = True
        except PermissionError:  # a plain file is always ready and cannot be waited for
            polled = False
        while True:
            found = {key.fd for key, _ in ready.select(0 if not polled and ended_at is None else 0.5)}
            if ended_at is None and (source in found or not polled):
                data = os.read(source, CHUNK)
                asked += data.count(b"\n")
                if data:
                    connection.sendall(data)
                else:
                    ended_at = time.monotonic()
                    if polled:
                        ready.unregister(source)
            if connection.fileno() in found:
                data = connection.recv(CHUNK)
                if not data:
                    return
                _write(sink, data)
                *lines, partial = (partial + data).split(b"\n")
                # Notifications carry no id; every reply does.
                answered += sum(b'"id":' in line[:24] for line in lines)
            if ended_at is not None and (answered >= asked or time.monotonic() - ended_at > LINGER):
                return


def _write(sink: int, data: bytes) -> None:
    while data:
        data = data[os.write(sink, data) :]
