"""Live edits: real files under a real watcher, and what the daemon makes of what it sees."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from arctl.daemon import facts, watch
from arctl.daemon.actions import ReadParams, WatchFiles
from arctl.daemon.commands.needs import needs
from arctl.daemon.decide.lifecycle import recover
from arctl.daemon.marks import Rest
from arctl.daemon.rows import CampaignState, ExperimentState
from arctl.daemon.watch import Watch
from arctl.daemon.workspace import admission
from tests.support.steering import SPEC, Stage

SCRIPT = 'LR = 0.01\nWIDTH = 32\nOPT = "adam"\nMOMENTUM = 0.9\nFAST = False\n'
WITH_OBJECTIVE = 'objective = "docs/program.md"\n' + SPEC

pytestmark = pytest.mark.anyio


class Folder:
    """A campaign's folder and all that the watcher reported of it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.seen: list[facts.Fact] = []
        self.came = asyncio.Event()
        (root / "docs").mkdir(parents=True)
        (root / "train.py").write_text(SCRIPT)
        (root / "arctl.toml").write_text(WITH_OBJECTIVE)
        (root / "docs" / "program.md").write_text("go down\n")
        self.campaign = dataclasses.replace(
            Stage().state.campaigns["toy"], root=str(root), spec=WITH_OBJECTIVE, objective="go down\n"
        )
        self.watch = Watch(self._report)
        monkeypatch.setattr(watch, "AWAY", 0.1)
        monkeypatch.setattr(watch, "LOOK_ANYWAY", 500)
        monkeypatch.setattr(watch, "DEBOUNCE", 60)

    def _report(self, fact: facts.Fact) -> None:
        self.seen.append(fact)
        self.came.set()

    async def next(self) -> facts.Fact:
        """Wait for the next report."""
        async with asyncio.timeout(30):
            while not self.seen:
                self.came.clear()
                await self.came.wait()
        return self.seen.pop(0)

    def write(self, text: str, name: str = "arctl.toml") -> None:
        (self.root / name).write_text(text)

    def replace(self, text: str, name: str = "arctl.toml") -> None:
        """Save as editors do that never leave half a file."""
        aside = self.root / f".{Path(name).name}.tmp"
        aside.write_text(text)
        aside.replace(self.root / name)


@pytest.fixture
async def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Folder]:
    found = Folder(tmp_path / "toy", monkeypatch)
    await found.watch.handle(WatchFiles(found.campaign))
    yield found
    await found.watch.close()


@pytest.mark.parametrize("save", [Folder.write, Folder.replace])
async def test_an_edit_is_seen_with_its_difference(folder: Folder, save: Callable[..., None]) -> None:
    text = WITH_OBJECTIVE.replace("experiments = 20", "experiments = 40")
    save(folder, text)
    fact = await folder.next()
    assert isinstance(fact, facts.EditSeen)
    assert (fact.campaign, fact.file, fact.text) == ("toy", "arctl.toml", text)
    assert "-experiments = 20\n+experiments = 40" in fact.diff
    save(folder, "go up\n", "docs/program.md")
    fact = await folder.next()
    assert isinstance(fact, facts.EditSeen)
    assert (fact.file, fact.text) == ("docs/program.md", "go up\n")
    assert fact.diff == "--- a/docs/program.md\n+++ b/docs/program.md\n@@ -1 +1 @@\n-go down\n+go up\n"


async def test_a_bad_edit_is_told_once_with_its_line_and_a_good_one_after_it_is_taken(folder: Folder) -> None:
    bad = WITH_OBJECTIVE.replace("experiments = 20", 'experiments = "many"')
    folder.write(bad)
    fact = await folder.next()
    assert isinstance(fact, facts.EditRefused)
    line = bad[: bad.index('experiments = "many"')].count("\n") + 1
    assert fact.message.startswith(f"arctl.toml:{line}: limits.experiments: ")
    assert fact.remedy
    os.utime(folder.root / "arctl.toml")
    folder.replace(bad)
    good = WITH_OBJECTIVE.replace("experiments = 20", "experiments = 21")
    folder.write(good)
    fact = await folder.next()
    assert isinstance(fact, facts.EditSeen), "the same bad text is told once"
    assert "-experiments = 20" not in fact.diff or fact.text == good


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[run\n", "is not valid TOML"),
        (WITH_OBJECTIVE.replace("train.py", "gone.py"), "arctl.toml:"),
        (WITH_OBJECTIVE.replace("[limits]", "[limit]"), "is not a key that arctl knows"),
        (WITH_OBJECTIVE.replace("docs/program.md", "none.md"), "there is no file none.md"),
        (WITH_OBJECTIVE + '[brain]\nkind = "serch"\n', "there is no brain called 'serch'"),
        ("x" * (300 << 10), "longer than 256 KiB"),
    ],
)
async def test_what_cannot_be_used_is_refused(folder: Folder, text: str, words: str) -> None:
    folder.write(text)
    fact = await folder.next()
    assert isinstance(fact, facts.EditRefused)
    assert words in fact.message


async def test_bytes_that_are_no_text_are_refused_with_their_line(folder: Folder) -> None:
    (folder.root / "arctl.toml").write_bytes(WITH_OBJECTIVE.encode() + b"\n# \xff\xfe\n")
    fact = await folder.next()
    assert isinstance(fact, facts.EditRefused)
    assert f"arctl.toml:{WITH_OBJECTIVE.count(chr(10)) + 2}" in fact.message


async def test_a_folder_that_goes_away_and_comes_back_is_watched_again(
    folder: Folder, tmp_path: Path
) -> None:
    shutil.move(folder.root, tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "arctl.toml").write_text("nonsense")
    folder.root.mkdir()
    (folder.root / "docs").mkdir()
    for name, text in (("train.py", SCRIPT), ("docs/program.md", "go down\n")):
        (folder.root / name).write_text(text)
    folder.write(WITH_OBJECTIVE.replace("20", "22"))
    fact = await folder.next()
    assert isinstance(fact, facts.EditSeen)
    assert "experiments = 22" in fact.text
    shutil.rmtree(folder.root)
    (folder.root / "docs").mkdir(parents=True)
    for name, text in (("train.py", SCRIPT), ("docs/program.md", "go down\n")):
        (folder.root / name).write_text(text)
    folder.write(SPEC.replace("20", "23"))
    assert "experiments = 23" in (await folder.next()).text  # type: ignore[union-attr]
    assert not folder.seen


async def test_a_file_that_is_gone_is_told_once_and_so_is_its_return(folder: Folder) -> None:
    (folder.root / "arctl.toml").unlink()
    fact = await folder.next()
    assert fact == facts.FileAstray(
        "toy", "arctl.toml", "is gone: the campaign goes on with what it said last"
    )
    folder.write("go sideways\n", "docs/program.md")
    seen = await folder.next()
    assert isinstance(seen, facts.EditSeen), "it is not told again, and the objective is followed"
    folder.write(WITH_OBJECTIVE)
    assert await folder.next() == facts.FileAstray("toy", "arctl.toml", "")


async def test_a_file_that_became_a_link_is_told_and_what_it_leads_to_is_read(
    folder: Folder, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(WITH_OBJECTIVE)
    (folder.root / "arctl.toml").unlink()
    (folder.root / "arctl.toml").symlink_to(other)
    fact = await folder.next()
    assert isinstance(fact, facts.FileAstray)
    assert fact.why.startswith("is a link now")
    other.write_text(WITH_OBJECTIVE.replace("20", "21"))
    assert isinstance(await folder.next(), facts.EditSeen)
    other.unlink()
    fact = await folder.next()
    assert isinstance(fact, facts.FileAstray)
    assert fact.why.startswith("is a link that leads nowhere")


async def test_a_link_that_was_one_from_the_beginning_is_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Folder(tmp_path / "toy", monkeypatch)
    (found.root / "arctl.toml").rename(tmp_path / "other.toml")
    (found.root / "arctl.toml").symlink_to(tmp_path / "other.toml")
    await found.watch.handle(WatchFiles(found.campaign))
    (tmp_path / "other.toml").write_text(WITH_OBJECTIVE.replace("20", "21"))
    assert isinstance(await found.next(), facts.EditSeen)
    await found.watch.close()


async def test_what_was_edited_while_nobody_watched_is_seen_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Folder(tmp_path / "toy", monkeypatch)
    found.write(WITH_OBJECTIVE.replace("20", "24").replace("\n", "\r\n"))
    await found.watch.handle(WatchFiles(found.campaign))
    fact = await found.next()
    assert isinstance(fact, facts.EditSeen)
    assert "\r" not in fact.text
    # Watched again with what was taken in: nothing is new.
    await found.watch.handle(WatchFiles(dataclasses.replace(found.campaign, spec=fact.text)))
    found.write("go sideways\n", "docs/program.md")
    assert (await found.next()).file == "docs/program.md"  # type: ignore[union-attr]
    await found.watch.close()
    await found.watch.close()


async def test_a_long_objective_is_cut_as_at_the_start(folder: Folder) -> None:
    assert watch.MAX_OBJECTIVE == admission.MAX_OBJECTIVE
    folder.write("y" * 70_000, "docs/program.md")
    fact = await folder.next()
    assert isinstance(fact, facts.EditSeen)
    assert len(fact.text) == watch.MAX_OBJECTIVE


# -- what the daemon makes of it ----------------------------------------------------------------------------


def edited(stage: Stage, text: str) -> str:
    """Let an edit be seen, and return what was said of it."""
    stage.fact(facts.EditSeen("toy", "arctl.toml", text, "the diff"))
    return stage.events[-1].text if stage.step.events else ""


async def test_a_good_edit_counts_from_the_next_decision_on() -> None:
    stage = Stage()
    stage.set(dataclasses.replace(stage.state.company.agents["a1"], exhausted="e2/h1"))
    text = SPEC.replace("experiments = 20", "experiments = 40\nhours = 2.0")
    said = edited(stage, text)
    assert "limits.experiments 20 -> 40, limits.hours unset -> 2.0" in said
    assert stage.state.campaigns["toy"].spec == text
    assert stage.state.spec("toy").limits.experiments == 40
    assert stage.events[-1].kind == "spec.edited"
    assert stage.events[-1].data["diff"] == "the diff"
    assert not stage.state.company.agents["a1"].exhausted, "there may be more to propose now"
    assert Rest("a1", 0.0) in stage.step.marks
    assert edited(stage, text) == "", "the same text again"


async def test_a_comment_is_no_change() -> None:
    stage = Stage()
    assert "nothing that arctl reads is different" in edited(stage, "# a word\n" + SPEC)
    assert stage.state.campaigns["toy"].spec.startswith("# a word")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("python3 train.py", "python3 train.py --fast", "measures otherwise than until now: run.command"),
        ('name = "loss"', 'name = "gain"', "metric.name"),
        ('name = "toy"', 'name = "play"', "the name is play, not toy"),
        ('file = "train.py"\ntype = "int"', 'file = "train.py"\nkey = "W"\ntype = "int"', "params.WIDTH"),
        ("[limits]", "[limits", "arctl.toml:"),
        ("[limits]", "[sandbox]\nlevel = 2\n[limits]", "the sandbox's level is tried and set when"),
        ("[run]", '[run]\nsetup = "true"', "run.setup is run once"),
    ],
)
async def test_an_edit_that_does_not_fit_the_campaign_is_refused(old: str, new: str, words: str) -> None:
    stage = Stage()
    said = edited(stage, SPEC.replace(old, new))
    assert words in said
    assert "not taken, what was there before stays" in said
    assert stage.events[-1].kind == "edit.refused"
    assert stage.state.campaigns["toy"].spec == SPEC


WARM = '[params.WARM]\nfile = "train.py"\ntype = "int"\nlow = 0\nhigh = 50\n[limits]'


async def test_a_new_parameter_is_taken_once_its_values_are_read() -> None:
    stage = Stage()
    text = SPEC.replace("[limits]", WARM).replace("experiments = 20", "experiments = 40")
    assert edited(stage, text) == "", "nothing is said before it is known"
    assert stage.state.campaigns["toy"].spec == SPEC
    (action,) = stage.step.actions
    assert isinstance(action, ReadParams)
    assert (action.names, action.spec, action.diff) == (("WARM",), text, "the diff")
    assert action.commits == {"e1": "c0", "e2": "b2", "e3": "c3", "e4": "c4", "e5": "c5"}
    values = {"e1": {"WARM": 5}, "e2": {"WARM": 5}, "e3": {}, "e4": {"WARM": 7}}
    stage.fact(facts.ParamsRead("toy", SPEC, text, "the diff", values))
    assert stage.state.campaigns["toy"].spec == text
    event = stage.events[-1]
    assert event.kind == "spec.edited"
    assert event.text.startswith(
        "arctl.toml was edited: params.WARM is new, 5 at present, limits.experiments 20 -> 40; it counts"
    )
    params = {ident: row.params.get("WARM") for ident, row in stage.state.experiments.items()}
    assert params == {"e1": 5, "e2": 5, "e3": None, "e4": 7, "e5": None, "e6": None}
    assert stage.state.experiments["e2"].params["LR"] == 0.01, "the others stay"
    stage.done("propose", "toy", values={"WARM": 9})


async def test_values_that_were_read_for_an_edit_that_another_one_overtook_are_not_taken() -> None:
    stage = Stage()
    text = SPEC.replace("[limits]", WARM)
    edited(stage, text)
    later = SPEC.replace("experiments = 20", "experiments = 50")
    edited(stage, later)
    stage.fact(facts.ParamsRead("toy", SPEC, text, "", {"e2": {"WARM": 5}}))
    assert stage.state.campaigns["toy"].spec == later
    assert [type(action) for action in stage.step.actions] == [WatchFiles], "the file is looked at anew"


async def test_a_champion_that_came_while_values_were_read_is_read_as_well() -> None:
    stage = Stage()
    text = SPEC.replace("[limits]", WARM)
    edited(stage, text)
    stage.fact(facts.ParamsRead("toy", SPEC, text, "", {"e1": {"WARM": 5}}))
    assert [type(action) for action in stage.step.actions] == [ReadParams]
    assert stage.state.campaigns["toy"].spec == SPEC


async def test_a_champion_that_was_built_before_a_parameter_was_tuned_is_read_anew() -> None:
    stage = Stage()
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], spec=SPEC.replace("[limits]", WARM)))
    row = stage.state.experiments["e4"]
    stage.set(dataclasses.replace(row, state=ExperimentState.PROMOTING))
    stage.fact(facts.BranchMoved("e4", "b4"))
    (action,) = (item for item in stage.step.actions if isinstance(item, ReadParams))
    assert (action.names, action.commits) == (("WARM",), {"e4": "b4"})
    spec = stage.state.campaigns["toy"].spec
    stage.fact(facts.ParamsRead("toy", spec, spec, "", {"e4": {"WARM": 3}}))
    assert stage.state.experiments["e4"].params["WARM"] == 3


async def test_values_that_a_daemon_did_not_live_to_read_are_read_by_the_next() -> None:
    stage = Stage()
    known = [action for action in recover(stage.state, 9.0).actions if isinstance(action, ReadParams)]
    assert not known, "all is known"
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], spec=SPEC.replace("[limits]", WARM)))
    (action,) = (row for row in recover(stage.state, 9.0).actions if isinstance(row, ReadParams))
    assert action.names == ("WARM",)
    assert action.commits["e2"] == "b2"


async def test_an_edit_that_git_failed_to_look_at_is_looked_at_again_on_resume() -> None:
    stage = Stage()
    edited(stage, SPEC.replace("[limits]", WARM))
    stage.fact(facts.ActionFailed("ReadParams", "toy", "", "", "no space left", ""))
    assert stage.state.campaigns["toy"].state is CampaignState.HELD
    stage.done("resume", "toy")
    assert WatchFiles in [type(action) for action in stage.step.actions]


async def test_a_parameter_that_came_later_is_checked_like_the_others_from_then_on() -> None:
    stage = Stage()
    text = SPEC.replace("[limits]", WARM)
    edited(stage, text)
    stage.fact(facts.ParamsRead("toy", SPEC, text, "", {"e2": {"WARM": 5}}))
    (action,) = stage.step.actions
    assert isinstance(action, WatchFiles)
    assert action.campaign.spec == text


async def test_a_constant_that_only_the_champion_has_is_for_its_tree_to_say(folder: Folder) -> None:
    text = WITH_OBJECTIVE.replace("[limits]", WARM)
    folder.write(text)
    fact = await folder.next()
    assert isinstance(fact, facts.EditSeen), "the user's own tree has no WARM"
    assert fact.text == text


async def test_a_parameter_may_be_dropped_or_widened() -> None:
    stage = Stage()
    text = SPEC.replace('[params.FAST]\nfile = "train.py"\ntype = "bool"\n', "").replace(
        "high = 128", "high = 256"
    )
    assert "params.WIDTH.high 128.0 -> 256.0" in edited(stage, text)
    assert "FAST" not in stage.state.spec("toy").params


async def test_a_finished_campaign_stays_finished_and_says_how_it_goes_on() -> None:
    stage = Stage()
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], state=CampaignState.FINISHED))
    said = edited(stage, SPEC.replace("20", "40"))
    assert "the campaign is finished and stays so until `arctl resume toy`" in said
    assert stage.state.campaigns["toy"].state is CampaignState.FINISHED


async def test_a_new_objective_is_told_to_agents_and_watched() -> None:
    stage = Stage()
    edited(stage, 'objective = "program.md"\n' + SPEC)
    assert [type(action) for action in stage.step.actions] == [WatchFiles]
    stage.fact(facts.EditSeen("toy", "program.md", "go down", "d"))
    assert stage.state.campaigns["toy"].objective == "go down"
    assert stage.events[-1].kind == "objective.edited"
    stage.fact(facts.EditSeen("toy", "other.md", "x", "d"))
    assert stage.state.campaigns["toy"].objective == "go down"


async def test_a_file_that_is_gone_is_one_event_and_a_need_until_it_is_back() -> None:
    stage = Stage()
    gone = facts.FileAstray("toy", "arctl.toml", "is gone: the campaign goes on with what it said last")
    stage.fact(gone)
    stage.fact(gone)
    assert stage.texts("file.astray") == [f"arctl.toml {gone.why}"]
    (need,) = (row for row in needs(stage.state, stage.state.campaigns["toy"]) if row["kind"] == "file")
    assert (need["text"], need["remedy"]) == (
        f"arctl.toml {gone.why}",
        "put the file itself back into /repo",
    )
    stage.fact(dataclasses.replace(gone, why=""))
    assert stage.texts("file.back") == ["arctl.toml is a file again and is followed as before"]
    assert all(row["kind"] != "file" for row in needs(stage.state, stage.state.campaigns["toy"]))
    stage.fact(dataclasses.replace(gone, campaign="strange"))
    assert not stage.step.events


async def test_a_file_that_nobody_is_told_by_any_more_is_nobodys_need() -> None:
    stage = Stage()
    edited(stage, 'objective = "program.md"\n' + SPEC)
    stage.fact(facts.FileAstray("toy", "program.md", "is gone: x"))
    edited(stage, 'objective = "other.md"\n' + SPEC)
    assert all(row["kind"] != "file" for row in needs(stage.state, stage.state.campaigns["toy"]))


async def test_a_refusal_and_strangers_change_nothing() -> None:
    stage = Stage()
    stage.fact(facts.EditRefused("toy", "arctl.toml", "arctl.toml:3: run: is missing", "write it"))
    assert stage.texts("edit.refused") == [
        (
            "the edit of arctl.toml is not taken, what was there before stays: "
            "arctl.toml:3: run: is missing; write it"
        )
    ]
    assert not stage.step.rows
    (need,) = (row for row in needs(stage.state, stage.state.campaigns["toy"]) if row["kind"] == "file")
    assert need["text"] == "arctl.toml was edited, and that is not taken: arctl.toml:3: run: is missing"
    assert need["remedy"] == "write it"
    stage.fact(facts.EditSeen("toy", "arctl.toml", SPEC, ""))
    assert all(row["kind"] != "file" for row in needs(stage.state, stage.state.campaigns["toy"]))
    stage.fact(facts.EditSeen("gone", "arctl.toml", SPEC, ""))
    stage.fact(facts.EditRefused("gone", "arctl.toml", "x", "y"))
    assert not stage.step.events
