"""Prints, after the faults were provoked, what was done, what was expected and what was seen."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.faults.table import FAULTS

#: What each test saw, by the number of its fault: its name, and passed, failed or skipped.
_SEEN: dict[int, dict[str, str]] = defaultdict(dict)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", action="store_true", help="print the table of faults at the end")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the numbers in the reports, which reach the process that prints, whoever ran the test."""
    for item in items:
        for mark in item.iter_markers("fault"):
            item.user_properties.append(("fault", list(mark.args)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, value in report.user_properties:
        if name == "fault":
            _note(int(value[0]), report)


def _note(number: int, report: pytest.TestReport) -> None:
    seen = _SEEN[number]
    if report.failed:
        seen[report.nodeid] = "FAILED"
    elif report.skipped:
        seen[report.nodeid] = f"skipped: {report.longrepr[2] if isinstance(report.longrepr, tuple) else ''}"
    else:
        seen.setdefault(report.nodeid, "passed")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.getoption("--fault-table"):
        return
    terminalreporter.section("faults")
    width = max(len(fault) for fault, _ in FAULTS.values())
    wide = max(len(expected) for _, expected in FAULTS.values())
    terminalreporter.write_line(f"{'no':>3}  {'fault':{width}}  {'expected':{wide}}  seen")
    for number, (fault, expected) in FAULTS.items():
        terminalreporter.write_line(f"{number:>3}  {fault:{width}}  {expected:{wide}}  {verdict(number)}")


def verdict(number: int) -> str:
    """Say in a word or two what was seen of a fault; one failure is a failure of all."""
    seen = list(_SEEN[number].values())
    if not seen:
        return "not covered"
    for word in ("FAILED", "skipped"):
        if found := next((entry for entry in seen if entry.startswith(word)), ""):
            return found if word == "FAILED" or all(entry.startswith(word) for entry in seen) else "passed"
    return "passed" + (f" ({len(seen)} tests)" if len(seen) > 1 else "")
