"""What a run may print: bytes that are no text, escapes that a terminal obeys, a line without end."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from arctl.daemon.store.logs import PIECE
from arctl.protocol import MAX_LINE
from arctl.tui.data.route import Route, Screen, Trail
from tests.support.campaigns import SCRIPT, make_repo
from tests.support.cli import Arctl
from tests.support.daemon import Daemon
from tests.tui.conftest import Open, attach

__all__ = ["attach"]

#: No text at all; a cleared screen, a title, a clipboard, a device that answers; 8-bit forms of the same.
GARBAGE = (
    b"\x1b[2J\x1b[H\x1b]0;OWNED\x07\x1b]52;c;T1dORUQ=\x07\x1bP+q544e\x1b\\\x1b[6n\x1b(0\x1bc"
    b"\x00\x01\x08\x7f\xff\xfe\x80\xc3(\xed\xa0\x80\xf8\x9b31m"
    + "\x9b31m\x9dtitle\x9c\u202e\u2066\u200b[red]bold[/red]e\u0301\U000e0041".encode()
    + bytes(range(256))
)
#: Categories of characters that a terminal obeys, or that change how others are seen.
BAD = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def harmless(text: str) -> bool:
    """Tell whether a terminal would print a text and do nothing else."""
    return not {letter for letter in text if letter != "\n" and unicodedata.category(letter) in BAD}


def crashed(daemon: Daemon) -> dict[str, Any]:
    """Return the run that held the campaign: the others may have been stopped before they spoke."""
    rows: list[dict[str, Any]] = daemon.call("show", id="e1")["runs"]
    return next(row for row in rows if row["outcome"] == "crashed")


async def asked(daemon: Daemon, tool: str, **given: object) -> str:
    """Call one tool of the MCP server, and return its text."""
    env = {**os.environ, "ARCTL_HOME": str(daemon.home.root)}
    server = StdioServerParameters(command=sys.executable, args=["-m", "arctl", "mcp"], env=env)
    async with Client(server) as client:
        found = await client.call_tool(tool, dict(given))
    assert not found.is_error
    return "".join(getattr(block, "text", "") for block in found.content)


@pytest.mark.anyio
@pytest.mark.fault(31, "bytes, escapes and controls in a crashed run's output", "cleaned in CLI, TUI and MCP")
async def test_31_garbage_in_a_log_is_cleaned_in_every_view(
    daemon: Daemon, tmp_path: Path, attach: Open
) -> None:
    script = (
        "import os\nLR = 0.01\nWIDTH = 32\n"
        f"os.write(1, b'before\\n' + {GARBAGE!r} + b'\\nbehind\\n')\nraise SystemExit(3)\n"
    )
    daemon.campaign(make_repo(tmp_path / "repo", script=script, experiments=1))
    assert daemon.wait_finished()["state"] == "held"
    run = crashed(daemon)["id"]
    raw = (daemon.home.run_folder(run, 1) / "out.log").read_bytes()
    assert GARBAGE in raw, "it is kept as it was said"
    arctl = Arctl(daemon.home.root)
    for words in (("logs", run), ("logs", "-a", run), ("show", "e1"), ("status",), ("experiments",)):
        # No colours where no terminal is: whatever is left would be the run's.
        said = arctl.ok(*words)
        assert harmless(said), (words, said)
        assert "OWNED" not in said
    assert "behind" in arctl.ok("logs", run)
    assert "behind" in arctl.ok("show", "e1")
    seen = arctl.in_terminal("logs", run)
    assert harmless(seen.replace("\r\n", "\n")), seen
    told = await asked(daemon, "log_tail", id=run)
    assert "behind" in told
    assert harmless(told)
    assert harmless(await asked(daemon, "experiment", id="e1"))
    async with attach(daemon) as screen:
        for route in (Route(Screen.LOGS, run), Route(Screen.EXPERIMENTS, "e1")):
            await screen.app.follow(Trail(route))
            await screen.see("behind")
            assert harmless(screen.text), screen.text
            assert "OWNED" not in screen.text


LONG = 10_000_000


@pytest.mark.anyio
@pytest.mark.fault(32, "10 MB without a line end, then steps and the metric", "in parts, all found")
async def test_32_a_line_without_end_is_shown_in_parts_and_what_follows_is_found(
    daemon: Daemon, tmp_path: Path, attach: Open
) -> None:
    long = f"print('w' * {LONG}, end='', flush=True)\nprint(flush=True)\nfor step"
    daemon.campaign(make_repo(tmp_path / "repo", script=SCRIPT.replace("for step", long), experiments=1))
    found = daemon.wait_finished()
    assert found["state"] == "finished", found["reason"]
    run = daemon.call("show", id="e1")["runs"][0]
    assert run["evidence"]["log_bytes"] > LONG
    curve = daemon.call("curve", id="r1")["curves"]["loss"]
    assert [point[:2] for point in curve] == [[0, 1.0], [1, 0.5], [2, pytest.approx(0.3333)]]

    place, pieces = -1, 0
    while place:
        piece = daemon.call("logs", id="r1", before=place, lines=2000)
        assert len(piece["text"]) <= PIECE
        assert piece["start"] < piece["offset"]
        place, pieces = piece["start"], pieces + 1
    assert pieces >= LONG // PIECE
    hit = daemon.call("logs.find", id="r1", text="step 1")
    assert hit["offset"] == LONG + 1 + len("step 0 | loss: 1.0000\n")
    assert daemon.call("logs.find", id="r1", text="WWW")["offset"] == 0
    assert daemon.call("logs.find", id="r1", text="WWW", backward=True)["offset"] == 0

    arctl = Arctl(daemon.home.root)
    said = arctl.ok("logs", "-a", "r1").splitlines()
    assert max(map(len, said)) <= PIECE + (1 << 16)
    assert sum(line.count("w") for line in said) >= LONG
    assert len(await asked(daemon, "log_tail", id="r1")) < MAX_LINE
    async with attach(daemon) as screen:
        await screen.app.follow(Trail(Route(Screen.LOGS, "r1")))
        await screen.see("val_loss", "step 2")
        await screen.press("g")
        await screen.see("wwwwwwww")
        await screen.press("G")
        await screen.see("val_loss", "step 2")


@pytest.mark.fault(32, "10 MB without a line end, cap 1 MB", "capped, its end is kept")
def test_32_a_line_without_end_is_capped_and_its_end_is_kept(daemon: Daemon, tmp_path: Path) -> None:
    script = f"LR = 0.01\nWIDTH = 32\nprint('x' * {LONG}, end='the end', flush=True)\nraise SystemExit(3)\n"
    repo = make_repo(tmp_path / "repo", script=script, experiments=1)
    spec = (repo / "arctl.toml").read_text().replace('timeout = "60s"', 'timeout = "60s"\nlog_cap_mb = 1')
    (repo / "arctl.toml").write_text(spec)
    daemon.campaign(repo)
    assert daemon.wait_finished()["state"] == "held"
    run = crashed(daemon)
    folder = daemon.home.run_folder(run["id"], 1)
    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) < 4 << 20
    evidence = run["evidence"]
    assert evidence["log_capped"]
    assert evidence["tail"][-1].endswith("the end")
    assert all(len(line) <= 1 << 16 for line in evidence["tail"])
    shown = Arctl(daemon.home.root).ok("show", "e1")
    assert max(map(len, shown.splitlines())) < 200
