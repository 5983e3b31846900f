"""A stand-in for the daemon while the doctor is at work: same user, a key in its environment, open sockets.

Started as `python -I -S victim.py SOCKET ABSTRACT ADDRESS MARKER`; it prints a line of JSON when it is ready,
and at the end of its input another one that says what reached it. Standard library only.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys


def main() -> None:
    """Listen until nobody wants to know any more."""
    path, abstract, address = sys.argv[1:4]
    reached: set[str] = set()
    signal.signal(signal.SIGUSR1, lambda *_: reached.add("signal"))
    listening: dict[str, socket.socket] = {}
    for name, place in (("socket", path), ("socket_abstract", "\0" + abstract)):
        listening[name] = server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(place)
        server.listen()
    ports = {"tcp": 0, "udp": 0}
    if address:
        listening["tcp"] = server = socket.create_server((address, 0))
        ports["tcp"] = server.getsockname()[1]
        listening["udp"] = server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((address, 0))
        ports["udp"] = server.getsockname()[1]
    say({"pid": os.getpid(), **ports})
    names = {server: name for name, server in listening.items()}
    while True:
        ready = set(select.select([sys.stdin, *names], [], [])[0])
        for caller in [server for server in names if server in ready]:
            take(caller, datagrams=names[caller] == "udp")
            reached.add(names[caller])
        if ready == {sys.stdin}:
            break
    say({"reached": sorted(reached)})


def take(server: socket.socket, *, datagrams: bool) -> None:
    """Take what waits at a socket."""
    if datagrams:
        server.recv(64)
    else:
        server.accept()[0].close()


def say(value: object) -> None:
    """Print a line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
