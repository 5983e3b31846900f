"""Prompts: files of their own, named by their content, replaced by a campaign where it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.daemon.brains import prompts
from arctl.daemon.rows import Move
from arctl.daemon.thought import BrainFault
from tests.support import minds


def test_there_is_one_for_everybody_and_one_for_each_move() -> None:
    folder = Path(prompts.__file__).parent
    assert {path.stem for path in folder.glob("*.md")} == set(prompts.NAMES)
    for name in prompts.NAMES:
        assert 200 < len(prompts.own(name)) < 5000, "short enough to be read"


def test_the_wheel_takes_them_along() -> None:
    import tomllib

    root = Path(__file__).parents[2]
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["arctl"], "hatch takes every file of a package"
    assert "exclude" not in wheel
    assert "only-include" not in wheel


def test_a_version_names_exactly_the_texts() -> None:
    assert prompts.version("a", "b") != prompts.version("ab") != prompts.version("b", "a")
    assert prompts.prompt("common").version == prompts.version(prompts.own("common"))
    assert len(prompts.version("a")) == 12


def test_a_campaign_replaces_a_prompt_by_a_file_of_its_own(tmp_path: Path) -> None:
    campaign = minds.campaign('[prompts]\npropose = "mine.md"\n', root=str(tmp_path))
    (tmp_path / "mine.md").write_text("Be bold.\n")
    common, own = prompts.load(Move.PROPOSE, campaign)
    assert common.text == prompts.own("common")
    assert (own.text, own.file) == ("Be bold.", "mine.md")
    (tmp_path / "mine.md").write_text("Be bolder.\n")
    assert prompts.load(Move.PROPOSE, campaign)[1].text == "Be bolder.", (
        "an edit counts from the next turn on"
    )
    assert prompts.load(Move.CRITIQUE, campaign)[1].file == ""


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe", b"x" * 100_001])
def test_a_prompt_that_cannot_be_used_waits_for_a_person(tmp_path: Path, content: bytes | None) -> None:
    campaign = minds.campaign('[prompts]\ncommon = "mine.md"\n', root=str(tmp_path))
    if content is not None:
        (tmp_path / "mine.md").write_bytes(content)
    with pytest.raises(BrainFault) as told:
        prompts.load(Move.PROPOSE, campaign)
    assert told.value.human
    assert "mine.md" in told.value.message
    assert "[prompts]" in told.value.remedy
