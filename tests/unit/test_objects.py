"""What git was asked for once, it is not asked for again; and nothing else is ever said than git would."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.daemon.workspace import git as gits
from arctl.daemon.workspace import trees
from arctl.daemon.workspace.git import Bare, GitError
from arctl.daemon.workspace.objects import ENTRIES, ROOM, SHARE, Entry, Objects
from tests.support.campaigns import git

ONE, OTHER = "1" * 40, "2" * 40


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bare:
    """A repository with a file, a folder with one, and a name that git quotes."""
    monkeypatch.setattr(gits, "_read", Objects())
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    for name, text in (("a.py", "A = 1\n"), ("sub/b.py", "B = 2\n"), ("ü t.py", "U = 3\n")):
        (work / name).write_text(text)
    (work / "raw.bin").write_bytes(b"\xff\xfe")
    git(work, "init", "--quiet", "--initial-branch=main")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message=first")
    return Bare(work / ".git")


@pytest.fixture
def asked(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that git is given."""
    found: list[str] = []
    run = Bare.run
    monkeypatch.setattr(
        Bare, "run", lambda self, *words, **more: found.append(words[0]) or run(self, *words, **more)
    )
    return found


def test_a_file_is_read_once_from_a_commit_and_each_time_from_a_branch(bare: Bare, asked: list[str]) -> None:
    commit = bare.resolve("main")
    asked.clear()
    for _ in range(3):
        assert bare.file(commit, "a.py") == "A = 1\n"
        assert bare.file(commit, "ü t.py") == "U = 3\n"
        assert bare.file(commit, "nothing.py") is None
    assert asked == ["ls-tree", "cat-file"] * 2 + ["ls-tree"]
    asked.clear()
    work = bare.path.parent
    assert bare.file("main", "a.py") == "A = 1\n"
    (work / "a.py").write_text("A = 2\n")
    git(work, "commit", "--quiet", "--all", "--message=second")
    assert bare.file("main", "a.py") == "A = 2\n"
    assert bare.file(commit, "a.py") == "A = 1\n"


def test_only_files_have_a_text(bare: Bare) -> None:
    commit = bare.resolve("main")
    entry = bare.entry(commit, "sub")
    assert entry is not None
    assert (entry.mode, entry.kind) == ("040000", "tree")
    with pytest.raises(GitError):
        bare.file(commit, "sub")
    # A folder's content is not what stands at the folder.
    assert bare.file(commit, "sub/") is None
    for _ in range(2):
        with pytest.raises(UnicodeDecodeError):
            bare.file(commit, "raw.bin")
    with pytest.raises(GitError):
        bare.file("3" * 40, "a.py")


def test_files_are_laid_out_beside_whatever_has_been_left_there(bare: Bare, tmp_path: Path) -> None:
    commit, theirs = bare.resolve("main"), tmp_path / "book.index"
    theirs.write_text("of whoever lives here")
    (tmp_path / "book.index.lock").touch()
    trees.export(bare, commit, tmp_path / "book")
    assert (tmp_path / "book" / "sub" / "b.py").read_text() == "B = 2\n"
    assert (tmp_path / "book" / "raw.bin").read_bytes() == b"\xff\xfe"
    assert theirs.read_text() == "of whoever lives here"


def test_what_is_kept_is_bounded_and_the_newest_stays() -> None:
    kept = Objects()
    kept.keep_content(ONE, b"x" * (SHARE + 1))
    assert kept.content(ONE) is None
    names = [f"{number:040}" for number in range(20)]
    for name in names:
        kept.keep_content(name, name.encode() * (SHARE // 40))
        kept.content(names[0])
    assert [name for name in names if kept.content(name)] == [names[0], *names[-(ROOM // SHARE - 1) :]]
    for _ in range(3 * ROOM // SHARE):
        kept.keep_content(ONE, b"x" * SHARE)
    assert kept.content(names[-1]), "the same again takes no more room"
    for number in range(ENTRIES + 1):
        kept.keep_entry(ONE, str(number), Entry("100644", "blob", OTHER))
    assert kept.entry(ONE, "0") == (False, None)
    assert kept.entry(ONE, "1") == (True, Entry("100644", "blob", OTHER))
    kept.keep_entry(OTHER, "gone", None)
    assert kept.entry(OTHER, "gone") == (True, None)
    kept.keep_entry("main", "a", None)
    assert kept.entry("main", "a") == (False, None)
