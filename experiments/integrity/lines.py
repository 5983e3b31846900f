"""Edits of what is no Python: configurations, shell scripts, other languages; looked at line by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from arctl.experiments.integrity.finding import Finding, Severity
from arctl.experiments.integrity.rules import BUDGET, HELD_OUT, SEED, Rules, says

_KEY = re.compile(r"[\s\-\"']*(?:export\s+|const\s+|let\s+|var\s+)?([A-Za-z_][\w.\-]*)[\"']?\s*[:=]\s*(.+)")
_NUMBER = re.compile(r"[\"']?[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\s*[smh]?[\"']?[,;]?\s*(?:[#/].*)?")
_PATHLIKE = re.compile(r"[\w./-]*[/.][\w./-]+")


def changed_lines(path: str, before: str, after: str, rules: Rules) -> Iterator[Finding]:
    """Yield what is doubtful in the lines that came and went."""
    old, new = before.splitlines(), after.splitlines()
    went: list[str] = []
    came: list[tuple[int, str]] = []
    for tag, low, high, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            went += old[low:high]
            came += [(at + 1, new[at]) for at in range(start, end)]
    seed = re.compile(rf"\b{re.escape(rules.seed_env)}\b") if rules.seed_env else None
    for number, line in came:
        yield from _came(path, number, line, rules)
    for line in went:
        if seed is not None and seed.search(line) and not seed.search(after):
            text = f"reads {rules.seed_env}, by which a run is told its seed; it was taken out"
            yield Finding("seed", "quarantine", f"{text}: `{line.strip()[:80]}`", path)


def _came(path: str, number: int, line: str, rules: Rules) -> Iterator[Finding]:
    where, shown = f"{path}:{number}", line.strip()[:100]
    key = _KEY.match(line)
    name = key[1].rsplit(".", 1)[-1].replace("-", "_") if key else ""
    if name and SEED.search(name):
        yield Finding("seed", "flag", f"sets a seed: `{shown}`", where)
    if name and BUDGET.search(name) and name not in rules.params and key and key[1] not in rules.params:
        grave: Severity = "quarantine" if _NUMBER.fullmatch(key[2].strip()) else "flag"
        yield Finding("budget", grave, f"sets a budget: `{shown}`", where)
    for found in says(rules.metric).finditer(line):
        rest = line[found.end() :].strip().strip("\"'")
        if rest[:1].isdigit() or rest[:2] in ("-0", ".0", ".1"):
            text = f"writes {rules.metric} as a number: `{shown}`"
            yield Finding("output", "quarantine", text, where)
            break
        yield Finding("output", "flag", f"a line that reports {rules.metric}: `{shown}`", where)
        break
    if any(HELD_OUT.search(word) for word in _PATHLIKE.findall(line)):
        yield Finding("data", "flag", f"names what may be held-out data: `{shown}`", where)
