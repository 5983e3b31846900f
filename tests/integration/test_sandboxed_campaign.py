"""A whole campaign at each level of the sandbox that this machine has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from arctl.daemon.sandbox import Level
from tests.support.boxes import need
from tests.support.campaigns import SCRIPT, make_repo
from tests.support.daemon import Daemon, wait_for


@pytest.mark.parametrize("level", [3, 2, 1])
def test_a_campaign_runs_at_every_level(daemon: Daemon, tmp_path: Path, level: Level) -> None:
    need(level)
    script = SCRIPT + (
        "import os, pathlib, tempfile\n"
        "pathlib.Path(os.environ['ARCTL_RUN_FOLDER'], 'kept').write_text('kept')\n"
        "tempfile.TemporaryFile().write(b'x')\n"
    )
    repo = make_repo(tmp_path / "repo", script=script, experiments=2)
    daemon.campaign(repo, sandbox=str(level), allow_unsandboxed=True)
    row = daemon.wait_finished()
    assert (row["state"], row["sandbox"]) == ("finished", level), row["reason"]
    verdicts = {found["verdict"] for found in daemon.experiments()}
    assert not verdicts & {"crashed", "no_metric", "invalid", "lost"}
    assert (daemon.home.run_folder("r1", 1) / "files" / "kept").read_text() == "kept"


@pytest.mark.parametrize("linked", [True, False])
def test_an_interpreter_that_is_not_on_the_path_is_found_in_the_sandbox(
    daemon: Daemon, tmp_path: Path, linked: bool
) -> None:
    need(3)
    python, extra = f"{sys.prefix}/bin/python", ""
    if linked:
        python, extra = ".venv/bin/python", 'link = [".venv"]\n'
    repo = make_repo(tmp_path / "repo", command=f'{python} train.py"\n{extra}#"', experiments=1)
    if linked:
        (repo / ".venv").symlink_to(sys.prefix)
    daemon.call("campaign.start", path=str(repo), env={"PATH": "/usr/bin:/bin"})
    row = daemon.wait_finished()
    assert row["state"] == "finished", row["reason"]


@pytest.mark.parametrize("level", [3, 2])
def test_what_setup_puts_into_its_home_is_in_the_home_of_every_run(
    daemon: Daemon, tmp_path: Path, level: Level
) -> None:
    need(level)
    prepare = """\
import os, pathlib
cache = pathlib.Path.home() / ".cache" / "autoresearch"
cache.mkdir(parents=True)
(cache / "tokens.bin").write_bytes(b"7" * 100_000)
(cache / "lock").touch()
(cache / "newest").symlink_to("tokens.bin")
"""
    script = (
        SCRIPT
        + """\
cache = os.path.expanduser("~/.cache/autoresearch")
assert len(open(cache + "/newest").read()) == 100_000
open(cache + "/lock", "w").write("mine")
open(cache + "/compiled", "w").write("mine")
try:
    open(cache + "/tokens.bin", "w")
except OSError:
    pass
else:
    raise AssertionError("what setup left is written over")
"""
    )
    repo = make_repo(
        tmp_path / "repo",
        script=script,
        command='python3 train.py"\nsetup = "python3 prepare.py',
        experiments=1,
        files={"prepare.py": prepare},
    )
    daemon.campaign(repo, sandbox=str(level))
    row = daemon.wait_finished()
    assert row["state"] == "finished", row["reason"]
    left = daemon.home.campaign("toy") / "home" / ".cache" / "autoresearch"
    assert sorted(path.name for path in left.iterdir()) == ["lock", "newest", "tokens.bin"]


@pytest.mark.parametrize("level", [3, 2])
def test_setup_finds_its_way_through_a_company_s_proxy_and_runs_know_nothing_of_it(
    daemon: Daemon, tmp_path: Path, level: Level
) -> None:
    need(level)
    authorities = tmp_path / "company" / "ca.pem"
    authorities.parent.mkdir()
    authorities.write_text("-----BEGIN CERTIFICATE-----")
    prepare = """\
import os, pathlib
text = open(os.environ["SSL_CERT_FILE"]).read() + os.environ["https_proxy"]
pathlib.Path(os.environ["ARCTL_DATA"], "way").write_text(text)
"""
    script = SCRIPT + "assert not {'SSL_CERT_FILE', 'https_proxy'} & set(os.environ)\n"
    command = 'python3 train.py"\ntimeout = "30s"\nsetup_timeout = "90s"\nsetup = "python3 prepare.py'
    repo = make_repo(
        tmp_path / "repo", script=script, command=command, experiments=1, files={"prepare.py": prepare}
    )
    spec = (repo / "arctl.toml").read_text().replace('timeout = "60s"\n', "")
    (repo / "arctl.toml").write_text(spec)
    way = {"https_proxy": "http://proxy.example:3128", "SSL_CERT_FILE": str(authorities)}
    daemon.call("campaign.start", path=str(repo), env={"PATH": os.environ["PATH"], **way}, sandbox=str(level))
    row = daemon.wait_finished()
    assert row["state"] == "finished", row["reason"]
    said = (daemon.home.campaign("toy") / "data" / "way").read_text()
    assert said == "-----BEGIN CERTIFICATE-----http://proxy.example:3128"


def test_setup_has_a_limit_of_its_own(daemon: Daemon, tmp_path: Path) -> None:
    command = 'python3 train.py"\nsetup_timeout = "1s"\nsetup = "sleep 600'
    daemon.campaign(make_repo(tmp_path / "repo", command=command, experiments=1))
    row = daemon.wait_finished()
    assert row["state"] == "held"
    assert "still running after 1 s" in row["reason"]


#: Says hello to the daemon, asks it to stop, and notes what it heard.
SAYING = """
import json, os, pathlib, signal, socket, sys, time
def said(path):
    link = socket.socket(socket.AF_UNIX)
    try:
        link.connect(os.environ["DAEMON"])
        for method, params in (("hello", {"protocol": [1, 0]}), ("stop", {"mode": "now"})):
            words = {"jsonrpc": "2.0", "id": method, "method": method, "params": params}
            link.sendall(json.dumps(words).encode() + b"\\n")
        answer = link.recv(1000).decode()
    except OSError as error:
        answer = f"refused: {type(error).__name__}"
    pathlib.Path(path).write_text(answer)
"""
#: By itself, and as a process that got away from its parents.
INTRUDER = (
    SAYING
    + """
folder = os.environ["ARCTL_RUN_FOLDER"]
said(folder + "/child")
if not os.fork():
    os.setsid()
    if not os.fork():
        said(folder + "/orphan")
    os._exit(0)
while not pathlib.Path(folder, "orphan").exists():
    time.sleep(0.02)
"""
)
#: As a process that outlives its shim, which it kills, and has nothing of its run in its environment.
MURDERER = (
    SAYING
    + """
place = pathlib.Path(os.environ["PLACE"])
if not place.exists():
    place.touch()
    socket_, shim = os.environ["DAEMON"], os.getppid()
    while b"zygote" not in pathlib.Path(f"/proc/{shim}/cmdline").read_bytes():
        shim = int(pathlib.Path(f"/proc/{shim}/stat").read_text().rpartition(")")[2].split()[1])
    code = SAYING + f"while os.path.exists('/proc/{shim}'): time.sleep(0.02)\\nsaid('{place}.said')"
    if not os.fork():
        os.setsid()
        os.execve(sys.executable, ["python", "-c", code], {"DAEMON": socket_})
    time.sleep(0.5)
    os.kill(shim, signal.SIGKILL)
"""
)


@pytest.mark.parametrize("level", [2, 1])
def test_no_run_commands_the_daemon_whose_socket_it_can_reach(
    daemon: Daemon, tmp_path: Path, level: Level
) -> None:
    need(level)
    repo = make_repo(tmp_path / "repo", script=SCRIPT + INTRUDER, experiments=1)
    told(repo, DAEMON=daemon.home.socket)
    daemon.campaign(repo, sandbox=str(level), allow_unsandboxed=True)
    assert daemon.wait_finished()["state"] == "finished"
    for place in ("child", "orphan"):
        answer = (daemon.home.run_folder("r1", 1) / "files" / place).read_text()
        assert answer == "" or answer.startswith("refused: "), answer
    assert "runs may not command the daemon" in daemon.home.log.read_text()


def told(repo: Path, **env: object) -> None:
    """Give the runs of a campaign these variables."""
    words = ", ".join(f'{name} = "{value}"' for name, value in env.items())
    text = (repo / "arctl.toml").read_text().replace("[metric]", f"env = {{ {words} }}\n[metric]")
    (repo / "arctl.toml").write_text(text)


def test_what_outlives_a_shim_that_it_killed_is_a_run_s_as_well(daemon: Daemon, tmp_path: Path) -> None:
    script = SCRIPT + f"SAYING = {SAYING!r}" + MURDERER
    repo = make_repo(tmp_path / "repo", script=script, experiments=1)
    told(repo, DAEMON=daemon.home.socket, PLACE=tmp_path / "place")
    daemon.campaign(repo, sandbox="1", allow_unsandboxed=True)
    heard = tmp_path / "place.said"
    wait_for("what it heard", lambda: heard.exists() and daemon.home.log.read_text().count("hung up"))
    assert heard.read_text() == "" or heard.read_text().startswith("refused: ")
    assert daemon.wait_finished()["state"] == "finished"
