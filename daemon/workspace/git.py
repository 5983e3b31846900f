"""Git as the daemon runs it: no hooks, no user configuration, no prompts, objects synced to disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from arctl.daemon.workspace import locks
from arctl.daemon.workspace.objects import Entry, Objects
from arctl.errors import ArctlError

#: Author and committer of what the daemon commits.
IDENTITY = {
    "GIT_AUTHOR_NAME": "arctl",
    "GIT_AUTHOR_EMAIL": "arctl@localhost",
    "GIT_COMMITTER_NAME": "arctl",
    "GIT_COMMITTER_EMAIL": "arctl@localhost",
}
_HARDENED = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.fsync=all",
    "-c", "core.attributesFile=/dev/null",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "protocol.allow=never",
    "-c", "protocol.file.allow=always",
    "-c", "safe.directory=*",
)  # fmt: skip

#: A fetch that moves the named refs and leaves everything else as it is.
FETCH = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")

#: Shared by all repositories: equal hashes are equal contents.
_read = Objects()


class GitError(ArctlError):
    """Git said no; `status` is its exit status, `stderr` what it said."""

    def __init__(self, arguments: Sequence[str], status: int, stderr: str) -> None:
        super().__init__(f"git {arguments[0]} failed: {stderr.strip() or f'exit status {status}'}")
        self.status, self.stderr = status, stderr.strip()


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which git reads nobody's configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {
        **kept,
        **IDENTITY,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        **(extra or {}),
    }


def git(
    *arguments: str,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run git and return its output; raises `GitError`."""
    done = subprocess.run(
        ["git", *_HARDENED, *arguments],
        cwd=cwd,
        input=stdin if stdin is not None else b"",
        capture_output=True,
        env=environment(env),
        check=False,
    )
    if done.returncode:
        raise GitError(arguments, done.returncode, done.stderr.decode("utf-8", "replace"))
    return done.stdout


class Bare:
    """The daemon's own bare repository of one campaign."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> bytes:
        """Run git in the repository; a lock that a process left which died is taken away once."""
        env = {**(env or {}), "GIT_DIR": str(self.path)}
        try:
            return git(*arguments, stdin=stdin, env=env)
        except GitError as error:
            if not locks.named(error.stderr) or not locks.release(self.path):
                raise
        return git(*arguments, stdin=stdin, env=env)

    def text(self, *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
        """Run git in the repository and return its output as stripped text."""
        return self.run(*arguments, stdin=stdin, env=env).decode("utf-8", "replace").strip()

    def create(self) -> None:
        """Make the repository where there is none."""
        if not (self.path / "HEAD").exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            git("init", "--bare", "--quiet", "--template=", str(self.path))

    def resolve(self, ref: str) -> str:
        """Return the commit that a ref stands at, "" where it does not exist."""
        try:
            return self.text("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        except GitError:
            return ""

    def entry(self, commit: str, path: str) -> Entry | None:
        """Return what stands at a path of a commit; None where nothing does."""
        known, found = _read.entry(commit, path)
        if not known:
            listed = self.run("ls-tree", "-z", "--full-tree", commit, "--", path).decode("utf-8", "replace")
            what, _, name = listed.removesuffix("\0").partition("\t")
            found = Entry(*what.split()) if name == path else None
            _read.keep_entry(commit, path, found)
        return found

    def file(self, commit: str, path: str) -> str | None:
        """Return a file's text at a commit, None where there is none; raises `UnicodeDecodeError`."""
        entry = self.entry(commit, path)
        if entry is None:
            return None
        content = _read.content(entry.content)
        if content is None:
            content = self.run("cat-file", "blob", entry.content)
            _read.keep_content(entry.content, content)
        return content.decode("utf-8")

    def files(self, commit: str, prefix: str = "") -> list[str]:
        """Return the paths below `prefix` at a commit, relative to it."""
        spec = [f"{commit}:{prefix.rstrip('/')}"] if prefix else [commit]
        listed = self.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", *spec)
        return [name.decode("utf-8", "replace") for name in listed.split(b"\0") if name]
