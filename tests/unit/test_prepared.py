"""What setup leaves to runs: its home, uv's environment; and what it is given itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.daemon.jobs import prepared, stages
from arctl.daemon.jobs.cage import Cage
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.rows import Campaign, CampaignState
from arctl.daemon.sandbox import Bind
from arctl.daemon.specs import read
from arctl.experiments.spec import Spec
from arctl.paths import Home
from tests.support.boxes import need

SCORE = '[score]\nartifacts = ["model"]\ncommand = "true"\n'


def _text(run: str = "", extra: str = "", command: str = "uv run train.py") -> str:
    return (
        f'[run]\ncommand = "{command}"\nsetup = "uv sync"\n{run}\n'
        f'[metric]\nname = "loss"\n[files]\neditable = ["train.py"]\n{extra}'
    )


def _spec(run: str = "", extra: str = "") -> Spec:
    return read(_text(run, extra), "toy")


def test_a_home_is_laid_out_from_copies_and_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left, house = tmp_path / "left", tmp_path / "house"
    (left / ".cache" / "many").mkdir(parents=True)
    house.mkdir()
    (left / ".cache" / "small").write_text("small")
    (left / ".cache" / "large").write_bytes(bytes(prepared.SMALL + 1))
    (left / ".cache" / "newest").symlink_to("large")
    for number in range(9):
        (left / ".cache" / "many" / str(number)).write_text("x")
    monkeypatch.setattr(prepared, "MOST", 6)
    prepared.furnish(house, left)
    cache = house / ".cache"
    assert not cache.is_symlink()
    assert not (cache / "small").is_symlink()
    assert (cache / "large").readlink() == left / ".cache" / "large"
    assert (cache / "newest").readlink() == Path("large")
    assert all(path.is_symlink() for path in (cache / "many").iterdir())
    assert len(list((cache / "many").iterdir())) == 9


def test_where_the_metric_is_scored_no_run_finds_what_setup_kept_at_home(tmp_path: Path) -> None:
    assert prepared.home(tmp_path, _spec()) == tmp_path / "home"
    assert prepared.home(tmp_path, _spec(extra=SCORE)) is None


def test_uv_makes_its_environment_in_setup_and_leaves_it_as_it_is_in_runs(tmp_path: Path) -> None:
    folder = prepared.uv(tmp_path, _spec())
    assert folder == tmp_path / "uv"
    (folder / "environment").mkdir(parents=True)
    setup, run = (dict(prepared.uv_variables(folder, setup=setup)) for setup in (True, False))
    assert setup["UV_PROJECT_ENVIRONMENT"] == run["UV_PROJECT_ENVIRONMENT"] == str(folder / "environment")
    assert "UV_NO_SYNC" in run
    assert "UV_NO_SYNC" not in setup


@pytest.mark.parametrize("run", ['link = [".venv"]', 'env = { UV_PROJECT_ENVIRONMENT = "/venv" }'])
def test_an_environment_of_the_users_own_is_left_alone(tmp_path: Path, run: str) -> None:
    assert prepared.uv(tmp_path, _spec(run)) is None


def test_setup_is_given_its_card_and_runs_may_only_read_what_it_leaves(tmp_path: Path) -> None:
    need(3)
    home = Home(tmp_path / "state")
    campaign = Campaign("toy", str(tmp_path), _text(), CampaignState.RUNNING, 0.0, champion="")
    spec, place = read(campaign.spec, "toy"), home.campaign("toy")
    folder = RunFolder(tmp_path / "run")
    folder.create({})
    kept = (place / "home", place / "uv")
    for path in (*kept, tmp_path / "tree", tmp_path / "data", place / "uv" / "environment"):
        path.mkdir(parents=True, exist_ok=True)
    own = tmp_path / "tree"
    places = stages.Places(own, own, tmp_path / "data", tmp_path / "hidden", kept[0], kept[1:])
    cage, card = Cage(home, campaign, spec, folder, own), Bind(Path("/dev/null"), "device")
    setup = " ".join(stages.setup(cage, places, "true", {}, [card])["argv"])
    run = " ".join(stages.train(cage, places, "true", {}, [card])["argv"])
    for words in (setup, run):
        assert "--dev-bind /dev/null /dev/null" in words
    for path in kept:
        assert f"--bind {path} " in setup
        assert f"--bind {path} " not in run.replace("--ro-bind", "")
    assert f"--ro-bind {place / 'home'} {place / 'home'}" in run
    assert f"--ro-bind {place / 'uv' / 'environment'}" in run
