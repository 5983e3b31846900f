"""Naming another machine, the ssh command line that comes of it, and the bridge at its far end."""

from __future__ import annotations

import math
import os
import socket
import threading

import pytest
from click.testing import CliRunner

from arctl.cli import cli, stdio
from arctl.errors import Exit, UsageError
from arctl.places import remote


@pytest.mark.parametrize("host", ["-oProxyCommand=touch /tmp/x", "me@-x", "", "a b", "box\x1b[2J", "box\n"])
def test_a_host_that_ssh_could_take_for_something_else_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="no host"):
        remote(host, environ={})


def test_the_ssh_command_line_asks_nothing_and_ends_its_options() -> None:
    place = remote(
        "me@box", "'~/my venv/arctl' --debug", "~/state of it", {"ARCTL_SSH": "ssh -p 22 -F 'a b'"}
    )
    words = place.words()
    assert words[:6] == ("ssh", "-p", "22", "-F", "a b", "-T")
    assert "BatchMode=yes" in words
    assert words[-3:-1] == ("--", "me@box")
    assert words[-1] == "env 'ARCTL_HOME=~/state of it' ~/'my venv/arctl' --debug stdio"


@pytest.mark.parametrize(
    ("host", "label"),
    [("box", "box"), ("me@box", "box"), ("ssh://me@box:2222/", "box"), ("me@fe80::1", "fe80::1")],
)
def test_a_place_is_called_by_its_host(host: str, label: str) -> None:
    assert remote(host, environ={}).label == label


def test_quotes_that_do_not_close_are_told() -> None:
    with pytest.raises(UsageError, match="--remote-command"):
        remote("box", "arctl 'x", environ={})
    with pytest.raises(UsageError, match="ARCTL_SSH"):
        remote("box", environ={"ARCTL_SSH": "ssh 'x"})


def test_a_far_home_or_command_without_a_host_is_refused() -> None:
    for option in ("--remote-home", "--remote-command"):
        done = CliRunner().invoke(cli, ["tui", option, "x"])
        assert done.exit_code == Exit.USAGE
        assert f"{option} needs --host" in done.stderr


def test_a_host_without_a_name_is_refused_and_never_this_machine() -> None:
    done = CliRunner().invoke(cli, ["tui", "--host", ""])
    assert done.exit_code == Exit.USAGE
    assert "'' is no host" in done.stderr


def test_the_far_side_leaves_when_nobody_reads_it_though_an_answer_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stdio, "LINGER", math.inf)
    ours, daemon = socket.socketpair()
    (asked, asking), (reading, answers) = os.pipe(), os.pipe()
    with ours, daemon:
        os.write(asking, b'{"id":1}\n')
        os.close(asking)
        bridging = threading.Thread(target=stdio.bridge, args=(ours, asked, answers))
        bridging.start()
        assert daemon.recv(100) == b'{"id":1}\n'
        assert bridging.is_alive(), "an answer is due"
        os.close(reading)
        bridging.join(120)
        assert not bridging.is_alive()
    os.close(asked)
    os.close(answers)
