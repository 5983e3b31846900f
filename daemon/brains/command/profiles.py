"""How each kind of coding agent is spoken to: its command line, and what its output says.

Flags are those of claude 2.1 and codex 0.169. A flag that the campaign's own command line has is left to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from arctl.daemon.rows import Json
from arctl.experiments.company import Brain as Settings
from arctl.text import clean_block

#: Words with which agents say that nobody is logged in.
_LOGIN = re.compile(
    r"\b401\b|unauthori[sz]ed|not logged in|log ?in\b|/login|(invalid|missing|incorrect).{0,12}api.?key"
    r"|authentication|oauth token",
    re.IGNORECASE,
)
_BILL = re.compile(r"\b402\b|credit balance|billing|insufficient_quota|usage limit|quota", re.IGNORECASE)
#: What claude may do: read and edit files. It runs nothing, for running is the daemon's to schedule.
TOOLS = "Read,Edit,Write,Glob,Grep"
PROMPT = "Read the file {task} and do what it asks. Work only in this folder. Nobody can answer questions."


@dataclass(frozen=True, slots=True)
class Said:
    """What a command's output says: its last words, what it cost, and of what sort a failure is.

    `fault` is login, bill or failed; `usd` and `tokens` are None where it does not say.
    """

    text: str = ""
    usd: float | None = None
    tokens: int | None = None
    fault: str = ""
    #: Whether the output was what the profile promises.
    understood: bool = True

    @property
    def cost(self) -> Json:
        """What it cost, as far as it says."""
        known = {"usd": self.usd, "tokens": self.tokens}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Asked:
    """A command line, what it reads from its standard input, and variables of its own."""

    words: list[str]
    prompt: str = ""
    env: dict[str, str] = field(default_factory=dict)


class Profile(Protocol):
    """One kind of coding agent."""

    def ask(self, command: Sequence[str], task: str, settings: Settings, *, inside: bool) -> Asked:
        """Return how to start it for a task file; `inside` when a sandbox of ours is around it."""

    def read(self, output: bytes) -> Said:
        """Understand what it said."""


class Plain:
    """Any program: it is given the path of the task file, as its last word or in place of ``{task}``."""

    def ask(self, command: Sequence[str], task: str, settings: Settings, *, inside: bool) -> Asked:
        """Put the task's path into the command line."""
        del settings, inside
        words = [word.replace("{task}", task) for word in command]
        return Asked(words if words != list(command) else [*words, task])

    def read(self, output: bytes) -> Said:
        """Take its output as its last words."""
        return Said(_text(output))


class Claude:
    """``claude -p``: what it does as one JSON object a line, the result last.

    In the result `is_error` may stand beside success. Where it is ended before there is one, the lines
    until then are what its log shows and what its tokens are counted by.
    """

    def ask(self, command: Sequence[str], task: str, settings: Settings, *, inside: bool) -> Asked:
        """Edit without asking, with a few tools, without anybody's settings, hooks or servers."""
        del inside
        flags = {
            "--output-format": "stream-json",
            "--permission-mode": "acceptEdits",
            "--tools": TOOLS,
            "--allowedTools": TOOLS,
            "--setting-sources": "user",
            **({"--model": settings.model} if settings.model else {}),
        }
        words = [*command, "-p", "--no-session-persistence", "--strict-mcp-config", *_unless(command, flags)]
        if "stream-json" in words and "--verbose" not in words:
            # Without it claude refuses to tell of its steps.
            words.append("--verbose")
        env = {
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            # By itself it goes on asking with a wrong key for many minutes.
            "CLAUDE_CODE_MAX_RETRIES": "3",
            **({"ANTHROPIC_BASE_URL": settings.base_url} if settings.base_url else {}),
        }
        return Asked(words, PROMPT.format(task=task), env)

    def read(self, output: bytes) -> Said:
        """Read the result; what it says counts more than that it says success."""
        found = next((row for row in _objects(output) if row.get("type") == "result"), None)
        if found is None:
            return _unfinished(output)
        text = _words(found.get("result"))
        failed = found.get("is_error") is not False or found.get("subtype") != "success"
        return Said(
            text or _words(found.get("subtype")),
            usd=_amount(found.get("total_cost_usd")),
            tokens=_tokens(found.get("usage")),
            fault=fault_in(text, found.get("api_error_status"), "failed") if failed else "",
        )


def _unfinished(output: bytes) -> Said:
    """Return what a claude said that came to no result: its own words are no sign of what failed."""
    plain = b"\n".join(line for line in output.splitlines() if not line.lstrip().startswith(b"{"))
    answers: dict[str, int] = {}
    for row in _objects(output):
        if row.get("type") == "assistant" and isinstance(message := row.get("message"), dict):
            # Each block of an answer is a line of its own, with the usage of the whole.
            answers.setdefault(str(message.get("id")), _tokens(message.get("usage")) or 0)
    text = _text(plain)
    return Said(
        text or _text(output),
        tokens=sum(answers.values()) or None,
        fault=fault_in(text),
        understood=False,
    )


class Codex:
    """``codex exec --json``: one event a line; its own sandbox is off where ours is around it."""

    def ask(self, command: Sequence[str], task: str, settings: Settings, *, inside: bool) -> Asked:
        """Edit without asking; outside of our sandbox it keeps its own."""
        words = [*command, "exec", "--json", "--skip-git-repo-check", "--ephemeral"]
        if inside:
            words.append("--dangerously-bypass-approvals-and-sandbox")
        else:
            words += _unless(command, {"--sandbox": "workspace-write"})
        words += _unless(command, {"--model": settings.model} if settings.model else {})
        if settings.base_url:
            url, key = json.dumps(settings.base_url), json.dumps(settings.key_env)
            server = f'{{name="arctl", base_url={url}, wire_api="responses", env_key={key}}}'
            words += ["-c", 'model_provider="arctl"', "-c", f"model_providers.arctl={server}"]
        return Asked([*words, "-"], PROMPT.format(task=task))

    def read(self, output: bytes) -> Said:
        """Read the last message, the usage of all turns, and whether the last one failed."""
        text, trouble, tokens, ended = "", "", 0, False
        for event in reversed(list(_objects(output))):
            kind, item = event.get("type"), event.get("item")
            if kind == "item.completed" and isinstance(item, dict) and item.get("type") == "agent_message":
                text = _words(item.get("text"))
            elif kind == "turn.completed" and isinstance(usage := event.get("usage"), dict):
                ended, trouble = True, ""
                # Tokens read from the cache are among those of the input.
                tokens += _count(usage.get("input_tokens")) + _count(usage.get("output_tokens"))
            elif kind in ("turn.failed", "error"):
                error = event.get("error")
                trouble = _words(error.get("message") if isinstance(error, dict) else event.get("message"))
        if trouble:
            return Said(trouble, tokens=tokens or None, fault=fault_in(trouble, None, "failed"))
        return Said(text or _text(output), tokens=tokens or None, understood=ended)


PROFILES: dict[str, Profile] = {"plain": Plain(), "claude": Claude(), "codex": Codex()}


def _tokens(usage: object) -> int | None:
    """Return the tokens of a usage of the Messages API, of whatever kind."""
    if not isinstance(usage, dict):
        return None
    names = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(_count(usage.get(name)) for name in names)


def _unless(command: Sequence[str], flags: dict[str, str]) -> list[str]:
    given = {word.partition("=")[0] for word in command}
    return [word for flag, value in flags.items() if flag not in given for word in (flag, value)]


def fault_in(text: str, status: object = None, unknown: str = "") -> str:
    """Return of what sort a failure is, by its words and its HTTP status: login, bill or unknown."""
    if status in (401, 403) or (status is None and _LOGIN.search(text)):
        return "login"
    return "bill" if status == 402 or _BILL.search(text) else unknown


def _objects(output: bytes) -> Iterator[Json]:
    """Yield the JSON objects among the lines of an output, the last one first."""
    for line in reversed(output.splitlines()):
        if line.lstrip().startswith(b"{"):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                yield row


def _words(value: object) -> str:
    return clean_block(value).strip() if isinstance(value, str) else ""


def _text(output: bytes) -> str:
    return clean_block(output[-20_000:].decode("utf-8", "replace")).strip()


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else 0


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # NaN is in no range.
    return float(value) if 0 <= value < 1e6 else None
