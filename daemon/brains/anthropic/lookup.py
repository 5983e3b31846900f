"""The tools that look things up; what they return is data, bounded and cleaned."""

from __future__ import annotations

import json

from arctl.daemon.brains.anthropic import ledger
from arctl.daemon.brains.anthropic.files import Overlay
from arctl.daemon.brains.anthropic.given import Given, MisuseError
from arctl.daemon.brains.anthropic.words import block, cut, line, verbatim
from arctl.daemon.rows import Json
from arctl.daemon.thought import Services
from arctl.daemon.turns import Question
from arctl.experiments.effects import covers, parts

PAGE, LINES, MAX_READ, MAX_LISTED, MAX_SHOWN, MAX_DIFF, MAX_POSTS = 40, 2000, 40_000, 500, 8000, 20_000, 10


class Lookup:
    """Reads files, experiments and the forum on behalf of one turn."""

    def __init__(self, question: Question, services: Services, overlay: Overlay) -> None:
        self._question, self._services, self._overlay = question, services, overlay
        self.tools = {
            "list_files": self.list_files,
            "read_file": self.read_file,
            "list_experiments": self.list_experiments,
            "show_experiment": self.show_experiment,
            "search_forum": self.search_forum,
        }

    async def list_files(self, given: Given) -> str:
        """Return paths, the editable ones marked."""
        under = given.title("under")
        paths = [path for path in await self._overlay.paths() if path.startswith(under)]
        lines = [
            f"{line(path, 400)} (editable)" if self._overlay.editable(path) else line(path, 400)
            for path in paths[:MAX_LISTED]
        ]
        if left := len(paths) - len(lines):
            lines.append(f"[{left} more; ask for those under a folder]")
        return "\n".join(lines) or "there is no such file"

    async def read_file(self, given: Given) -> str:
        """Return a file's text, or some of its lines."""
        path = given.title("path", need=True, limit=400).removeprefix("./")
        text = await self._overlay.text(path)
        if text is None:
            msg = f"there is no text file {path!r} in this commit; list_files shows what there is"
            raise MisuseError(msg)
        lines = verbatim(text).splitlines()
        first, much = given.integer("from_line", 1, 10_000_000), given.integer("lines", LINES, LINES)
        shown: list[str] = []
        size = 0
        for row in lines[first - 1 : first - 1 + much]:
            size += len(row) + 1
            if size > MAX_READ and shown:
                break
            shown.append(cut(row, MAX_READ))
        last = first - 1 + len(shown)
        if first > 1 or last < len(lines):
            shown.append(f"[lines {first} to {last} of {len(lines)}]")
        return "\n".join(shown) or "the file is empty"

    async def list_experiments(self, given: Given) -> str:
        """Return a page of experiments, newest first."""
        axis, verdict = given.title("axis"), given.title("verdict").lower()
        rows = [
            row
            for row in reversed(self._question.history)
            if (not verdict or row.verdict == verdict)
            and (not axis or row.axis == axis or any(covers(axis, part) for part in parts(row.axis)))
        ]
        page = given.integer("page", 1, 1_000_000)
        shown = rows[(page - 1) * PAGE : page * PAGE]
        pages = -(-len(rows) // PAGE)
        head = f"{len(rows)} experiments, page {page} of {max(1, pages)}"
        return "\n".join([head, *(ledger.past(row) for row in shown)])

    async def show_experiment(self, given: Given) -> str:
        """Return what is known of an experiment, and its difference to its base where asked."""
        ident = given.title("id", need=True, limit=20)
        campaign = self._question.campaign.id
        found = await self._services.experiment(campaign, ident)
        if found is None:
            msg = f"there is no experiment {ident!r} in this campaign; list_experiments shows what there is"
            raise MisuseError(msg)
        text = block(json.dumps(found, indent=1, default=str, ensure_ascii=False), MAX_SHOWN)
        if not given.flag("diff"):
            return text
        commit = _commit(found)
        if not commit:
            return f"{text}\n\nIt has no commit of its own."
        diff = await self._services.library.diff(campaign, f"{commit}^", commit)
        return f"{text}\n\nWhat it changed:\n{cut(verbatim(diff), MAX_DIFF)}"

    async def search_forum(self, given: Given) -> str:
        """Return the posts that match, best first."""
        query = given.title("query", need=True)
        found = await self._services.forum(self._question.campaign.id, query, MAX_POSTS)
        return "\n\n".join(_post(post) for post in found[:MAX_POSTS]) or "no post says that"


def _commit(found: Json) -> str:
    """Return the commit of an experiment that builds on another one."""
    inner = found.get("experiment")
    row = inner if isinstance(inner, dict) else found
    commit, base = row.get("commit"), row.get("base")
    return commit if isinstance(commit, str) and base else ""


def _post(post: Json) -> str:
    head = f"{line(str(post.get('id', '')), 20)} {line(str(post.get('kind', '')), 20)}"
    head += f" by {line(str(post.get('author', '')), 40)}"
    return f"{head}: {block(str(post.get('text', '')), 1500)}"
