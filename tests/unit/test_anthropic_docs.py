"""The example package of docs/brains.md is a brain that arctl finds and asks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from arctl.daemon.brains.actor import make
from arctl.daemon.brains.anthropic import tools
from arctl.daemon.rows import Move
from arctl.daemon.turns import Past
from tests.support import minds

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def files() -> dict[str, str]:
    """Return the blocks of the page that begin with the name of a file."""
    found = re.findall(r"```(?:toml|python)\n# (\S+)\n(.*?)```", (DOCS / "brains.md").read_text(), re.DOTALL)
    return dict(found)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the example as pip does: its module, and the metadata that names its entry point."""
    page = files()
    project = tomllib.loads(page["pyproject.toml"])["project"]
    name = project["name"].replace("-", "_")
    (tmp_path / f"{name}.py").write_text(page[f"{name}.py"])
    info = tmp_path / f"{name}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["arctl.brains"]
    lines = [f"{key} = {value}" for key, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[arctl.brains]", *lines]) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    monkeypatch.delitem(__import__("sys").modules, name, raising=False)


@pytest.mark.usefixtures("installed")
async def test_the_example_package_is_found_and_proposes() -> None:
    stage = minds.Stage()
    brain = make(minds.settings(kind="halving", model=None, base_url=None), stage.services)
    reply = await brain.answer(minds.question(Move.PROPOSE))
    assert [draft.change["values"] for draft in reply.drafts] == [{"LR": 0.02}]
    tried = (
        minds.BASELINE,
        *(Past(f"e{n}", "t", "LR", "rejected", {"LR": v}, 1.4) for n, v in ((2, 0.02), (3, 0.005))),
    )
    assert (await brain.answer(minds.question(Move.PROPOSE, history=tried))).exhausted


def test_the_example_is_short() -> None:
    assert sum(len(text.splitlines()) for text in files().values()) < 60


def test_the_page_names_every_tool() -> None:
    page = (DOCS / "brains.md").read_text()
    assert [name for name in tools.TOOLS if f"`{name}`" not in page] == []


def test_our_own_brains_are_found_by_their_entry_points() -> None:
    root = DOCS.parent
    points = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"]["arctl.brains"]
    assert points["anthropic"] == "arctl.daemon.brains.anthropic:AnthropicBrain"
